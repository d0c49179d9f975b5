import { readFileSync } from 'node:fs';
import { encodeGguf, ggufEntry } from './writer.ts';
import { GgufType, metadataNumber, readGguf } from './gguf.ts';
import { tensorTypeId } from './tensor-types.ts';
import { SnugError } from '../contract/errors.ts';
import { insist } from '../files/retry-refused.ts';

export interface Importance {
  /** Σ x² per input channel [columns] */
  readonly sums: Float32Array;
  /** tokens summed */
  readonly count: number;
}

/**
 * The importance matrix in llama.cpp's GGUF format (tools/imatrix/imatrix.cpp, save_imatrix), which
 * `llama-quantize --imatrix` accepts: per weight `<name>.in_sum2` [columns × matrices] and `<name>.counts` [1 × matrices].
 */
export interface Imatrix {
  readonly entries: ReadonlyMap<string, Importance>;
  /** sequences it was computed over, in llama.cpp's words chunks */
  readonly chunks: number;
}

export function encodeImatrix(
  imatrix: Imatrix,
  options: { dataset: string; chunkTokens: number },
): Uint8Array {
  const names = [...imatrix.entries.keys()].sort();
  const F32 = tensorTypeId('F32');
  const floats = (values: Float32Array) =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return encodeGguf(
    [
      ggufEntry('general.type', GgufType.string, 'imatrix'),
      ggufEntry('imatrix.datasets', GgufType.string, [options.dataset]),
      ggufEntry('imatrix.chunk_count', GgufType.uint32, imatrix.chunks),
      ggufEntry('imatrix.chunk_size', GgufType.uint32, options.chunkTokens),
    ],
    names.flatMap((name) => {
      const { sums, count } = imatrix.entries.get(name) as Importance;
      return [
        { name: `${name}.in_sum2`, shape: [sums.length, 1], type: F32, data: floats(sums) },
        { name: `${name}.counts`, shape: [1, 1], type: F32, data: floats(Float32Array.of(count)) },
      ];
    }),
  );
}

export function readImatrix(path: string): Imatrix {
  const gguf = readGguf(path);
  const file = insist(() => readFileSync(path));
  const floats = (offset: number, bytes: number) =>
    new Float32Array(file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + bytes));
  const tensors = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor]));
  const entries = new Map<string, Importance>();
  for (const [name, tensor] of tensors) {
    if (!name.endsWith('.in_sum2')) continue;
    const weight = name.slice(0, -'.in_sum2'.length);
    const counts = tensors.get(`${weight}.counts`);
    if (!counts) throw new SnugError('BROKEN_GGUF', `${path} has no ${weight}.counts`);
    entries.set(weight, {
      sums: floats(tensor.offset, tensor.bytes),
      count: floats(counts.offset, counts.bytes)[0] ?? 0,
    });
  }
  return { entries, chunks: metadataNumber(gguf, 'imatrix.chunk_count') ?? 0 };
}

/** Mean x² per input channel, as llama-quantize computes it: a float32 division, and ones where no token passed. */
export function meanSquares({ sums, count }: Importance): Float32Array {
  return sums.map((sum) => (count > 0 ? Math.fround(sum / count) : 1));
}
