import type { MeasuringContext } from '../src-main/fit/measuring-context.ts';

/** Memory in all that a plan of so many bits per weight takes, without what llama.cpp arranges anew. */
export function budgetOfBits({ planner, source }: MeasuringContext, bits: number): number {
  const { weightsBytes, totalBytes } = planner.unquantized().memory;
  return Math.round(totalBytes - weightsBytes + (bits * source.text.parameters) / 8);
}
