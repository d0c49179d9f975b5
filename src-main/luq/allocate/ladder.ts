import { SnugError } from '../../contract/errors.ts';
import {
  blockSize,
  isFloatType,
  isKnownType,
  tensorBytes,
  tensorTypeId,
  tensorTypeName,
} from '../../gguf/tensor-types.ts';

/** What a plan gives to matrices, fewest bits first; the packaged llama.cpp quantizes to all of them and decodes them on CPUs. */
export const LADDER = [
  'IQ1_S',
  'IQ1_M',
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'Q2_K',
  'IQ3_XXS',
  'IQ3_S',
  'Q3_K',
  'IQ4_XS',
  'IQ4_NL',
  'Q4_K',
  'Q5_K',
  'Q6_K',
  'Q8_0',
  'F16',
] as const;

/** Their ggml ids, fewest bits first. */
const LADDER_IDS: readonly number[] = LADDER.map(tensorTypeId);

/** Where rows do not divide by 256: types of 32 values a block (llama.cpp, src/llama-quant.cpp, tensor_type_fallback). */
const FALLBACKS: ReadonlyMap<number, number> = new Map(
  Object.entries({
    IQ1_S: 'IQ4_NL',
    IQ1_M: 'IQ4_NL',
    IQ2_XXS: 'IQ4_NL',
    IQ2_XS: 'IQ4_NL',
    IQ2_S: 'IQ4_NL',
    IQ3_XXS: 'IQ4_NL',
    IQ3_S: 'IQ4_NL',
    IQ4_XS: 'IQ4_NL',
    Q2_K: 'Q4_0',
    Q3_K: 'Q4_0',
    TQ1_0: 'Q4_0',
    TQ2_0: 'Q4_0',
    Q4_K: 'Q5_0',
    Q5_K: 'Q5_1',
    Q6_K: 'Q8_0',
  }).map(([type, fallback]) => [tensorTypeId(type), tensorTypeId(fallback)]),
);
const F16 = tensorTypeId('F16');
const HALF_BITS = 16;

/** Types that llama.cpp quantizes to with an importance matrix only (tensor_requires_imatrix there). */
const NEEDS_IMPORTANCE = new Set(
  ['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS'].map(tensorTypeId),
);

/** @param type ggml id */
export function needsImportance(type: number): boolean {
  return NEEDS_IMPORTANCE.has(type);
}

/**
 * The type that a matrix gets whose rows have `columns` values when it is asked for as `type`: that, what llama.cpp falls back to,
 * or F16 where the rows do not even divide by 32.
 */
export function storedAs(type: number, columns: number): number {
  if (columns % blockSize(type) === 0) return type;
  const fallback = FALLBACKS.get(type) ?? type;
  return columns % blockSize(fallback) === 0 ? fallback : F16;
}

/** @param type ggml id, of whose blocks the rows are made */
export function bytesIn(type: number, columns: number, elements: number): number {
  const bytes = tensorBytes(type, columns, elements);
  if (bytes === undefined) {
    throw new SnugError('BUG', `rows of ${columns} values cannot be stored as ${tensorTypeName(type)}`);
  }
  return bytes;
}

/** Of whole blocks: 4.5 for Q4_K. */
export function bitsPerWeight(type: number): number {
  const values = blockSize(type);
  return (8 * bytesIn(type, values, values)) / values;
}

/**
 * The distinct types that a matrix of such rows can be stored in, fewest bits first, and last what its source is in. Those that take more
 * than the source are none of them, nor is F32, which says no more of a network than F16.
 *
 * @param source ggml id
 */
export function typesFor(columns: number, source: number): number[] {
  if (!isKnownType(source)) return [source];
  const isWide = isFloatType(source) && bitsPerWeight(source) > HALF_BITS;
  const most = isWide ? HALF_BITS + 1 : bitsPerWeight(source);
  const stored = LADDER_IDS.map((type) => storedAs(type, columns)).filter(
    (type) => bitsPerWeight(type) < most,
  );
  const distinct = [...new Set(stored)].sort((a, b) => bitsPerWeight(a) - bitsPerWeight(b));
  return isWide ? distinct : [...distinct, source];
}
