import { open } from 'node:fs/promises';
import { discard, writeWhollyMeanwhile } from '../../files/durable-files.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { insistMeanwhile } from '../../files/retry-refused.ts';
import { writeError } from '../../files/write-error.ts';
import { copyPiece, type Piece } from '../../gguf/copy-piece.ts';
import { GgufType, metadataString, type Gguf, type GgufEntry, type GgufTensor } from '../../gguf/gguf.ts';
import { tensorTypeId } from '../../gguf/tensor-types.ts';
import { ggufEntry, layOutGguf } from '../../gguf/writer.ts';
import { layerOf } from '../../models/model-file.ts';
import { bytesAs } from '../plan/mixture.ts';

/**
 * One layer of a model as a model of its own, so that stock llama.cpp runs it alone: its tensors as layer 0, no words, and the whole
 * model's last norm. What goes into the layer is given as embeddings.
 */

/** Architectures whose layers depend on what goes into them and on nothing else; llama.cpp's src/models. */
const LAYERS_ALIKE: ReadonlySet<string> = new Set(['llama', 'qwen2', 'qwen2vl']);

/** Lengths that a file may give for each layer apart. */
const PER_LAYER = ['feed_forward_length', 'attention.head_count', 'attention.head_count_kv'];

/** Whether each layer of a model is the same function of its input when it is run alone. */
export function layersRunAlone(source: Pick<Gguf, 'metadata'>): boolean {
  const architecture = metadataString(source, 'general.architecture') ?? '';
  const differs = PER_LAYER.some(
    (key) => typeof source.metadata.get(`${architecture}.${key}`)?.value === 'object',
  );
  return LAYERS_ALIKE.has(architecture) && !differs;
}

/** Where a tensor's bytes lie. */
export interface StoredTensor {
  readonly path: string;
  readonly offset: number;
  readonly type: number;
}

export interface LayerFileOptions {
  readonly source: Gguf;
  readonly layer: number;
  /** tensors of the layer by their names, where other bytes than the source's are wanted */
  readonly blocks?: ReadonlyMap<string, StoredTensor> | undefined;
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/** llama.cpp wants a vocabulary; nothing reads it. */
const WORDS = 32;
const OF_WORDS = new Set(['token_embd.weight', 'output.weight', 'output.bias']);

interface LayerPiece extends Piece, StoredTensor {
  readonly shape: readonly number[];
}

/** Bytes that the file of a source's largest layer takes, or less. */
export function largestLayerBytes(source: Gguf): number {
  const sums = new Map<number, number>();
  for (const { name, bytes } of source.tensors) {
    const layer = layerOf(name);
    if (layer !== undefined) sums.set(layer, (sums.get(layer) ?? 0) + bytes);
  }
  return Math.max(0, ...sums.values());
}

/** Writes the file; it is for one run, so nobody waits for the disk. */
export async function writeLayerFile(options: LayerFileOptions): Promise<void> {
  const { source, output } = options;
  const pieces = layerPieces(options);
  const width = source.tensors.find(({ name }) => name === 'token_embd.weight')?.shape[0] ?? 0;
  const words = { name: 'token_embd.weight', shape: [width, WORDS], type: tensorTypeId('F32') };
  const bytes = width * WORDS * Float32Array.BYTES_PER_ELEMENT;
  const layout = layOutGguf(layerEntries(source), [...pieces, { ...words, bytes }]);
  try {
    discard(output);
    const file = await insistMeanwhile(() => open(output, 'wx', PRIVATE_FILE));
    try {
      await writeWhollyMeanwhile(file, layout.header, 0);
      for (const [i, piece] of pieces.entries()) {
        await copyPiece(file, piece, layout.offsets[i] ?? 0, options.signal);
      }
      // the words are zeros
      await file.truncate(layout.totalBytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    discard(output);
    throw writeError(error, output);
  }
}

function layerPieces({ source, layer, blocks }: LayerFileOptions): LayerPiece[] {
  const piece = (tensor: GgufTensor, name: string): LayerPiece => {
    const { path, offset, type } = blocks?.get(tensor.name) ?? tensor;
    return { name, shape: tensor.shape, path, offset, type, bytes: bytesAs(tensor, type) };
  };
  return source.tensors.flatMap((tensor) => {
    const of = layerOf(tensor.name);
    if (of === undefined) return OF_WORDS.has(tensor.name) ? [] : [piece(tensor, tensor.name)];
    return of === layer ? [piece(tensor, tensor.name.replace(`blk.${layer}.`, 'blk.0.'))] : [];
  });
}

function layerEntries(source: Gguf): Pick<GgufEntry, 'key' | 'raw'>[] {
  const architecture = metadataString(source, 'general.architecture') ?? '';
  const own = [
    ggufEntry(`${architecture}.block_count`, GgufType.uint32, 1),
    ggufEntry(`${architecture}.vocab_size`, GgufType.uint32, WORDS),
    ggufEntry('tokenizer.ggml.model', GgufType.string, 'no_vocab'),
  ];
  const replaced = new Set([...own.map(({ key }) => key), 'general.alignment']);
  const kept = [...source.metadata.values()].filter(
    ({ key }) => !replaced.has(key) && !/^(tokenizer|split|luq)\./.test(key),
  );
  return [...kept, ...own];
}
