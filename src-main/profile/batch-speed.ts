import { withAbort } from '../engine/native-calls.ts';
import type { Addon } from '../engine/native-types.ts';
import { tensorBytes } from '../gguf/tensor-types.ts';
import type { Matrix } from './probe.ts';

/** Tokens that are multiplied together: with so many a product is as quick per token as with any more. */
const TOKENS = 256;
/** A part of a matrix says how quick the whole is. */
const MOST_WEIGHTS = 1 << 23;
/** What runs beside this makes one turn slow, and seldom the next as well. */
const TURNS = 2;
const SECONDS_PER_TURN = 0.05;

export interface TimedType {
  readonly type: number;
  /** in ggml's blocks, as where a file stays mapped */
  readonly asStored: boolean;
}

/**
 * Seconds that all these matrices take for a token of a large batch, in each of the types: the product alone, timed by turns on a part of
 * one matrix of each width. @param matrices [columns, weights in all matrices of that width]
 */
export async function batchSeconds(
  addon: Addon,
  matrices: ReadonlyMap<number, { readonly rows: number; readonly weights: number }>,
  types: readonly TimedType[],
  { threads, signal }: { readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<number[]> {
  const seconds = types.map(() => 0);
  for (const [columns, { rows, weights }] of matrices) {
    const part = { columns, rows: Math.min(rows, Math.max(1, Math.floor(MOST_WEIGHTS / columns))) };
    const fastest = types.map(() => 0);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [i, { type, asStored }] of types.entries()) {
        const perSecond = await weightsPerSecond(addon, { ...part, type }, { asStored, threads, signal });
        fastest[i] = Math.max(fastest[i] ?? 0, perSecond);
      }
    }
    for (const [i, perSecond] of fastest.entries()) seconds[i] = (seconds[i] ?? 0) + weights / perSecond;
  }
  return seconds;
}

/** Weights multiplied with one token each in a second. */
async function weightsPerSecond(
  addon: Addon,
  matrix: Matrix,
  {
    signal,
    ...options
  }: { readonly asStored: boolean; readonly threads: number; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const bytesPerSecond = await withAbort(addon, signal, (abort) =>
    addon.probeProduct(
      { ...matrix, ...options, workingSetBytes: 1, seconds: SECONDS_PER_TURN, tokens: TOKENS },
      abort,
    ),
  );
  const bytes = tensorBytes(matrix.type, matrix.columns, matrix.columns * matrix.rows) ?? 0;
  return (bytesPerSecond / bytes) * matrix.columns * matrix.rows * TOKENS;
}
