import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { wideIsFaster } from '../../../src-main/profile/faster-layouts.ts';
import type { Matrix } from '../../../src-main/profile/probe.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const [IQ1_S, IQ1_M] = [tensorTypeId('IQ1_S'), tensorTypeId('IQ1_M')];
const [IQ3_XXS, Q4_K] = [tensorTypeId('IQ3_XXS'), tensorTypeId('Q4_K')];
const small = { type: IQ1_M, columns: 256, rows: 256, wide: true };
const large = { ...small, rows: 1024 };
const usual = { type: Q4_K, columns: 256, rows: 4096 };

/** A machine that multiplies so many bytes a second with each type in either layout, and what it was asked to time. */
function machine(speeds: Readonly<Record<number, { lean: number; wide: number }>>) {
  const timed: Matrix[] = [];
  const addon = {
    AbortFlag: class {},
    probeProduct: ({ type, columns, rows, wide }: Parameters<Addon['probeProduct']>[0]) => {
      timed.push({ type, columns, rows, wide });
      return Promise.resolve(speeds[type]?.[wide ? 'wide' : 'lean'] ?? NaN);
    },
  } as unknown as Addon;
  const kept = { cachePath: join(temporaryFolder(), 'kernels.json'), laptop: ordinaryLaptop(), threads: 1 };
  return { timed, ask: (matrices: readonly Matrix[]) => wideIsFaster(addon, matrices, kept) };
}

describe('wide layouts', () => {
  it('are faster where their products are, slower where those of lean ones are', async () => {
    expect(await machine({ [IQ1_M]: { lean: 1e9, wide: 2e9 } }).ask([small, usual])).toBe(true);
    expect(await machine({ [IQ1_M]: { lean: 2e9, wide: 1e9 } }).ask([small, usual])).toBe(false);
  });

  it('of two types are faster where both together are', async () => {
    const { ask } = machine({ [IQ1_M]: { lean: 1e9, wide: 2e9 }, [IQ1_S]: { lean: 2e9, wide: 1e9 } });
    const few = { ...small, type: IQ1_S };
    expect(await ask([large, large, few])).toBe(true);
    expect(await ask([few, few, few, few, few, few, small])).toBe(false);
    const looksUp = machine({ [IQ3_XXS]: { lean: 1e9, wide: 3e9 }, [IQ1_M]: { lean: 1e9, wide: 0.9e9 } });
    expect(await looksUp.ask([large, { ...large, type: IQ3_XXS }])).toBe(true);
    expect(looksUp.timed).toHaveLength(4);
  });

  it('are timed with the largest matrix of a type, once, and not at all where there are none', async () => {
    const { timed, ask } = machine({ [IQ1_M]: { lean: 1e9, wide: 2e9 } });
    expect(await ask([usual])).toBe(false);
    expect(timed).toEqual([]);
    expect(await ask([small, large, small, usual])).toBe(true);
    expect(timed).toEqual([large, { ...large, wide: false }]);
    expect(await ask([small, large])).toBe(true);
    expect(timed).toHaveLength(2);
  });
});
