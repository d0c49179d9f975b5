import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeGguf } from '../../src-main/gguf/writer.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { seededRandom } from '../../src-main/luq/random.ts';
import { number, text } from './small-models.ts';

export type StoredAs = 'F32' | 'F16' | 'BF16' | 'Q8_0';

/** IEEE half precision, rounded to the nearest; for normal numbers. */
function half(value: number): number {
  const magnitude = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
  const scaled = Math.round((magnitude / 2 ** exponent) * 1024);
  const bits = scaled < 1024 ? scaled : ((exponent + 15) << 10) + (scaled - 1024);
  return (value < 0 ? 0x8000 : 0) | bits;
}

function brain(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  return (bits + 0x8000) >>> 16;
}

function quantized(values: readonly number[]): Uint8Array {
  const blocks: number[] = [];
  for (let at = 0; at < values.length; at += 32) {
    const block = values.slice(at, at + 32);
    const scale = Math.max(...block.map(Math.abs)) / 127;
    const bits = half(scale);
    blocks.push(bits & 0xff, bits >> 8, ...block.map((value) => Math.round(value / scale) & 0xff));
  }
  return Uint8Array.from(blocks);
}

function encoded(values: readonly number[], type: StoredAs): Uint8Array {
  if (type === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  if (type === 'Q8_0') return quantized(values);
  return new Uint8Array(Uint16Array.from(values.map(type === 'F16' ? half : brain)).buffer);
}

/** A vision file for small models whose weights are those of a seed, stored in a type as converters store them: vectors in F32. */
export function writeStoredEncoder(
  folder: string,
  name: string,
  { type = 'F16', seed = 1, width = 32 }: { type?: StoredAs; seed?: number; width?: number } = {},
): string {
  const random = seededRandom(seed);
  const values = (count: number) => Array.from({ length: count }, () => (random() - 0.5) / 8);
  const tensor = (tensorName: string, shape: readonly number[], as: StoredAs) => ({
    name: tensorName,
    shape,
    type: tensorTypeId(as),
    data: encoded(values(shape.reduce((product, length) => product * length, 1)), as),
  });
  const path = join(folder, name);
  const entries = [
    text('general.architecture', 'clip'),
    text('general.type', 'mmproj'),
    text('general.name', 'Small encoder'),
    text('clip.projector_type', 'qwen2.5vl_merger'),
    number('clip.vision.block_count', 1),
    number('clip.vision.projection_dim', width),
  ];
  writeFileSync(
    path,
    encodeGguf(entries, [
      tensor('mm.0.weight', [64, 64], type),
      tensor('mm.0.bias', [64], 'F32'),
      tensor('mm.2.weight', [64, width], type),
      tensor('mm.2.bias', [width], 'F32'),
    ]),
  );
  return path;
}
