import { SnugError } from '../contract/errors.ts';
import type { Gguf } from '../gguf/gguf.ts';
import { GgufType, metadataNumber } from '../gguf/gguf.ts';

/** A model that no program made so: llama.cpp trusts what a header says, and ends or takes all memory where it is wrong. */
export function implausible(gguf: Gguf, what: string): SnugError {
  return new SnugError('BROKEN_GGUF', `${gguf.path} is not a usable model: ${what}`, {
    advice: 'The file may be damaged, or made to do harm; take it from where the model was published.',
  });
}

/** A sound model that llama.cpp, or Snug, cannot run. */
export function unusable(gguf: Gguf, what: string): SnugError {
  return new SnugError('UNSUPPORTED_MODEL', `${gguf.path} cannot be used: ${what}`, {
    advice: 'Take another conversion of this model, from another repository or a newer one.',
  });
}

export interface Range {
  readonly least: number;
  readonly most: number;
  /** why no real model has more, for the message */
  readonly reason: string;
}

/** A number that may be left out; throws when it is there and no whole number in the range. */
export function wholeNumberIn(gguf: Gguf, key: string, { least, most, reason }: Range): number | undefined {
  if (!gguf.metadata.has(key)) return undefined;
  const value = metadataNumber(gguf, key);
  if (value === undefined || !Number.isInteger(value) || value < least || value > most)
    throw implausible(
      gguf,
      `${key} is ${value ?? 'no number'}, and must lie between ${least} and ${most} (${reason})`,
    );
  return value;
}

/** The number, or every number of a list with one for each layer. */
export function wholeNumbersIn(gguf: Gguf, key: string, range: Range): readonly number[] {
  const value = gguf.metadata.get(key)?.value;
  if (typeof value !== 'object') return [wholeNumberIn(gguf, key, range) ?? []].flat();
  const wrong = value.values().find((item) => {
    const number = typeof item === 'bigint' ? Number(item) : item;
    return !Number.isInteger(number) || Number(number) < range.least || Number(number) > range.most;
  });
  if (wrong !== undefined)
    throw implausible(
      gguf,
      `${key} holds ${String(wrong)}, and must lie between ${range.least} and ${range.most} (${range.reason})`,
    );
  return value.values().map(Number);
}

/** Throws when a number is there and infinite, none, below the least or above the most. */
export function checkReal(gguf: Gguf, key: string, least: number, most: number): void {
  if (!gguf.metadata.has(key)) return;
  const value = metadataNumber(gguf, key);
  if (value === undefined || !(value >= least && value <= most))
    throw implausible(gguf, `${key} is ${value ?? 'no number'}, and must lie between ${least} and ${most}`);
}

/** Throws when an entry is there with another type than llama.cpp's encoder loader takes: it ends the process. */
export function checkType(gguf: Gguf, key: string, type: keyof typeof GgufType): void {
  const entry = gguf.metadata.get(key);
  if (entry && entry.type !== GgufType[type]) throw implausible(gguf, `${key} is not stored as ${type}`);
}
