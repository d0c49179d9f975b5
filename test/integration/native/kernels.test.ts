import { spawnSync } from 'node:child_process';
import { arch } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { cpuVariants } from '../../../src-main/engine/build.ts';
import { tensorTypeId, tensorTypeName } from '../../../src-main/gguf/tensor-types.ts';
import { randomBlocks } from '../../fixtures/random-blocks.ts';
import type { Arranged } from '../../fixtures/arranged-in-child.ts';
import type { Kernels } from '../../fixtures/kernels-in-child.ts';
import { runnableVariants } from '../../helpers/cpu-variants.ts';

// Snug's own kernels for the lowest types, held against llama.cpp's.

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');

/** llama.cpp's builds of which each has other kernels of ours, or other types of them, or none */
const KERNELS_OF = new Map([
  ['haswell', 'AVX2'],
  ['alderlake', 'AVX-VNNI'],
  ['skylakex', 'AVX2'],
  ['icelake', 'AVX-512'],
  ['sse42', ''],
]);
const TYPES = ['IQ1_M', 'IQ1_S', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'Q2_K', 'Q3_K'];
/** of which there are two layouts on x86, where all variants are */
const WIDE_TYPES = TYPES.filter((type) => type.startsWith('IQ'));

/** llama.cpp's builds for processors with AVX-512, for which it arranges Q2_K anew by itself */
const ARRANGES_Q2_K: readonly string[] = ['skylakex', 'icelake'];

function typesOf(variant: string): string[] {
  if (KERNELS_OF.get(variant) === '') return [];
  return ARRANGES_Q2_K.includes(variant) ? TYPES.filter((type) => type !== 'Q2_K') : TYPES;
}

const shipped = cpuVariants().filter((variant) => KERNELS_OF.has(variant));

const { addon, backends } = loadAddon();

function printed(script: string, args: readonly string[], environment: Record<string, string>): unknown {
  const child = spawnSync(process.execPath, [join(fixtures, script), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  expect(child.status, child.stderr).toBe(0);
  return JSON.parse(child.stdout);
}

const kernelsOf = (environment: Record<string, string>): Kernels =>
  printed('kernels-in-child.ts', [], environment) as Kernels;

describe.runIf(shipped.length > 0)('Snug’s kernels', () => {
  it.each(runnableVariants(shipped))('give what llama.cpp’s build for %s gives', (variant) => {
    const { own, types, wideTypes, whyNot, rearranged, cases } = kernelsOf({
      SNUG_CPU_VARIANT: variant,
      SNUG_KERNELS: 'own',
    });
    expect(own).toBe(KERNELS_OF.get(variant));
    expect(types).toEqual(typesOf(variant));
    expect(wideTypes).toEqual(own === '' ? [] : WIDE_TYPES);
    expect({ because: whyNot === '', rearranged }).toEqual({ because: own !== '', rearranged: own !== '' });
    for (const { what, difference, sameInThreads } of cases) {
      expect(difference, what).toBe(0);
      expect(sameInThreads, what).toBe(true);
    }
  });

  it.each(runnableVariants())('leave on %s what llama.cpp arranges anew by itself', (variant) => {
    const arrangedOn = (kernels: string): Arranged =>
      printed('arranged-in-child.ts', [TYPES.join()], {
        SNUG_CPU_VARIANT: variant,
        SNUG_KERNELS: kernels,
      }) as Arranged;
    const stock = arrangedOn('stock');
    expect(stock.own).toEqual([]);
    const { own } = arrangedOn('own');
    expect(own.filter((type) => stock.arranged.includes(type))).toEqual([]);
  });

  it('are left out when llama.cpp’s are wanted', () => {
    const { own, whyNot, cases } = kernelsOf({ SNUG_KERNELS: 'stock' });
    expect({ own, whyNot }).toEqual({ own: '', whyNot: '' });
    for (const { what, difference } of cases) expect(difference, what).toBe(0);
  });
});

describe.runIf(backends.ownKernels !== '')('weights in the layout of Snug’s kernels', () => {
  it('take 2.44 bits each, in tiles of 16 rows, where they may be wide', () => {
    const weight = { type: tensorTypeId('IQ1_M'), columns: 1024, rows: 30 };
    const { bytes, rearranged } = addon.loadedWeight({ ...weight, wide: true });
    expect(rearranged).toBe(true);
    expect(bytes).toBe((1024 * 32 * 2.4375) / 8);
    // 1.75 bits as stored
    expect(addon.loadedWeight(weight).bytes).toBeLessThan((1024 * 32 * 1.85) / 8);
    expect(addon.loadedWeight({ type: tensorTypeId('Q6_K'), columns: 1024, rows: 30 }).bytes).toBe(
      1024 * 30 * (210 / 256),
    );
  });

  it.each([
    ['IQ2_XXS', 2.1875],
    ['IQ2_XS', 2.4375],
    ['IQ2_S', 2.5625],
    ['IQ3_XXS', 3.1875],
    ['IQ3_S', 3.4375],
  ])('of %s take %d bits each, in tiles of four or eight rows, without leave to be wide', (type, bits) => {
    const { bytes, rearranged } = addon.loadedWeight({ type: tensorTypeId(type), columns: 2048, rows: 30 });
    expect(rearranged).toBe(true);
    expect(bytes).toBe((2048 * 32 * bits) / 8);
  });

  it.runIf(arch() === 'x64').each([
    ['IQ2_XXS', 3.1875],
    ['IQ2_XS', 3.3125],
    ['IQ2_S', 3.3125],
    ['IQ3_XXS', 4.1875],
    ['IQ3_S', 4.1875],
  ])('of %s take %d bits each, in tiles of 8 or 16 rows, where they may be wide', (type, bits) => {
    const weight = { type: tensorTypeId(type), columns: 2048, rows: 30 };
    expect(addon.loadedWeight({ ...weight, wide: true }).bytes).toBe((2048 * 32 * bits) / 8);
  });

  it.each(backends.ownKernelTypes.map(tensorTypeName).filter((type) => type.endsWith('_K')))(
    'of %s take what they take in the file and an eighth of a bit more at most, in tiles of 8 or 16 rows',
    (type) => {
      const shape = { columns: 2048, rows: 30 };
      const { bytes, rearranged } = addon.loadedWeight({ type: tensorTypeId(type), ...shape });
      expect(rearranged).toBe(true);
      expect(bytes).toBe((2048 * 32 * (type === 'Q2_K' ? 2.625 : 3.5625)) / 8);
    },
  );

  it('are refused where the shape does not fit', () => {
    const product = {
      type: tensorTypeId('IQ1_M'),
      columns: 256,
      rows: 2,
      tokens: 1,
      threads: 1,
      blocks: randomBlocks('IQ1_M', 256, 2, 1),
      inputs: new Float32Array(256),
    };
    expect(() => addon.multiply({ ...product, rows: 3 })).toThrow(TypeError);
    expect(() => addon.multiply({ ...product, tokens: 2 })).toThrow(TypeError);
    expect(() => addon.multiply({ ...product, columns: 128 })).toThrow(TypeError);
    expect(() => addon.multiply({ ...product, type: 24 })).toThrow(TypeError);
  });
});
