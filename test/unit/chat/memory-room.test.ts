import { afterEach, describe, expect, it, vi } from 'vitest';
import { requireMemory } from '../../../src-main/chat/memory-room.ts';
import type { SnugError } from '../../../src-main/contract/errors.ts';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { imageLimits } from '../../../src-main/models/image-limits.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { tensorBytes, tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { layerTensors, number, writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

const MiB = 2 ** 20;

/** Weights of 4 MiB and a little, one more in wide layouts of quantized ones; a token of context takes 1 KiB. */
function setUp(
  { type = 'F16', mapped = true, budget = 0, faster = true, swap = 0 } = {},
  measured: number[] = [],
  asked: number[] = [],
  swaps: number[] = [],
) {
  const width = 512;
  const layers = layerTensors(1, 32, 'F32');
  const rows = Math.round((4 * MiB) / (tensorBytes(tensorTypeId(type), width, width) ?? 1));
  const tensors = [{ name: 'token_embd.weight', shape: [width, rows], type }, ...layers];
  const entries = budget === 0 ? [] : [number('luq.budget.bytes', Math.round(budget * MiB))];
  const text = readTextModel(writeTextModel(temporaryFolder(), { width, type, layers: 1, tensors, entries }));
  const addon = {
    AbortFlag: class {},
    canMap: () => mapped,
    loadedWeight: ({ type: of, wide = false }: { type: number; wide?: boolean }) => {
      const isWide = wide && of === tensorTypeId('Q8_0');
      return { bytes: isWide ? MiB : 0, rearranged: isWide };
    },
    openModel: () =>
      Promise.resolve({
        memory: ({ contextTokens }: { contextTokens: number }) => {
          measured.push(contextTokens);
          return Promise.resolve({ weightsBytes: 0, kvCacheBytes: contextTokens * 1024, computeBytes: 0 });
        },
        close: () => undefined,
      }),
  } as unknown as Addon;
  const room = (free: number, total: number, options: { context?: number; anyway?: boolean } = {}) =>
    requireMemory(
      addon,
      {
        text,
        vision: undefined,
        limits: imageLimits(text, undefined),
        contextTokens: options.context ?? 2048,
      },
      {
        ...ordinaryLaptop().memory,
        totalBytes: total * MiB,
        availableBytes: free * MiB,
      },
      {
        swapTotalBytes: () => {
          swaps.push(free);
          return Promise.resolve(swap * MiB);
        },
        anyway: options.anyway ?? false,
        ownTypes: [tensorTypeId('Q8_0')],
        isFasterWide: () => {
          asked.push(free);
          return Promise.resolve(faster);
        },
      },
    );
  return room;
}

const kinds = ({ remedies }: SnugError) => remedies.map(({ kind }) => kind);

describe('a model of 4 MiB with 2 MiB of context', () => {
  it('is loaded where 6 MiB are free, as pages of its file', async () => {
    expect(await setUp()(6.1, 16)).toMatchObject({ mapped: true });
  });

  it('is read into memory where its drive lets nothing be mapped, or its weights are quantized', async () => {
    expect(await setUp({ mapped: false })(7, 16)).toMatchObject({ mapped: false });
    expect(await setUp({ type: 'Q8_0' })(7, 16)).toMatchObject({ mapped: false });
  });

  it('says with numbers that 5 MiB are too little, and what can be done', async () => {
    const error = await rejected(setUp()(5, 16));
    expect(error).toMatchObject({ code: 'DOES_NOT_FIT' });
    expect(error.message).toMatch(/Small needs 6\.\d MiB of memory, and 5\.0 MiB are free/);
    expect(error.advice).toMatch(/fit it first.*read from disk/);
    expect(error.remedies).toEqual([
      { kind: 'fit-model' },
      // 4 MiB and 1 MiB do not fit 5 MiB beside the norm and the like
      { kind: 'load-anyway' },
      { kind: 'choose-model' },
    ]);
  });

  it('is offered with the longest context that there is room for', async () => {
    const error = await rejected(setUp()(5.5, 16, { context: 8192 }));
    expect(error.remedies).toContainEqual({ kind: 'set-context', tokens: 1024 });
  });

  it('is loaded all the same where that was asked for, as pages that can be dropped', async () => {
    expect(await setUp()(5, 16, { anyway: true })).toMatchObject({ mapped: true });
    expect(await setUp({ type: 'Q8_0' })(5, 16, { anyway: true })).toMatchObject({ mapped: true });
  });

  it('is refused for good on a machine of half its size', async () => {
    for (const anyway of [false, true]) {
      const error = await rejected(setUp()(2, 2.9, { anyway }));
      expect(error.message).toMatch(/this laptop has 2\.9 MiB/);
      expect(kinds(error)).not.toContain('load-anyway');
    }
  });

  it('is refused for good where what cannot be dropped again is more than the machine has', async () => {
    const long = { context: 20 * 1024, anyway: true };
    expect(kinds(await rejected(setUp()(15, 16, long)))).not.toContain('load-anyway');
  });

  it('is not refused for good where there is swap for that, which is asked only where it decides', async () => {
    const long = { context: 20 * 1024, anyway: true };
    const swaps: number[] = [];
    expect(await setUp({ swap: 8 }, [], [], swaps)(15, 16, long)).toMatchObject({ mapped: true });
    expect(swaps).toEqual([15]);
    await setUp({ swap: 8 }, [], [], swaps)(7, 16);
    expect(swaps).toEqual([15]);
  });

  it('is not offered to be fitted where that would not make it small enough', async () => {
    expect(kinds(await rejected(setUp()(0.5, 0.6)))).toEqual(['choose-model']);
  });

  it('made smaller already, is not offered to be fitted', async () => {
    expect(kinds(await rejected(setUp({ type: 'Q4_0' })(1, 3)))).not.toContain('fit-model');
  });
});

describe('wide layouts of 1 MiB more', () => {
  afterEach(() => vi.unstubAllEnvs());
  const quantized = { type: 'Q8_0' };
  const wide = async (room: ReturnType<ReturnType<typeof setUp>>) => (await room).memory.wide ?? false;

  it('are taken where that much is free', async () => {
    expect(await wide(setUp(quantized)(7.1, 16))).toBe(true);
    expect(await wide(setUp(quantized)(6.5, 16))).toBe(false);
  });

  it('are taken where this machine is faster so, which is asked only where there is room', async () => {
    const asked: number[] = [];
    const slower = { ...quantized, faster: false };
    expect(await wide(setUp(slower, [], asked)(7.1, 16))).toBe(false);
    expect(asked).toEqual([7.1]);
    expect(await wide(setUp(slower, [], asked)(6.5, 16))).toBe(false);
    expect(await wide(setUp({ type: 'Q4_0' }, [], asked)(12, 16))).toBe(false);
    expect(await wide(setUp({}, [], asked)(12, 16))).toBe(false);
    vi.stubEnv('SNUG_KERNELS', 'own');
    expect(await wide(setUp(slower, [], asked)(7.1, 16))).toBe(true);
    expect(asked).toEqual([7.1]);
  });

  it('are taken within what the model was fitted to', async () => {
    expect(await wide(setUp({ ...quantized, budget: 8 })(12, 16))).toBe(true);
    expect(await wide(setUp({ ...quantized, budget: 6.5 })(12, 16))).toBe(false);
  });

  it('are not there for pages of a file', async () => {
    expect(await wide(setUp()(12, 16))).toBe(false);
  });

  it('are taken always where they are insisted on, and never with llama.cpp’s kernels', async () => {
    vi.stubEnv('SNUG_KERNELS', 'own');
    expect(await wide(setUp({ ...quantized, budget: 6.5 })(12, 16))).toBe(true);
    await expect(setUp(quantized)(6.5, 16)).rejects.toMatchObject({ code: 'DOES_NOT_FIT' });
    vi.stubEnv('SNUG_KERNELS', 'stock');
    expect(await wide(setUp(quantized)(12, 16))).toBe(false);
  });

  it('insisted on, are said to be what does not fit where it would without', async () => {
    vi.stubEnv('SNUG_KERNELS', 'own');
    const error = await rejected(setUp(quantized)(6.5, 16));
    expect(error.advice).toMatch(/^It would fit with Snug’s kernels as fast as memory allows\./);
    expect(error.remedies).toContainEqual({ kind: 'set-kernels', kernels: 'auto' });
    expect(kinds(await rejected(setUp(quantized)(5.5, 16)))).not.toContain('set-kernels');
  });

  it('insisted on, are not said to be taken by what has none, or lies as pages of its file', async () => {
    vi.stubEnv('SNUG_KERNELS', 'own');
    expect(await wide(setUp()(12, 16))).toBe(false);
    expect(await wide(setUp({ type: 'Q4_0' })(12, 16))).toBe(false);
    const { memory, mapped } = await setUp(quantized)(6.5, 16, { anyway: true });
    expect(mapped).toBe(true);
    expect([memory.wide, memory.rearrangedBytes]).toEqual([undefined, 0]);
  });

  it('ask only once what a context takes', async () => {
    const measured: number[] = [];
    await setUp(quantized, measured)(7.1, 16);
    expect(measured).toEqual([2048]);
  });
});
