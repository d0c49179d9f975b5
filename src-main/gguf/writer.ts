import { GgufType, type GgufEntry, type GgufScalar, type GgufTypeId } from './gguf.ts';

/**
 * Writes GGUF headers. Entries of another file are copied byte for byte; new ones are encoded here. The data section is the
 * caller's: it follows the header, each tensor at its offset, padded to the alignment.
 */

const GGUF_ALIGNMENT = 32;

export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: number;
}

export interface GgufLayout {
  /** the header, padded: the data section starts at its end */
  readonly header: Uint8Array;
  /** absolute offset of each tensor, in the order given */
  readonly offsets: readonly number[];
  readonly totalBytes: number;
}

class Bytes {
  #chunks: Uint8Array[] = [];
  length = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  scalar(type: GgufTypeId, value: Exclude<GgufScalar, string>): void {
    this.add(encodeScalar(type, value));
  }

  uint32(value: number): void {
    this.scalar(GgufType.uint32, value);
  }

  uint64(value: number): void {
    this.scalar(GgufType.uint64, BigInt(value));
  }

  string(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.uint64(encoded.length);
    this.add(encoded);
  }

  join(paddedTo: number): Uint8Array {
    const result = new Uint8Array(padded(this.length, paddedTo));
    let at = 0;
    for (const chunk of this.#chunks) {
      result.set(chunk, at);
      at += chunk.length;
    }
    return result;
  }
}

function encodeScalar(type: GgufTypeId, value: Exclude<GgufScalar, string>): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  const number = Number(value);
  switch (type) {
    case GgufType.uint8:
    case GgufType.bool:
      view.setUint8(0, number);
      return bytes.subarray(0, 1);
    case GgufType.uint32:
      view.setUint32(0, number, true);
      return bytes.subarray(0, 4);
    case GgufType.int32:
      view.setInt32(0, number, true);
      return bytes.subarray(0, 4);
    case GgufType.float32:
      view.setFloat32(0, number, true);
      return bytes.subarray(0, 4);
    case GgufType.uint64:
      view.setBigUint64(0, BigInt(value), true);
      return bytes;
    case GgufType.float64:
      view.setFloat64(0, number, true);
      return bytes;
    default:
      throw new TypeError(`cannot write GGUF type ${type}`);
  }
}

/** A new metadata entry; a list becomes an array of that type. */
export function ggufEntry(
  key: string,
  type: GgufTypeId,
  value: GgufScalar | readonly GgufScalar[],
): Pick<GgufEntry, 'key' | 'raw'> {
  const bytes = new Bytes();
  bytes.string(key);
  const put = (item: GgufScalar) => {
    if (typeof item === 'string') bytes.string(item);
    else bytes.scalar(type, item);
  };
  if (typeof value === 'object') {
    bytes.uint32(GgufType.array);
    bytes.uint32(type);
    bytes.uint64(value.length);
    for (const item of value) put(item);
  } else {
    bytes.uint32(type);
    put(value);
  }
  return { key, raw: bytes.join(1) };
}

export function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}

/** Header bytes and tensor offsets of a GGUF version 3 file. */
export function layOutGguf(
  entries: readonly Pick<GgufEntry, 'raw'>[],
  tensors: readonly TensorToWrite[],
  alignment: number = GGUF_ALIGNMENT,
): GgufLayout {
  const bytes = new Bytes();
  bytes.uint32(0x46554747);
  bytes.uint32(3);
  bytes.uint64(tensors.length);
  bytes.uint64(entries.length);
  for (const entry of entries) bytes.add(entry.raw);
  const relative: number[] = [];
  let end = 0;
  for (const tensor of tensors) {
    relative.push(end);
    bytes.string(tensor.name);
    bytes.uint32(tensor.shape.length);
    for (const length of tensor.shape) bytes.uint64(length);
    bytes.uint32(tensor.type);
    bytes.uint64(end);
    end = padded(end + tensor.bytes, alignment);
  }
  const header = bytes.join(alignment);
  return {
    header,
    offsets: relative.map((offset) => header.length + offset),
    totalBytes: header.length + end,
  };
}

/** A whole small GGUF file in memory: importance matrices, test fixtures. */
export function encodeGguf(
  entries: readonly Pick<GgufEntry, 'raw'>[],
  tensors: readonly (Omit<TensorToWrite, 'bytes'> & { readonly data: Uint8Array })[],
): Uint8Array {
  const sized = tensors.map((tensor) => ({ ...tensor, bytes: tensor.data.length }));
  const layout = layOutGguf(entries, sized);
  const file = new Uint8Array(layout.totalBytes);
  file.set(layout.header);
  tensors.forEach((tensor, i) => file.set(tensor.data, layout.offsets[i] ?? 0));
  return file;
}
