import { describe, expect, it } from 'vitest';
import { withAbort } from '../../../src-main/engine/native-calls.ts';
import type { Addon } from '../../../src-main/engine/native-types.ts';

describe('an abort flag', () => {
  const flags: { isSet: boolean }[] = [];
  const addon = {
    AbortFlag: class {
      isSet = false;
      constructor() {
        flags.push(this);
      }
      set() {
        this.isSet = true;
      }
    },
  } as unknown as Addon;
  const lastFlag = () => flags.at(-1)?.isSet;

  it('follows its signal while the call runs, and not after it', async () => {
    const controller = new AbortController();
    const value = await withAbort(addon, controller.signal, () => Promise.resolve('done'));
    expect(value).toBe('done');
    controller.abort();
    expect(lastFlag()).toBe(false);
  });

  it('is set as soon as the signal is aborted, also when that was before', async () => {
    const controller = new AbortController();
    await withAbort(addon, controller.signal, () => {
      expect(lastFlag()).toBe(false);
      controller.abort();
      expect(lastFlag()).toBe(true);
      return Promise.resolve();
    });
    await withAbort(addon, controller.signal, () => Promise.resolve(expect(lastFlag()).toBe(true)));
  });
});
