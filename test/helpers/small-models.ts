import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeGguf, ggufEntry } from '../../src-main/gguf/writer.ts';
import { GgufType, type GgufEntry, type GgufTensor } from '../../src-main/gguf/gguf.ts';
import { tensorBytes, tensorTypeId } from '../../src-main/gguf/tensor-types.ts';

/** GGUF files with a model's metadata and small tensors of zeros: enough for everything that reads headers only. */

type Entry = Pick<GgufEntry, 'key' | 'raw'>;

export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type?: string;
}

export function zeroTensor({ name, shape, type = 'F16' }: TensorSpec) {
  const elements = shape.reduce((product, length) => product * length, 1);
  const id = tensorTypeId(type);
  const bytes = tensorBytes(id, shape[0] ?? 0, elements);
  if (bytes === undefined) throw new RangeError(`${name} cannot be ${type}`);
  return { name, shape, type: id, data: new Uint8Array(bytes) };
}

/** A tensor as a read header lists it, without a file. */
export function ggufTensor(spec: TensorSpec): GgufTensor {
  const { name, shape, type, data } = zeroTensor(spec);
  const elements = shape.reduce((product, length) => product * length, 1);
  return { name, path: 'model.gguf', shape, type, offset: 0, bytes: data.length, elements };
}

/** Later entries replace earlier ones of the same key. */
function merged(...entries: Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [entry.key, entry])).values()];
}

export const text = (key: string, value: string) => ggufEntry(key, GgufType.string, value);
export const number = (key: string, value: number) => ggufEntry(key, GgufType.uint32, value);

export interface TextModelSpec {
  readonly architecture?: string;
  /** null: it says none */
  readonly name?: string | null;
  readonly layers?: number;
  readonly width?: number;
  readonly type?: string;
  /** beside what the file says by itself; of the same key instead of it */
  readonly entries?: readonly Entry[];
  readonly tensors?: readonly TensorSpec[];
}

export function layerTensors(layers: number, width: number, type = 'F16'): TensorSpec[] {
  return Array.from({ length: layers }, (_, layer): TensorSpec[] => [
    { name: `blk.${layer}.attn_norm.weight`, shape: [width], type: 'F32' },
    { name: `blk.${layer}.attn_q.weight`, shape: [width, width], type },
  ]).flat();
}

export function writeTextModel(folder: string, spec: TextModelSpec = {}, name = 'model.gguf'): string {
  const { architecture = 'qwen2vl', layers = 2, width = 32, type = 'F16' } = spec;
  const tensors = spec.tensors ?? [
    { name: 'token_embd.weight', shape: [width, 8], type },
    ...layerTensors(layers, width, type),
  ];
  const entries = merged(
    text('general.architecture', architecture),
    ...(spec.name === null ? [] : [text('general.name', spec.name ?? 'Small')]),
    number(`${architecture}.block_count`, layers),
    number(`${architecture}.embedding_length`, width),
    number(`${architecture}.context_length`, 2048),
    ...(spec.entries ?? []),
  );
  const path = join(folder, name);
  writeFileSync(path, encodeGguf(entries, tensors.map(zeroTensor)));
  return path;
}

export interface VisionModelSpec {
  readonly projector?: string;
  readonly width?: number;
  readonly entries?: readonly Entry[];
  readonly tensors?: readonly TensorSpec[];
}

export function writeVisionModel(
  folder: string,
  spec: VisionModelSpec = {},
  name = 'mmproj-model.gguf',
): string {
  const { projector = 'qwen2.5vl_merger', width = 32 } = spec;
  const entries = merged(
    text('general.architecture', 'clip'),
    text('general.type', 'mmproj'),
    text('general.name', 'Small encoder'),
    text('clip.projector_type', projector),
    number('clip.vision.block_count', 1),
    number('clip.vision.projection_dim', width),
    ...(spec.entries ?? []),
  );
  const tensors = spec.tensors ?? [
    { name: 'mm.0.weight', shape: [64, 64] },
    { name: 'mm.2.weight', shape: [64, width] },
  ];
  const path = join(folder, name);
  writeFileSync(path, encodeGguf(entries, tensors.map(zeroTensor)));
  return path;
}
