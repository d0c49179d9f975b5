import { tensorBytes } from '../gguf/tensor-types.ts';
import type { KernelSpeed, Matrix } from './probe.ts';

/** Seconds of a token's time that multiplying with a matrix takes; undefined where no kernel of its type and layout was timed. */
export type SecondsOf = (matrix: Matrix) => number | undefined;

/**
 * From the speeds of some kernels: of the same matrix where it was timed, else of the one of the same type and layout that is nearest in
 * size. Good enough to choose by; what is chosen is timed itself.
 */
export function kernelSeconds(speeds: readonly KernelSpeed[]): SecondsOf {
  const byKernel = Map.groupBy(speeds, kernelOf);
  return (matrix) => {
    const { type, columns, rows } = matrix;
    const bytes = tensorBytes(type, columns, columns * rows);
    const distance = (speed: KernelSpeed) =>
      Math.abs(Math.log((speed.columns * speed.rows) / (columns * rows))) +
      (speed.columns === columns && speed.rows === rows ? 0 : Number.EPSILON);
    const [nearest] = (byKernel.get(kernelOf(matrix)) ?? []).toSorted((a, b) => distance(a) - distance(b));
    return nearest && bytes !== undefined ? bytes / nearest.bytesPerSecond : undefined;
  };
}

/** Of each type and layout the largest matrix. */
export function largestOfEach(matrices: readonly Matrix[]): Matrix[] {
  const largest = new Map<string, Matrix>();
  for (const matrix of matrices) {
    const before = largest.get(kernelOf(matrix));
    if (!before || before.columns * before.rows < matrix.columns * matrix.rows)
      largest.set(kernelOf(matrix), matrix);
  }
  return [...largest.values()];
}

function kernelOf({ type, wide = false }: Matrix): string {
  return `${type} ${wide}`;
}
