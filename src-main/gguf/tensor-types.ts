import { SnugError } from '../contract/errors.ts';

/** ggml's tensor types: [name, values per block, bytes per block]; checked against the loaded llama.cpp by a test. */
const TENSOR_TYPES: ReadonlyMap<number, readonly [string, number, number]> = new Map([
  [0, ['F32', 1, 4]],
  [1, ['F16', 1, 2]],
  [2, ['Q4_0', 32, 18]],
  [3, ['Q4_1', 32, 20]],
  [6, ['Q5_0', 32, 22]],
  [7, ['Q5_1', 32, 24]],
  [8, ['Q8_0', 32, 34]],
  [10, ['Q2_K', 256, 84]],
  [11, ['Q3_K', 256, 110]],
  [12, ['Q4_K', 256, 144]],
  [13, ['Q5_K', 256, 176]],
  [14, ['Q6_K', 256, 210]],
  [16, ['IQ2_XXS', 256, 66]],
  [17, ['IQ2_XS', 256, 74]],
  [18, ['IQ3_XXS', 256, 98]],
  [19, ['IQ1_S', 256, 50]],
  [20, ['IQ4_NL', 32, 18]],
  [21, ['IQ3_S', 256, 110]],
  [22, ['IQ2_S', 256, 82]],
  [23, ['IQ4_XS', 256, 136]],
  [24, ['I8', 1, 1]],
  [25, ['I16', 1, 2]],
  [26, ['I32', 1, 4]],
  [27, ['I64', 1, 8]],
  [28, ['F64', 1, 8]],
  [29, ['IQ1_M', 256, 56]],
  [30, ['BF16', 1, 2]],
  [34, ['TQ1_0', 256, 54]],
  [35, ['TQ2_0', 256, 66]],
] as const);

/** Types that llama.cpp has, or had, and Snug does not know the sizes of. */
const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2'],
  [5, 'Q4_3'],
  [9, 'Q8_1'],
  [15, 'Q8_K'],
  [31, 'Q4_0_4_4'],
  [32, 'Q4_0_4_8'],
  [33, 'Q4_0_8_8'],
  [36, 'IQ4_NL_4_4'],
  [37, 'IQ4_NL_4_8'],
  [38, 'IQ4_NL_8_8'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
  [41, 'Q1_0'],
  [42, 'Q2_0'],
]);

export function tensorTypeName(type: number): string {
  return TENSOR_TYPES.get(type)?.[0] ?? OTHER_TYPES.get(type) ?? `type ${type}`;
}

export function isKnownType(type: number): boolean {
  return TENSOR_TYPES.has(type);
}

export function tensorTypeId(name: string): number {
  for (const [id, [known]] of TENSOR_TYPES) if (known === name) return id;
  throw new SnugError('BAD_ARGUMENT', `unknown tensor type ${name}`);
}

export function tensorTypes(): { id: number; name: string; blockSize: number; blockBytes: number }[] {
  return [...TENSOR_TYPES].map(([id, [name, blockSize, blockBytes]]) => ({
    id,
    name,
    blockSize,
    blockBytes,
  }));
}

/** Bytes of `elements` values in rows of `columns`; undefined for an unknown type or rows that do not divide into blocks. */
export function tensorBytes(type: number, columns: number, elements: number): number | undefined {
  const entry = TENSOR_TYPES.get(type);
  if (!entry || columns % entry[1] !== 0) return undefined;
  return (elements / entry[1]) * entry[2];
}

/** Values in one block of a type: 256 for K-quants and most low-bit types, 32 for the older ones, 1 for floats. */
export function blockSize(type: number): number {
  return TENSOR_TYPES.get(type)?.[1] ?? 1;
}

export function isFloatType(type: number): boolean {
  return blockSize(type) === 1;
}
