import { tensorBytes } from '../gguf/tensor-types.ts';
import type { Matrix } from '../luq/allocate/items.ts';
import type { KernelSpeed } from '../profile/probe.ts';

/** Seconds of a token's time that multiplying with a matrix takes in a type; undefined where no kernel of the type was timed. */
export type SecondsOf = (matrix: Pick<Matrix, 'shape'>, type: number) => number | undefined;

/**
 * From the speeds of some kernels: of the same matrix where it was timed, else of the one of the same type that is nearest in size. Good
 * enough to choose by; what is chosen is timed itself.
 */
export function kernelSeconds(speeds: readonly KernelSpeed[]): SecondsOf {
  // what a budget leaves room for is not known before a plan is chosen
  const byType = Map.groupBy(
    speeds.filter(({ wide }) => !wide),
    ({ type }) => type,
  );
  return ({ shape: [columns = 1, rows = 1] }, type) => {
    const bytes = tensorBytes(type, columns, columns * rows);
    const distance = (speed: KernelSpeed) =>
      Math.abs(Math.log((speed.columns * speed.rows) / (columns * rows))) +
      (speed.columns === columns && speed.rows === rows ? 0 : Number.EPSILON);
    const [nearest] = (byType.get(type) ?? []).toSorted((a, b) => distance(a) - distance(b));
    return nearest && bytes !== undefined ? bytes / nearest.bytesPerSecond : undefined;
  };
}
