import { SOURCE_PRECISIONS } from '../contract/catalogue.ts';

/** A file of a repository, as the hub lists it. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
}

/** A model of a repository: one file, or the parts of one that is split, in order. */
export interface ListedModel {
  /** as its name has it, in capitals: F16, Q8_0, Q4_K_M; null where the name says nothing */
  readonly precision: string | null;
  readonly files: readonly ListedFile[];
  /** of all files */
  readonly bytes: number;
}

export interface ListedRepository {
  /** best first */
  readonly models: readonly ListedModel[];
  /** vision files, best first */
  readonly visions: readonly ListedFile[];
  /** split models that lack a part */
  readonly incomplete: readonly string[];
}

/** Types of llama.cpp's converters and quantizers, between separators: Qwen3VL-4B-Instruct-Q4_K_M.gguf, mmproj-model-f16.gguf. */
const PRECISION =
  /(?<=^|[-_.])(BF16|F(?:P)?16|F(?:P)?32|I?Q\d(?:_(?:K|\d|XXS|XS|NL|[SML]|XL))*|TQ\d_\d|MXFP4)(?=$|[-_.])/gi;
const PART = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;
const VISION = /mmproj/i;
/** Files beside models that are none: importance matrices, draft models. */
const NO_MODEL = /imatrix|(^|[-_.])(draft|mtp|lora)([-_.]|$)/i;

/** Types of vision files, best first: their weights are few, and half of them in F16 costs little. */
const VISION_ORDER = ['F16', 'BF16', 'F32', 'Q8_0'];
/** Sources first, then what has most bits; F32 is twice as large as F16 and no better. */
const MODEL_ORDER: readonly (string | null)[] = [...SOURCE_PRECISIONS, 'F32', null];

/** What a model can be made of from a repository's list of files, going by their names. */
export function readRepository(files: readonly ListedFile[]): ListedRepository {
  const ggufs = files.filter(({ path }) => /\.gguf$/i.test(path) && !NO_MODEL.test(baseName(path)));
  const visions = ggufs.filter(({ path }) => VISION.test(baseName(path)));
  const { models, incomplete } = modelsOf(ggufs.filter((file) => !visions.includes(file)));
  return {
    models: models.toSorted((a, b) => rank(a) - rank(b) || b.bytes - a.bytes),
    visions: visions.toSorted((a, b) => visionRank(a) - visionRank(b)),
    incomplete,
  };
}

/** The precision that a file's name tells, in capitals; the last word counts that looks like one. */
export function precisionOf(path: string): string | null {
  const name = baseName(path)
    .replace(PART, '')
    .replace(/\.gguf$/i, '');
  const found = [...name.matchAll(PRECISION)].at(-1)?.[0].toUpperCase();
  return found?.replace(/^FP/, 'F') ?? null;
}

/** Whether a fit may start from it, as far as its name tells. */
export function isSourcePrecision(precision: string | null): boolean {
  return precision === 'F32' || SOURCE_PRECISIONS.some((source) => source === precision);
}

function modelsOf(files: readonly ListedFile[]): { models: ListedModel[]; incomplete: string[] } {
  const groups = Map.groupBy(files, ({ path }) => path.replace(PART, ''));
  const models: ListedModel[] = [];
  const incomplete: string[] = [];
  for (const [path, parts] of groups) {
    const ordered = parts.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const wanted = Number(PART.exec(ordered[0]?.path ?? '')?.[2] ?? 1);
    const numbers = ordered.map((part) => Number(PART.exec(part.path)?.[1] ?? 1));
    if (ordered.length !== wanted || numbers.some((number, i) => number !== i + 1)) incomplete.push(path);
    else models.push({ precision: precisionOf(path), files: ordered, bytes: sum(ordered) });
  }
  return { models, incomplete };
}

function rank({ precision }: ListedModel): number {
  const place = MODEL_ORDER.indexOf(precision);
  return place < 0 ? MODEL_ORDER.length : place;
}

function visionRank({ path }: ListedFile): number {
  const place = VISION_ORDER.indexOf(precisionOf(path) ?? '');
  return place < 0 ? VISION_ORDER.length : place;
}

function sum(files: readonly ListedFile[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
