import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { GgufType, readGguf, type GgufTensor } from '../../src-main/gguf/gguf.ts';
import { tensorBytes, tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { ggufEntry, layOutGguf } from '../../src-main/gguf/writer.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { demoModel } from '../fixtures/demo.ts';

const FEED_FORWARD = 'qwen2vl.feed_forward_length';

/**
 * Writes the demo model with the matrices of its layers in the types that are named, one matrix after the other, to a folder.
 * `feedForward`: how many rows are left of those of its feed-forward layers; what becomes narrower than a block stays as it is
 */
export async function writeLowestModel(
  folder: string,
  types: readonly string[],
  feedForward?: number,
): Promise<string> {
  const path = join(folder, `lowest${feedForward ?? ''}.gguf`);
  const source = readGguf(demoModel);
  const cut = source.tensors.map((tensor) => ({ ...tensor, shape: cutShape(tensor, feedForward) }));
  const matrices = cut.filter(
    ({ name, shape }) => layerOf(name) !== undefined && shape.length === 2 && (shape[0] ?? 0) % 256 === 0,
  );
  const typeIds = new Map(
    matrices.map(({ name }, i) => [name, tensorTypeId(types[i % types.length] ?? '')] as const),
  );
  const tensors = cut.map((tensor) => {
    const type = typeIds.get(tensor.name) ?? tensor.type;
    const [columns = 0, rows = 1] = tensor.shape;
    return { ...tensor, type, bytes: tensorBytes(type, columns, columns * rows) ?? 0 };
  });
  const entries = [...source.metadata.values()].filter(
    ({ key }) => feedForward === undefined || key !== FEED_FORWARD,
  );
  const length = feedForward === undefined ? [] : [ggufEntry(FEED_FORWARD, GgufType.uint32, feedForward)];
  const layout = layOutGguf([...entries, ...length], tensors, source.alignment);
  const file = openSync(path, 'w');
  writeSync(file, layout.header, 0, layout.header.length, 0);
  for (const [i, tensor] of cut.entries()) {
    const type = typeIds.get(tensor.name);
    const width = source.tensors[i]?.shape[0] ?? 0;
    const blocks = type === undefined ? stored(tensor, width) : await quantized(tensor, type, folder);
    writeSync(file, blocks, 0, blocks.length, layout.offsets[i] ?? 0);
  }
  closeSync(file);
  return path;
}

function cutShape({ name, shape }: GgufTensor, feedForward: number | undefined): readonly number[] {
  const [columns = 0, rows = 0] = shape;
  if (feedForward === undefined) return shape;
  if (/ffn_(gate|up)\.weight$/.test(name)) return [columns, feedForward];
  return name.endsWith('ffn_down.weight') ? [feedForward, rows] : shape;
}

/** The first columns of every row, of which the file has `width`. */
function stored({ path, offset, bytes, elements, shape }: GgufTensor, width: number): Uint8Array {
  const all = readFileSync(path).subarray(offset, offset + bytes);
  const [columns = 0] = shape;
  const [rows, each] = [elements / width, bytes / elements];
  const rowsLeft = Array.from({ length: rows }, (_, row) =>
    all.subarray(row * width * each, (row * width + columns) * each),
  );
  return Buffer.concat(rowsLeft);
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
