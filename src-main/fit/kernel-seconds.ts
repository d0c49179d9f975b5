import { tensorBytes } from '../gguf/tensor-types.ts';
import type { Matrix } from '../luq/allocate/items.ts';
import type { KernelSpeed } from '../profile/probe.ts';

/**
 * Seconds of a token's time that multiplying with a matrix takes in a type and in its wide or its lean layout; undefined where no kernel
 * for these was timed.
 */
export type SecondsOf = (matrix: Pick<Matrix, 'shape'>, type: number, wide?: boolean) => number | undefined;

/**
 * From the speeds of some kernels: of the same matrix where it was timed, else of the one of the same type and layout that is nearest in
 * size. Good enough to choose by; what is chosen is timed itself.
 */
export function kernelSeconds(speeds: readonly KernelSpeed[]): SecondsOf {
  const keyOf = (type: number, wide: boolean) => `${type} ${wide}`;
  const byKernel = Map.groupBy(speeds, ({ type, wide = false }) => keyOf(type, wide));
  return ({ shape: [columns = 1, rows = 1] }, type, wide = false) => {
    const bytes = tensorBytes(type, columns, columns * rows);
    const distance = (speed: KernelSpeed) =>
      Math.abs(Math.log((speed.columns * speed.rows) / (columns * rows))) +
      (speed.columns === columns && speed.rows === rows ? 0 : Number.EPSILON);
    const [nearest] = (byKernel.get(keyOf(type, wide)) ?? []).toSorted((a, b) => distance(a) - distance(b));
    return nearest && bytes !== undefined ? bytes / nearest.bytesPerSecond : undefined;
  };
}
