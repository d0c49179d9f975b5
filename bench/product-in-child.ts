import process from 'node:process';
import { loadAddon } from '../src-main/engine/addon.ts';
import { tensorBytes, tensorTypeId, tensorTypeName } from '../src-main/gguf/tensor-types.ts';
import type { Asked, Layout } from './product-process.ts';

// A process for products of one CPU variant and one choice of kernels, which are made once for a process: product-process.ts.

const { addon, backends } = loadAddon();

/** Bits a weight in memory, in a matrix of Qwen2.5-VL-7B: in a small one what tiles are aligned to would count for more. */
function loadedBits(type: number, wide: boolean): { bits: number; rearranged: boolean } {
  const shape = { columns: 18944, rows: 3584 };
  const { bytes, rearranged } = addon.loadedWeight({ type, wide, ...shape });
  return { bits: (bytes * 8) / (shape.columns * shape.rows), rearranged };
}

/** The layouts that Snug's kernels have for a type: one for where memory is scarce, one that takes more, or either. */
function layoutsOf(type: number): Layout[] {
  const lean = loadedBits(type, false);
  const wide = loadedBits(type, true);
  const named = { type: tensorTypeName(type) };
  return [
    ...(lean.rearranged ? [{ ...named, wide: false, bits: lean.bits }] : []),
    ...(wide.bits > lean.bits ? [{ ...named, wide: true, bits: wide.bits }] : []),
  ];
}

async function answer(asked: Asked): Promise<object> {
  if (asked.kind === 'read') return { bytesPerSecond: await addon.readMemory(asked) };
  const { columns, rows, tokens } = asked;
  const type = tensorTypeId(asked.type);
  const stored = tensorBytes(type, columns, columns * rows) ?? NaN;
  const products = (await addon.probeProduct({ ...asked, type })) / stored;
  return {
    weightsPerSecond: products * columns * rows * tokens,
    // as they lie in memory
    bytesPerSecond: products * addon.loadedWeight({ type, columns, rows, wide: asked.wide }).bytes,
  };
}

process.on('message', (asked: Asked) => {
  void answer(asked).then((result) => process.send?.(result));
});
process.send?.({ kernels: backends.ownKernels, layouts: backends.ownKernelTypes.flatMap(layoutsOf) });
