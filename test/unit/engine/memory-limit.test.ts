import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withinMemory } from '../../../src-main/engine/memory-limit.ts';

const never = () => new Error('given up');

describe('a job within a limit of memory', () => {
  it('brings its result', async () => {
    expect(await withinMemory(2 ** 40, () => Promise.resolve('done'), never)).toBe('done');
  });

  it('that fails says so', async () => {
    const failing = () => Promise.reject(new Error('its own'));
    await expect(withinMemory(2 ** 40, failing, never)).rejects.toThrow('its own');
  });

  it('is given up once the process holds more', async () => {
    const held: Buffer[] = [];
    let ended = false;
    const greedy = async () => {
      while (!ended) {
        if (held.length < 20) held.push(Buffer.alloc(10e6, 1));
        await pause(5);
      }
    };
    await expect(withinMemory(50e6, greedy, never)).rejects.toThrow('given up');
    ended = true;
    expect(held.length).toBeGreaterThan(3);
  });
});
