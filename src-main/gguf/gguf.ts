import { bigEndian, longTensorName, notGguf, otherVersion, unsupportedTypes } from './foreign-file.ts';
import {
  decodeText,
  GgufType,
  HeaderCutOff,
  HeaderReader,
  readScalar,
  SCALAR_BYTES,
  type GgufScalar,
  type GgufTypeId,
} from './header-reader.ts';
import { openRegularFile, type RegularFile } from '../files/regular-file.ts';
import { isKnownType, tensorBytes, tensorTypeName } from './tensor-types.ts';

export { GgufType, type GgufScalar, type GgufTypeId };

/**
 * Reads a GGUF header without trusting it. Every length is checked against the file before anything is allocated, so a
 * truncated or hostile file costs an error and not memory. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

export type GgufValue = GgufScalar | GgufArray;

/** An array is decoded when asked for: a vocabulary of 150,000 strings is often only copied. */
export interface GgufArray {
  readonly elementType: GgufTypeId;
  readonly length: number;
  values(): GgufScalar[];
}

export interface GgufEntry {
  readonly key: string;
  readonly type: GgufTypeId;
  readonly value: GgufValue;
  /** the whole entry (key, type, value) as it stands in the file, to be copied unchanged */
  readonly raw: Uint8Array;
}

export interface GgufTensor {
  readonly name: string;
  /** the file that it lies in: of a split model one of several */
  readonly path: string;
  /** fastest dimension first, as ggml has it: [columns, rows, …] */
  readonly shape: readonly number[];
  /** ggml type id */
  readonly type: number;
  /** from the start of that file */
  readonly offset: number;
  readonly bytes: number;
  readonly elements: number;
}

/** What stands in a file before its list of tensors; of a split model, what its first part says of the whole. */
export interface GgufStart {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufEntry>;
  readonly tensorCount: number;
}

interface GgufFile {
  readonly path: string;
  readonly bytes: number;
}

/** A GGUF, in one file or split over several: then as if its parts were joined again. */
export interface Gguf extends Omit<GgufStart, 'tensorCount'> {
  readonly alignment: number;
  readonly tensors: readonly GgufTensor[];
  /** all of its files, in order; `path` is that of the first */
  readonly files: readonly GgufFile[];
  /** of all its files */
  readonly fileBytes: number;
}

/** Who looks at a file while it is read; what they throw ends the reading. */
export interface GgufWatch {
  readonly onEntry?: (entry: GgufEntry) => void;
  /** before the tensors, in which a file may be cut off or have types that Snug does not know */
  readonly onMetadata?: (start: GgufStart) => void;
}

// Limits on what a header may claim, each well above any real file.
const MOST_TENSORS = 1 << 16; // the largest mixture-of-experts files have some ten thousand
const MOST_ENTRIES = 1 << 12; // real files have under a hundred
const MOST_ELEMENTS = 1 << 20; // the largest vocabularies have 262,144 tokens and 515,000 merges
const MOST_DIMENSIONS = 4; // GGML_MAX_DIMS
const LONGEST_KEY_BYTES = (1 << 16) - 1; // as GGUF says
const LONGEST_TENSOR_NAME_BYTES = 63; // llama.cpp reads no longer ones (GGML_MAX_NAME)
const LONGEST_NAME_ANYWHERE_BYTES = 255; // stable-diffusion.cpp writes and reads some of up to 159
const LONGEST_TEXT_BYTES = 1 << 20; // the longest are chat templates and licences, of some 50 KB
const DEFAULT_ALIGNMENT = 32; // GGUF_DEFAULT_ALIGNMENT

/** Passes over an array, which begins at `start`. */
function readArray(reader: HeaderReader, key: string): Omit<GgufArray, 'values'> & { start: number } {
  const elementType = reader.uint32(`the element type of ${key}`) as GgufTypeId;
  const length = reader.size(`the length of ${key}`);
  const start = reader.position;
  const elementBytes = SCALAR_BYTES[elementType];
  if (length > MOST_ELEMENTS) throw reader.broken(`${key} claims ${length} elements`);
  if (elementBytes !== undefined) {
    reader.need(length * elementBytes, key);
  } else if (elementType === GgufType.string) {
    for (let i = 0; i < length; i++) reader.skipString(key, LONGEST_TEXT_BYTES);
  } else {
    throw reader.broken(`${key} is an array of type ${elementType}`);
  }
  return { elementType, length, start };
}

function decodeArray(raw: Uint8Array, elementType: GgufTypeId, length: number): GgufScalar[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values: GgufScalar[] = [];
  let at = 0;
  for (let i = 0; i < length; i++) {
    if (elementType === GgufType.string) {
      const bytes = Number(view.getBigUint64(at, true));
      values.push(decodeText(raw.subarray(at + 8, at + 8 + bytes)));
      at += 8 + bytes;
    } else {
      values.push(readScalar(view, elementType, at));
      at += SCALAR_BYTES[elementType] ?? 0;
    }
  }
  return values;
}

function readEntry(reader: HeaderReader): GgufEntry {
  const start = reader.position;
  const key = reader.name('a metadata key', LONGEST_KEY_BYTES);
  const type = reader.uint32(`the type of ${key}`) as GgufTypeId;
  if (type === GgufType.array) {
    const { elementType, length, start: arrayStart } = readArray(reader, key);
    const raw = reader.slice(start, reader.position);
    const items = raw.subarray(arrayStart - start);
    return {
      key,
      type,
      value: { elementType, length, values: () => decodeArray(items, elementType, length) },
      raw,
    };
  }
  let value: GgufScalar;
  if (type === GgufType.string) value = reader.string(key, LONGEST_TEXT_BYTES);
  else if (SCALAR_BYTES[type] !== undefined) value = reader.scalar(type, key);
  else throw reader.broken(`${key} has the unknown type ${type}`);
  return { key, type, value, raw: reader.slice(start, reader.position) };
}

function readTensorInfo(reader: HeaderReader): {
  name: string;
  shape: number[];
  type: number;
  relativeOffset: number;
} {
  const name = reader.name('a tensor name', LONGEST_NAME_ANYWHERE_BYTES);
  const dimensions = reader.uint32(`the dimensions of ${name}`);
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS)
    throw reader.broken(`${name} has ${dimensions} dimensions`);
  const shape = Array.from({ length: dimensions }, (_, i) => reader.size(`dimension ${i} of ${name}`));
  const type = reader.uint32(`the type of ${name}`);
  const relativeOffset = reader.size(`the offset of ${name}`);
  return { name, shape, type, relativeOffset };
}

/** ggml's types have numbers up to 42, those of its forks up to 399; what is larger no program has written. */
const LARGEST_TENSOR_TYPE = 511;

function readTensors(reader: HeaderReader, count: number, alignment: number): GgufTensor[] {
  const infos = Array.from({ length: count }, () => readTensorInfo(reader));
  const longest = infos.find(({ name }) => Buffer.byteLength(name) > LONGEST_TENSOR_NAME_BYTES);
  if (longest) throw longTensorName(reader.path, longest.name);
  const unknown = infos.find(({ type }) => !isKnownType(type) && type <= LARGEST_TENSOR_TYPE);
  if (unknown) throw unsupportedTypes(reader.path, unknown.name, unknown.type);
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const names = new Set<string>();
  const tensors = infos.map(({ name, shape, type, relativeOffset }) => {
    if (names.has(name)) throw reader.broken(`it has two tensors named ${name}`);
    names.add(name);
    const elements = shape.reduce((product, length) => product * length, 1);
    if (!Number.isSafeInteger(elements) || elements === 0)
      throw reader.broken(`${name} has the shape ${shape.join('×')}`);
    const bytes = tensorBytes(type, shape[0] ?? 0, elements);
    if (bytes === undefined)
      throw reader.broken(`${name} has rows of ${shape[0]} values of ${tensorTypeName(type)}`);
    const offset = dataStart + relativeOffset;
    if (relativeOffset % alignment !== 0) throw reader.broken(`${name} is not aligned`);
    return { name, path: reader.path, shape, type, offset, bytes, elements };
  });
  const end = tensors.reduce((last, { offset, bytes }) => Math.max(last, offset + bytes), 0);
  if (end > reader.fileBytes) throw reader.incomplete(end);
  return tensors;
}

/**
 * Reads metadata and tensor list of one GGUF file, whole or a part; throws NOT_GGUF, BROKEN_GGUF or, for a sound one of a kind that it
 * does not know, UNSUPPORTED_MODEL, each with the reason.
 */
export function readGguf(path: string, watch: GgufWatch = {}): Gguf {
  using file = openRegularFile(path, { refusedAs: 'NOT_GGUF' });
  return readHeader(file, new HeaderReader(file, path), watch);
}

/**
 * How many of a file's first bytes are needed at least to read on in its header, where those at `path` do not hold all of it; undefined
 * where they do. Throws as `readGguf` does.
 */
export function missingHeaderBytes(
  path: string,
  wholeBytes: number,
  watch: GgufWatch = {},
): number | undefined {
  using file = openRegularFile(path, { refusedAs: 'NOT_GGUF' });
  try {
    readHeader(file, new HeaderReader(file, path, wholeBytes), watch);
    return undefined;
  } catch (error) {
    if (error instanceof HeaderCutOff) return error.neededBytes;
    throw error;
  }
}

function readHeader(file: RegularFile, reader: HeaderReader, watch: GgufWatch): Gguf {
  const { path } = reader;
  if (reader.fileBytes < 4 || reader.uint32('the magic number') !== 0x46554747) throw notGguf(file, path);
  checkVersion(reader);
  const tensorCount = reader.size('the number of tensors');
  const entryCount = reader.size('the number of metadata entries');
  if (tensorCount > MOST_TENSORS) throw reader.broken(`it claims ${tensorCount} tensors`);
  if (entryCount > MOST_ENTRIES) throw reader.broken(`it claims ${entryCount} metadata entries`);
  const metadata = new Map<string, GgufEntry>();
  for (let i = 0; i < entryCount; i++) {
    const entry = readEntry(reader);
    if (metadata.has(entry.key)) throw reader.broken(`it has two entries named ${entry.key}`);
    metadata.set(entry.key, entry);
    watch.onEntry?.(entry);
  }
  watch.onMetadata?.({ path, metadata, tensorCount });
  const declared = metadata.get('general.alignment')?.value ?? DEFAULT_ALIGNMENT;
  const alignment = typeof declared === 'number' ? declared : 0;
  if (
    !Number.isInteger(alignment) ||
    alignment < 8 ||
    alignment > 65536 ||
    (alignment & (alignment - 1)) !== 0
  ) {
    throw reader.broken(`its alignment is ${alignment}`);
  }
  const tensors = readTensors(reader, tensorCount, alignment);
  const { fileBytes } = reader;
  return { path, files: [{ path, bytes: fileBytes }], fileBytes, alignment, metadata, tensors };
}

function checkVersion(reader: HeaderReader): void {
  const version = reader.uint32('the version');
  if (version === 2 || version === 3) return;
  // the low bytes of a small number that was written the other way round
  if (version !== 0 && (version & 0xffff) === 0) throw bigEndian(reader.path);
  if (version === 1 || (version > 3 && version < 100)) throw otherVersion(reader.path, version);
  throw reader.broken(`it has version ${version}, and Snug reads 2 and 3`);
}

export function metadataString(gguf: Pick<GgufStart, 'metadata'>, key: string): string | undefined {
  const value = gguf.metadata.get(key)?.value;
  return typeof value === 'string' ? value : undefined;
}

export function metadataNumber(gguf: Pick<GgufStart, 'metadata'>, key: string): number | undefined {
  const value = gguf.metadata.get(key)?.value;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}
