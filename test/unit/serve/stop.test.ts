import { describe, expect, it } from 'vitest';
import { endOnSignal, type Program, type Step } from '../../../src-main/serve/stop.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';

/** A process that is ended in words. */
class FakeProgram implements Program {
  readonly #listeners = new Map<string, () => void>();
  readonly #exited = Promise.withResolvers<number>();
  readonly exits: number[] = [];
  said = '';
  readonly exited = this.#exited.promise;

  on(signal: string, listener: () => void): void {
    this.#listeners.set(signal, listener);
  }

  off(signal: string, listener: () => void): void {
    if (this.#listeners.get(signal) === listener) this.#listeners.delete(signal);
  }

  get hears(): readonly string[] {
    return [...this.#listeners.keys()];
  }

  exit(code: number): void {
    this.exits.push(code);
    this.#exited.resolve(code);
  }

  signal(name: string): void {
    this.#listeners.get(name)?.();
  }
}

const SOON = 20;
const hangs = (): Promise<void> => new Promise(() => undefined);

function run(steps: readonly Step[]): FakeProgram {
  const program = new FakeProgram();
  untilTestEnds(endOnSignal(steps, program, { tell: (text) => (program.said += text), milliseconds: SOON }));
  return program;
}

describe('ending on a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('takes every step in order on %s', async (signal) => {
    const taken: string[] = [];
    const step = (name: string) => ({ name, close: () => Promise.resolve(void taken.push(name)) });
    const program = run([step('the server'), step('Snug')]);
    program.signal(signal);
    expect(await program.exited).toBe(0);
    expect(taken).toEqual(['the server', 'Snug']);
    expect(program.said).toBe('');
  });

  it.each([
    [
      'fails',
      () => Promise.reject(new Error('it is broken')),
      /the server could not be closed: it is broken/,
    ],
    [
      'throws',
      () => {
        throw new Error('it is broken');
      },
      /the server could not be closed: it is broken/,
    ],
    ['never ends', hangs, /the server could not be closed: it took too long/],
  ])('takes the other steps when one %s, and says so', async (_, close, words) => {
    let closed = false;
    const program = run([
      { name: 'the server', close },
      { name: 'Snug', close: () => Promise.resolve(void (closed = true)) },
    ]);
    program.signal('SIGTERM');
    expect(await program.exited).toBe(1);
    expect(closed).toBe(true);
    expect(program.said).toMatch(words);
  });

  it('leaves signals alone once it is disposed', () => {
    const program = new FakeProgram();
    const ending = endOnSignal([], program, { tell: () => undefined });
    expect(program.hears).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
    ending[Symbol.dispose]();
    expect(program.hears).toEqual([]);
  });

  it('ends at once on the second signal', async () => {
    const program = new FakeProgram();
    using _ending = endOnSignal([{ name: 'Snug', close: hangs }], program, {
      tell: () => undefined,
      milliseconds: 60_000,
    });
    program.signal('SIGINT');
    expect(program.exits).toEqual([]);
    program.signal('SIGINT');
    expect(await program.exited).toBe(130);
  });
});
