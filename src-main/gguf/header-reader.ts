import { readSync } from 'node:fs';
import { SnugError } from '../contract/errors.ts';
import { formatBytes } from '../contract/bytes.ts';
import type { RegularFile } from '../files/regular-file.ts';

/** Reads GGUF's scalars and strings from a file; every length is checked against the file before anything is allocated. */

export type GgufScalar = number | bigint | boolean | string;
export const GgufType = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;
export type GgufTypeId = (typeof GgufType)[keyof typeof GgufType];

/** Above any real header: 150,000 tokens with their merges take about 6 MB, the largest vocabularies about 16 MB. */
const LARGEST_HEADER_BYTES = 64 * 1024 * 1024;
const FIRST_READ_BYTES = 1 << 20;

export const SCALAR_BYTES: Readonly<Partial<Record<number, number>>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

/** Thrown where a header goes on beyond the bytes that are here. */
export class HeaderCutOff extends Error {
  /** how many of the file's bytes are needed at least to read on */
  readonly neededBytes: number;

  constructor(neededBytes: number) {
    super(`the header goes on to ${neededBytes} bytes at least`);
    this.neededBytes = neededBytes;
  }
}

/** The header's bytes, read as far as they are needed. */
export class HeaderReader {
  readonly #fd: number;
  readonly #presentBytes: number;
  readonly path: string;
  readonly fileBytes: number;
  #buffer = new Uint8Array(0);
  #view = new DataView(this.#buffer.buffer);
  position = 0;

  /** `wholeBytes`: of the file that the first bytes are here of, where that is larger */
  constructor(file: RegularFile, path: string, wholeBytes = file.bytes) {
    this.#fd = file.fd;
    this.#presentBytes = file.bytes;
    this.path = path;
    this.fileBytes = wholeBytes;
  }

  broken(what: string): SnugError {
    return new SnugError('BROKEN_GGUF', `${this.path} is not a usable GGUF file: ${what}`, {
      advice: 'The file may be damaged or only partly downloaded; download it again.',
    });
  }

  /** The file ends before its last tensor does. */
  incomplete(wholeBytes: number): SnugError {
    const missing = wholeBytes - this.fileBytes;
    return new SnugError(
      'BROKEN_GGUF',
      `${this.path} is not complete: ${missing.toLocaleString('en')} bytes are missing (${formatBytes(missing)} of ${formatBytes(wholeBytes)})`,
      { advice: 'Its download was cut off or is still going on; wait for it, or download it again.' },
    );
  }

  need(bytes: number, what: string): number {
    const end = this.position + bytes;
    if (end > this.fileBytes)
      throw this.broken(
        `it ends inside ${what}, after ${this.fileBytes.toLocaleString('en')} bytes; all of its weights are missing`,
      );
    if (end > LARGEST_HEADER_BYTES)
      throw this.broken(`its header is larger than ${LARGEST_HEADER_BYTES} bytes`);
    if (end > this.#buffer.length) this.#grow(end);
    const start = this.position;
    this.position = end;
    return start;
  }

  #grow(end: number): void {
    if (end > this.#presentBytes) throw new HeaderCutOff(end);
    const wanted = Math.min(this.#presentBytes, Math.max(end, this.#buffer.length * 2, FIRST_READ_BYTES));
    const larger = new Uint8Array(wanted);
    larger.set(this.#buffer);
    let filled = this.#buffer.length;
    while (filled < wanted) {
      const read = readSync(this.#fd, larger, filled, wanted - filled, filled);
      if (read === 0) throw this.broken('it became shorter while it was read');
      filled += read;
    }
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }

  slice(start: number, end: number): Uint8Array {
    return this.#buffer.slice(start, end);
  }

  scalar(type: GgufTypeId, what: string): Exclude<GgufScalar, string> {
    const at = this.need(SCALAR_BYTES[type] ?? 0, what);
    return readScalar(this.#view, type, at);
  }

  uint32(what: string): number {
    return this.scalar(GgufType.uint32, what) as number;
  }

  /** A 64-bit count or offset; what does not fit a double exactly is past the end of any file. */
  size(what: string): number {
    const value = Number(this.scalar(GgufType.uint64, what));
    if (!Number.isSafeInteger(value)) throw this.broken(`${what} is ${value}`);
    return value;
  }

  string(what: string, longest: number): string {
    const length = this.size(`the length of ${what}`);
    if (length > longest) throw this.broken(`${what} is ${length} bytes long`);
    const start = this.need(length, what);
    return decodeText(this.#buffer.subarray(start, start + length));
  }

  /** A string that something goes by. llama.cpp reads one as far as its first NUL, and would take it for another. */
  name(what: string, longest: number): string {
    const name = this.string(what, longest);
    if (name.includes('\0')) throw this.broken(`${what} has a NUL in it`);
    return name;
  }

  /** Passes over a string that nobody may want. */
  skipString(what: string, longest: number): void {
    const at = this.need(8, what);
    const length = Number(this.#view.getBigUint64(at, true));
    if (length > longest) throw this.broken(`${what} holds a text of ${length} bytes`);
    this.need(length, what);
  }
}

/** All of it: without `ignoreBOM` a byte order mark at its start would be lost. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

export function readScalar(view: DataView, type: GgufTypeId, at: number): Exclude<GgufScalar, string> {
  switch (type) {
    case GgufType.uint8:
      return view.getUint8(at);
    case GgufType.int8:
      return view.getInt8(at);
    case GgufType.uint16:
      return view.getUint16(at, true);
    case GgufType.int16:
      return view.getInt16(at, true);
    case GgufType.uint32:
      return view.getUint32(at, true);
    case GgufType.int32:
      return view.getInt32(at, true);
    case GgufType.float32:
      return view.getFloat32(at, true);
    case GgufType.bool:
      return view.getUint8(at) !== 0;
    case GgufType.uint64:
      return view.getBigUint64(at, true);
    case GgufType.int64:
      return view.getBigInt64(at, true);
    case GgufType.float64:
      return view.getFloat64(at, true);
    default:
      throw new SnugError('BUG', `${type} is not a scalar type`);
  }
}
