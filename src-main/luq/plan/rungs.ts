import { SnugError } from '../../contract/errors.ts';
import { RUNGS, type Rung, type Rungs } from '../../contract/rungs.ts';

/** Their ids (llama.h, llama_ftype). */
const FILE_TYPES: Readonly<Record<Rung, number>> = {
  Q8_0: 7,
  Q2_K: 10,
  Q3_K_S: 11,
  Q3_K_M: 12,
  Q3_K_L: 13,
  Q4_K_S: 14,
  Q4_K_M: 15,
  Q5_K_S: 16,
  Q5_K_M: 17,
  Q6_K: 18,
  IQ2_XXS: 19,
  IQ2_XS: 20,
  IQ3_XXS: 23,
  IQ1_S: 24,
  IQ4_NL: 25,
  IQ3_S: 26,
  IQ3_M: 27,
  IQ2_S: 28,
  IQ2_M: 29,
  IQ4_XS: 30,
  IQ1_M: 31,
};

/** LUQ in llama.cpp: 4-bit layers Q4_K_M, ultra-low layers IQ1_M. */
export const DEFAULT_RUNGS: Rungs = { high: 'Q4_K_M', low: 'IQ1_M' };

export function fileTypeId(rung: Rung): number {
  return FILE_TYPES[rung];
}

/** "iq3_m" → the file type. */
export function parseFileType(text: string): Rung {
  const name = RUNGS.find((rung) => rung === text.trim().toUpperCase());
  if (name) return name;
  throw new SnugError('BAD_ARGUMENT', `"${text}" is not a file type`, {
    advice: `Write one of ${RUNGS.join(', ')}.`,
  });
}

/** "Q4_K_M,IQ1_M" → the two rungs. */
export function parseRungs(text: string): Rungs {
  const names = text.split(',').map((name) => name.trim().toUpperCase());
  const known = (name: string | undefined): name is Rung =>
    name !== undefined && Object.hasOwn(FILE_TYPES, name);
  const [high, low] = names;
  if (names.length !== 2 || !known(high) || !known(low)) {
    throw new SnugError('BAD_ARGUMENT', `"${text}" is not a pair of rungs`, {
      advice: `Write two of ${Object.keys(FILE_TYPES).join(', ')}, the better one first: Q4_K_M,IQ1_M.`,
    });
  }
  if (high === low) throw new SnugError('BAD_ARGUMENT', `the two rungs are the same: ${high}`);
  return { high, low };
}
