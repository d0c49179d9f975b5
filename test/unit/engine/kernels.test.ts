import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  chooseKernels,
  kernelsWanted,
  parseKernels,
  preferKernels,
} from '../../../src-main/engine/kernels.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the kernels', () => {
  it('are Snug’s as far as the memory goes unless others are asked for', () => {
    vi.stubEnv('SNUG_KERNELS', undefined);
    expect(kernelsWanted()).toBe('auto');
    chooseKernels('stock');
    expect(kernelsWanted()).toBe('stock');
  });

  it('of another name are refused, with those that there are', () => {
    expect(() => parseKernels('OWN')).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        advice: expect.stringMatching(/“own” .*“auto” .*“stock” /) as string,
      }),
    );
    vi.stubEnv('SNUG_KERNELS', 'fast');
    const refusal = {
      code: 'BAD_ARGUMENT',
      message: 'SNUG_KERNELS is “fast”, and there are no such kernels',
    };
    expect(() => kernelsWanted()).toThrow(expect.objectContaining(refusal));
    // a setting changes nothing about it: who started Snug with a choice keeps it
    expect(() => preferKernels('own')).toThrow(expect.objectContaining(refusal));
  });
});
