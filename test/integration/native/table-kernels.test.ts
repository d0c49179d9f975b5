import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { cpuVariants } from '../../../src-main/engine/build.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { randomBlocks } from '../../fixtures/random-blocks.ts';
import type { TableKernels } from '../../fixtures/table-kernels-in-child.ts';
import { runnableVariants } from '../../helpers/cpu-variants.ts';

// IQ1_M and IQ1_S in the layout for tables, which takes hardly more than a file does, held against llama.cpp's.

const script = join(import.meta.dirname, '..', '..', 'fixtures', 'table-kernels-in-child.ts');
/** llama.cpp's builds, and the ways to look sums up that each has */
const WAYS = new Map([
  ['haswell', ['AVX2, gathered', 'AVX2, loaded']],
  ['alderlake', ['AVX2, gathered', 'AVX2, loaded']],
  ['icelake', ['AVX-512, gathered', 'AVX-512, loaded', 'AVX2, gathered', 'AVX2, loaded']],
]);
const shipped = cpuVariants().filter((variant) => WAYS.has(variant));

const { addon, backends } = loadAddon();

describe.runIf(shipped.length > 0)('weights kept for tables', () => {
  it.each(runnableVariants(shipped))('give what llama.cpp’s build for %s gives, to the bit', (variant) => {
    const child = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { ...process.env, SNUG_CPU_VARIANT: variant, SNUG_KERNELS: 'own' },
    });
    expect(child.status, child.stderr).toBe(0);
    const { lookUps, cases } = JSON.parse(child.stdout) as TableKernels;
    expect(lookUps.map(({ name }) => name).toSorted()).toEqual(WAYS.get(variant));
    expect(lookUps.every(({ isRight }) => isRight)).toBe(true);
    for (const { what, differences } of cases) expect(differences, what).toEqual([0, 0, 0, 0]);
  });
});

describe.runIf(addon.tableKernels().length > 0 && backends.ownKernels !== '')('the layout for tables', () => {
  it.each(['IQ1_M', 'IQ1_S'])('takes 1.81 bits a weight of %s, in tiles of 16 rows', (type) => {
    const weight = { type: tensorTypeId(type), columns: 1024, rows: 30 };
    expect(addon.loadedWeight(weight)).toEqual({ bytes: (1024 * 32 * 1.8125) / 8, rearranged: true });
  });

  it('is for the products of which it is asked, beside others', async () => {
    const product = {
      type: tensorTypeId('IQ1_M'),
      columns: 512,
      rows: 5,
      tokens: 1,
      threads: 2,
      blocks: randomBlocks('IQ1_M', 512, 5, 1),
      inputs: Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)),
    };
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        addon.multiply({ ...product, wide: i % 3 === 1, asStored: i % 3 === 2 }),
      ),
    );
    for (const result of all) expect(result).toEqual(all[2]);
  });
});
