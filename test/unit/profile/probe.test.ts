import { describe, expect, it, vi } from 'vitest';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { predictTokensPerSecond, probeKernels } from '../../../src-main/profile/probe.ts';
import { rejected } from '../../helpers/thrown.ts';

const matrix = (type: string, columns: number, rows: number) => ({ type: tensorTypeId(type), columns, rows });

describe('predicted speed', () => {
  it('is one over the time that all matrices of a token take', () => {
    const big = matrix('F16', 1000, 1000); // 2,000,000 bytes
    const small = matrix('F32', 500, 1000); // 2,000,000 bytes
    const speeds = [
      { ...big, bytesPerSecond: 10e6 },
      { ...small, bytesPerSecond: 40e6 },
    ];
    expect(predictTokensPerSecond([big], speeds)).toBeCloseTo(5, 10);
    expect(predictTokensPerSecond([big, big, small], speeds)).toBeCloseTo(1 / (0.2 + 0.2 + 0.05), 10);
  });

  it('doubles when the weights take half the bytes at the same rate', () => {
    const rate = (type: string) => {
      const one = matrix(type, 256, 4096);
      return predictTokensPerSecond([one], [{ ...one, bytesPerSecond: 1e9 }]);
    };
    expect(rate('Q4_K') / rate('F16')).toBeCloseTo(16 / 4.5, 10);
  });

  it('is not guessed for a matrix that was not measured', () => {
    const measured = { ...matrix('Q4_K', 256, 256), bytesPerSecond: 1e9 };
    expect(() => predictTokensPerSecond([matrix('Q4_K', 256, 512)], [measured])).toThrow(
      /no speed was measured/,
    );
  });
});

describe('the probe', () => {
  const fakeAddon = (probeProduct: () => Promise<number>) =>
    ({
      AbortFlag: class {
        set() {}
      },
      probeProduct,
    }) as unknown as Addon;

  it('measures each kind of matrix once', async () => {
    const probeProduct = vi.fn(() => Promise.resolve(1e9));
    const matrices = [matrix('F16', 64, 64), matrix('F16', 64, 32), matrix('F16', 64, 64)];
    const seen: number[] = [];
    const speeds = await probeKernels(fakeAddon(probeProduct), matrices, {
      threads: 2,
      onProgress: (done, total) => seen.push(done / total),
    });
    expect(probeProduct).toHaveBeenCalledTimes(2);
    expect(speeds).toHaveLength(2);
    expect(seen).toEqual([0.5, 1]);
  });

  it('measures both layouts of a matrix, and no other than it was asked for', async () => {
    vi.stubEnv('SNUG_KERNELS', 'own');
    const probeProduct = vi.fn(() => Promise.resolve(1e9));
    const lean = matrix('IQ1_M', 256, 64);
    const wide = { ...lean, wide: true };
    const speeds = await probeKernels(fakeAddon(probeProduct), [lean, wide, wide], { threads: 1 });
    vi.unstubAllEnvs();
    expect(probeProduct.mock.calls.map(([task]: unknown[]) => (task as { wide: boolean }).wide)).toEqual([
      false,
      true,
    ]);
    expect(speeds.map((speed) => speed.wide ?? false)).toEqual([false, true]);
  });

  it('ends as cancelled when the engine says so', async () => {
    const stopped = Object.assign(new Error('cancelled'), { code: 'CANCELLED' });
    const probing = probeKernels(
      fakeAddon(() => Promise.reject(stopped)),
      [matrix('F16', 64, 64)],
      { threads: 1 },
    );
    expect((await rejected(probing)).code).toBe('CANCELLED');
  });
});
