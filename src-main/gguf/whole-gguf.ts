import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { counted } from '../contract/counted.ts';
import { SnugError } from '../contract/errors.ts';
import {
  GgufType,
  metadataNumber,
  readGguf,
  type Gguf,
  type GgufStart,
  type GgufTensor,
  type GgufWatch,
} from './gguf.ts';
import { MOST_PARTS, partName, pathOfPart, type PartName } from './part-names.ts';

/** What every part says of itself (llama.cpp’s tools/gguf-split). */
export interface Split {
  /** from 0 */
  readonly number: number;
  readonly count: number;
  /** of all parts together */
  readonly tensors: number;
}

const SPLIT_KEYS = {
  number: 'split.no',
  count: 'split.count',
  tensors: 'split.tensors.count',
} as const;

/** In these types: of others llama.cpp ends the process. */
const TYPES = { number: GgufType.uint16, count: GgufType.uint16, tensors: GgufType.int32 } as const;

/**
 * Reads metadata and tensors of a model, in one file or split over several, of which any may be given. Whoever watches sees the first
 * part as if it were the whole.
 * @throws SnugError as `readGguf`, and BROKEN_GGUF where a part is missing or belongs to another model
 */
export function readWholeGguf(path: string, watch: GgufWatch = {}): Gguf {
  const given = readPart(path, watch);
  const split = splitOf(given);
  if (!split) return given;
  const name = nameOf(given, split);
  const first = split.number === 0 ? given : readOther(name, 1, split, watch);
  const parts = Array.from({ length: split.count }, (_, i) => {
    if (i === 0) return first;
    return i === split.number ? given : readOther(name, i + 1, split);
  });
  return joined(first, parts, split);
}

/** Watched as the whole when it is one, or the first part. */
function readPart(path: string, watch: GgufWatch): Gguf {
  return readGguf(path, watchingWhole(watch));
}

/** For the files of a model one by one: the first part is seen as the whole, the others are not. */
export function watchingWhole(watch: GgufWatch): GgufWatch {
  return {
    ...watch,
    onMetadata: (start) => {
      const split = splitOf(start);
      if (!split) watch.onMetadata?.(start);
      else if (split.number === 0) watch.onMetadata?.({ ...start, tensorCount: split.tensors });
    },
  };
}

function readOther(name: PartName, number: number, split: Split, watch: GgufWatch = {}): Gguf {
  const path = pathOfPart(name, number);
  if (!existsSync(path)) throw incomplete(name, split);
  const part = readPart(path, watch);
  const found = splitOf(part);
  if (!found) throw foreign(name, `${basename(path)} is not a part of a split model`);
  if (found.number !== number - 1)
    throw foreign(name, `${basename(path)} holds part ${found.number + 1}, and not ${number}`);
  if (found.count !== split.count)
    throw foreign(name, `${basename(path)} is one of ${found.count} parts, and not of ${split.count}`);
  if (found.tensors !== split.tensors)
    throw foreign(
      name,
      `${basename(path)} is of a model with ${counted(found.tensors, 'tensor')}, and others are of one with ${split.tensors}`,
    );
  return part;
}

function joined(first: Gguf, parts: readonly Gguf[], split: Split): Gguf {
  const partOf = new Map<string, GgufTensor>();
  for (const tensor of parts.flatMap(({ tensors }) => tensors)) {
    const other = partOf.get(tensor.name);
    if (other)
      throw foreign(
        first,
        `${basename(other.path)} and ${basename(tensor.path)} both hold the tensor ${tensor.name}`,
      );
    partOf.set(tensor.name, tensor);
  }
  if (partOf.size !== split.tensors)
    throw foreign(
      first,
      `its parts hold ${counted(partOf.size, 'tensor')}, and should hold ${split.tensors}`,
    );
  const files = parts.flatMap((part) => part.files);
  const fileBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const ofParts = new Set<string>(Object.values(SPLIT_KEYS));
  const metadata = new Map([...first.metadata].filter(([key]) => !ofParts.has(key)));
  return { ...first, metadata, tensors: [...partOf.values()], files, fileBytes };
}

/** undefined for a whole file, also for one that was joined, which says that it has no parts. */
export function splitOf(start: Pick<GgufStart, 'path' | 'metadata'>): Split | undefined {
  if ((metadataNumber(start, SPLIT_KEYS.count) ?? 0) <= 1) return undefined;
  const number = splitNumber(start, 'number');
  const count = splitNumber(start, 'count');
  if (number >= count || count > MOST_PARTS)
    throw broken(start.path, `it says that it is part ${number + 1} of ${count}`);
  return { number, count, tensors: splitNumber(start, 'tensors') };
}

function splitNumber(start: Pick<GgufStart, 'path' | 'metadata'>, what: keyof typeof SPLIT_KEYS): number {
  const key = SPLIT_KEYS[what];
  const entry = start.metadata.get(key);
  if (entry?.type !== TYPES[what] || typeof entry.value !== 'number' || entry.value < 0)
    throw broken(start.path, `it is a part of a split model, and its ${key} is missing or of another type`);
  return entry.value;
}

/** The name of a part, when it says the same as what the part holds. */
function nameOf({ path }: Gguf, { number, count }: Split): PartName {
  const name = partName(path);
  if (name?.number === number + 1 && name.count === count) return name;
  const digits = (value: number) => String(value).padStart(5, '0');
  throw new SnugError(
    'BROKEN_GGUF',
    `${path} is part ${number + 1} of ${count} of a split model, and its name does not say so`,
    {
      advice: `Give all parts the names that they were published under: this one is called …-${digits(number + 1)}-of-${digits(count)}.gguf.`,
    },
  );
}

const MOST_NAMED = 3;

function incomplete(name: PartName, { count }: Split): SnugError {
  const missing = Array.from({ length: count }, (_, i) => pathOfPart(name, i + 1))
    .filter((path) => !existsSync(path))
    .map((path) => basename(path));
  const more = missing.length - MOST_NAMED;
  const named = missing.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return new SnugError(
    'BROKEN_GGUF',
    `${pathOfPart(name, 1)} is not complete: it is split over ${count} files, and ${counted(missing.length, 'file')} of them ${missing.length === 1 ? 'is' : 'are'} missing (${named})`,
    { advice: `Bring what is missing into ${name.folder}, or download it again.` },
  );
}

/** Parts that do not make one model. */
function foreign(of: PartName | Gguf, what: string): SnugError {
  const path = 'path' in of ? of.path : pathOfPart(of, 1);
  return new SnugError('BROKEN_GGUF', `the parts of ${path} do not belong together: ${what}`, {
    advice: 'Download all parts again from one repository, into a folder of their own.',
  });
}

function broken(path: string, what: string): SnugError {
  return new SnugError('BROKEN_GGUF', `${path} is not a usable GGUF file: ${what}`, {
    advice: 'The file may be damaged or only partly downloaded; download it again.',
  });
}
