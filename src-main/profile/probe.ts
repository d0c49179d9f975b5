import { withAbort } from '../engine/native-calls.ts';
import type { Addon } from '../engine/native-types.ts';
import { tensorBytes } from '../gguf/tensor-types.ts';

/** A weight matrix that one decoded token is multiplied with. */
export interface Matrix {
  readonly type: number;
  readonly columns: number;
  readonly rows: number;
  /** in a layout that takes much more room than in the file, where there is one */
  readonly wide?: boolean | undefined;
}

export interface KernelSpeed extends Matrix {
  readonly bytesPerSecond: number;
}

/** Larger than the last-level cache of any laptop, as a real model's weights are. */
const CAREFULLY = { workingSetBytes: 128 * 2 ** 20, seconds: 0.3 };
/** Enough to tell which of two kernels is faster, where someone waits. */
const QUICKLY = { workingSetBytes: 64 * 2 ** 20, seconds: 0.05 };

/** Equal for matrices that are multiplied with alike. */
export function keyOf({ type, columns, rows, wide }: Matrix): string {
  return `${type} ${columns} ${rows}${wide ? ' wide' : ''}`;
}

/** Whether a matrix has a layout here that takes more room than its lean one. */
export function hasWideLayout(addon: Addon, { type, columns, rows }: Matrix): boolean {
  const bytes = (wide: boolean) => addon.loadedWeight({ type, columns, rows, wide }).bytes;
  return bytes(true) > bytes(false);
}

/** Measures each distinct matrix once: bytes of weights multiplied per second on this machine. */
export async function probeKernels(
  addon: Addon,
  matrices: readonly Matrix[],
  options: {
    threads: number;
    quickly?: boolean | undefined;
    signal?: AbortSignal | undefined;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<KernelSpeed[]> {
  const distinct = [...new Map(matrices.map((matrix) => [keyOf(matrix), matrix])).values()];
  const speeds: KernelSpeed[] = [];
  for (const matrix of distinct) {
    const bytesPerSecond = await withAbort(addon, options.signal, (abort) =>
      addon.probeProduct(
        {
          ...matrix,
          wide: matrix.wide ?? false,
          ...(options.quickly ? QUICKLY : CAREFULLY),
          threads: options.threads,
        },
        abort,
      ),
    );
    speeds.push({ ...matrix, bytesPerSecond });
    options.onProgress?.(speeds.length, distinct.length);
  }
  return speeds;
}

/**
 * Decode speed if multiplying weights were all there is: each token passes every matrix once. Attention over a long context
 * and sampling come on top, so this is an upper bound.
 */
export function predictTokensPerSecond(matrices: readonly Matrix[], speeds: readonly KernelSpeed[]): number {
  const speedOf = new Map(speeds.map((speed) => [keyOf(speed), speed.bytesPerSecond]));
  let seconds = 0;
  for (const matrix of matrices) {
    const bytes = tensorBytes(matrix.type, matrix.columns, matrix.columns * matrix.rows) ?? 0;
    const speed = speedOf.get(keyOf(matrix));
    if (speed === undefined) throw new Error(`no speed was measured for ${keyOf(matrix)}`);
    seconds += bytes / speed;
  }
  return 1 / seconds;
}
