import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseKernels, kernelsWanted, parseKernels } from '../../../src-main/engine/kernels.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the kernels', () => {
  it('are llama.cpp’s unless Snug’s are asked for', () => {
    vi.stubEnv('SNUG_KERNELS', undefined);
    expect(kernelsWanted()).toBe('stock');
    chooseKernels('own');
    expect(kernelsWanted()).toBe('own');
  });

  it('of another name are refused, with those that there are', () => {
    expect(() => parseKernels('OWN')).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        advice: expect.stringMatching(/own .*stock/) as string,
      }),
    );
    vi.stubEnv('SNUG_KERNELS', 'fast');
    expect(() => kernelsWanted()).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }));
  });
});
