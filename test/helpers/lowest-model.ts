import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { readGguf, type GgufTensor } from '../../src-main/gguf/gguf.ts';
import { tensorBytes, tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { layOutGguf } from '../../src-main/gguf/writer.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { demoModel } from '../fixtures/demo.ts';

/** Writes the demo model with the matrices of its layers in the types that are named, one layer after the other, to a folder. */
export async function writeLowestModel(folder: string, types: readonly string[]): Promise<string> {
  const path = join(folder, 'lowest.gguf');
  const source = readGguf(demoModel);
  const typeOf = ({ name, shape, type }: GgufTensor): number => {
    const layer = layerOf(name);
    return layer === undefined || shape.length !== 2 ? type : tensorTypeId(types[layer % types.length] ?? '');
  };
  const tensors = source.tensors.map((tensor) => {
    const type = typeOf(tensor);
    const bytes = tensorBytes(type, tensor.shape[0] ?? 0, tensor.elements) ?? 0;
    return { name: tensor.name, shape: tensor.shape, type, bytes };
  });
  const layout = layOutGguf([...source.metadata.values()], tensors, source.alignment);
  const file = openSync(path, 'w');
  writeSync(file, layout.header, 0, layout.header.length, 0);
  for (const [i, tensor] of source.tensors.entries()) {
    const type = typeOf(tensor);
    const blocks = type === tensor.type ? stored(tensor) : await quantized(tensor, type, folder);
    writeSync(file, blocks, 0, blocks.length, layout.offsets[i] ?? 0);
  }
  closeSync(file);
  return path;
}

function stored({ path, offset, bytes }: GgufTensor): Uint8Array {
  return readFileSync(path).subarray(offset, offset + bytes);
}

async function quantized(
  { path, offset, type, shape }: GgufTensor,
  targetType: number,
  folder: string,
): Promise<Uint8Array> {
  const [columns = 0, rows = 0] = shape;
  const targetPath = join(folder, 'blocks');
  await loadAddon().addon.quantizeTensor({
    ...{ sourcePath: path, sourceOffset: offset, sourceType: type, targetPath, targetType, columns, rows },
    importance: new Float32Array(columns).fill(1),
    threads: 1,
  });
  return readFileSync(targetPath);
}
