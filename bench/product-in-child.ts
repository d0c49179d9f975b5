import process from 'node:process';
import { loadAddon } from '../src-main/engine/addon.ts';
import { tensorTypeId, tensorBytes } from '../src-main/gguf/tensor-types.ts';
import type { Asked } from './product-process.ts';

// A process for products of one CPU variant and one choice of kernels, which are made once for a process: product-process.ts.

const { addon, backends } = loadAddon();

async function answer(asked: Asked): Promise<object> {
  if (asked.kind === 'read') return { bytesPerSecond: await addon.readMemory(asked) };
  const { columns, rows, tokens } = asked;
  const type = tensorTypeId(asked.type);
  const stored = tensorBytes(type, columns, columns * rows) ?? NaN;
  const products = (await addon.probeProduct({ ...asked, type })) / stored;
  return {
    weightsPerSecond: products * columns * rows * tokens,
    // as they lie in memory
    bytesPerSecond: products * addon.loadedWeight({ type, columns, rows }).bytes,
  };
}

process.on('message', (asked: Asked) => {
  void answer(asked).then((result) => process.send?.(result));
});
process.send?.({ kernels: backends.ownKernels, types: backends.ownKernelTypes });
