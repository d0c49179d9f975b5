import { basename, dirname, join } from 'node:path';

/** What a part of a split model is called: llama-gguf-split's names, by which llama.cpp finds the others. */
export interface PartName {
  readonly folder: string;
  /** what all parts begin with, and what the joined file would be called without its ending */
  readonly stem: string;
  /** from 1 */
  readonly number: number;
  readonly count: number;
  /** “.gguf”, in the letters that the file has */
  readonly ending: string;
}

/** “model-00002-of-00003.gguf” */
const PART_NAME = /^(.+)-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** A model is split by tens of gigabytes, and every part stays open while it is loaded. */
export const MOST_PARTS = 500;

/** undefined for what is not called as a part is. */
export function partName(path: string): PartName | undefined {
  const [, stem, number, count, ending] = PART_NAME.exec(basename(path)) ?? [];
  if (stem === undefined || ending === undefined) return undefined;
  const part = { folder: dirname(path), stem, number: Number(number), count: Number(count), ending };
  return part.number >= 1 && part.number <= part.count && part.count <= MOST_PARTS ? part : undefined;
}

/** Where another part of the same model lies. */
export function pathOfPart({ folder, stem, count, ending }: PartName, number: number): string {
  const digits = (value: number) => String(value).padStart(5, '0');
  return join(folder, `${stem}-${digits(number)}-of-${digits(count)}${ending}`);
}

/** Where all parts lie, going by the name of one; the path alone where it is not called as a part is. */
export function pathsOfParts(path: string): readonly string[] {
  const part = partName(path);
  // a model in two parts is the least that is split
  if (!part || part.count < 2) return [path];
  return Array.from({ length: part.count }, (_, i) => pathOfPart(part, i + 1));
}

/** Each model once, going by names: of a split one the first part that is among them. */
export function oncePerModel(paths: readonly string[]): string[] {
  const models = new Map<string, string>();
  for (const path of paths.toSorted()) {
    const [first = path] = pathsOfParts(path);
    if (!models.has(first)) models.set(first, path);
  }
  return [...models.values()];
}

/** A file's name without its ending and, of a part, without its number: what to call something made from it. */
export function stemOf(path: string): string {
  return partName(path)?.stem ?? basename(path).replace(/\.[^.]*$/, '');
}
