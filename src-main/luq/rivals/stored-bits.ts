import { RIVAL_GROUP, type RivalMethod } from './methods.ts';

/** What a rival's own format would store of a matrix, counted bit by bit. */

/** Of a scale; a zero point has as many bits as a code. */
const SCALE_BITS = 16;

export interface RivalMatrix {
  readonly rows: number;
  readonly columns: number;
  /** BiLLM's: salient columns, summed over the blocks of 128 */
  readonly salientColumns: number;
}

const groupsIn = (columns: number) => Math.ceil(columns / RIVAL_GROUP);

/**
 * Bits of a matrix, all of them.
 *
 * - GPTQ and AWQ: codes; for each group of a row, or each row, a scale and a zero point. AWQ's channel scales go into the norm or the
 *   matrix before, and take nothing.
 * - BiLLM: a sign for each weight and a second one for those in salient columns; which columns these are; for each other weight which of
 *   its two groups it is in; for each row of a block two scales of each kind.
 */
export function storedBits({ native }: RivalMethod, { rows, columns, salientColumns }: RivalMatrix): number {
  if (native.method === 'billm') {
    const signs = rows * (columns + salientColumns);
    const groups = rows * (columns - salientColumns);
    return signs + groups + columns + rows * groupsIn(columns) * 4 * SCALE_BITS;
  }
  const bits = native.bits ?? 0;
  const scales = rows * (native.groups ? groupsIn(columns) : 1);
  return rows * columns * bits + scales * (SCALE_BITS + bits);
}

/** Bits as the method's paper counts them: codes alone; BiLLM's signs, two of a salient weight (section 4.1). */
export function paperBits({ native }: RivalMethod, { rows, columns, salientColumns }: RivalMatrix): number {
  return native.method === 'billm' ? rows * (columns + salientColumns) : rows * columns * (native.bits ?? 0);
}
