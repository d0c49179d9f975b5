import { join } from 'node:path';
import type { Addon } from '../engine/native-types.ts';
import { workFolder } from '../home.ts';
import { decodeMatrices, type Plan } from '../luq/plan/plan.ts';
import { knownKernelSpeeds } from '../profile/probe-cache.ts';
import { predictTokensPerSecond, type Matrix } from '../profile/probe.ts';
import type { ReadContext } from './context.ts';

export function kernelCache(home: string): string {
  return join(workFolder(home), 'kernels.json');
}

/** Where this machine's kernel speeds are kept, and under which conditions they were timed. */
export function kernelSpeeds({ request, laptop }: Pick<ReadContext, 'request' | 'laptop'>) {
  return { cachePath: kernelCache(request.home), laptop, threads: request.threads };
}

/** Whether a matrix has a layout here that takes more room than its usual one. */
function isWide(addon: Addon): (matrix: Matrix) => boolean {
  const bytes = ({ type, columns, rows }: Matrix, wide: boolean) =>
    addon.loadedWeight({ type, columns, rows, wide }).bytes;
  return (matrix) => bytes(matrix, true) > bytes(matrix, false);
}

/** Predicted tokens per second of a plan; kernels that this machine has not timed yet are timed first. */
export async function predictedSpeedOf(
  context: Omit<ReadContext, 'planner'>,
  { types, memory }: Plan,
): Promise<number> {
  const { addon, source, signal } = context;
  const matrices = decodeMatrices(source.text.gguf.tensors, types, memory.wide ? isWide(addon) : undefined);
  const speeds = await knownKernelSpeeds(addon, matrices, { ...kernelSpeeds(context), signal });
  return predictTokensPerSecond(matrices, speeds);
}
