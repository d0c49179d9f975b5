import type { Addon } from '../engine/native-types.ts';
import { kernelSeconds, largestOfEach } from './kernel-seconds.ts';
import { keptKernelSpeeds, knownKernelSpeeds, type KeptSpeeds } from './probe-cache.ts';
import type { Matrix } from './probe.ts';

/**
 * Whether this machine multiplies faster with these matrices in their wide layouts than in their lean ones: memory may be what its cores
 * wait for, and wide ones are more of it. What was timed here with care counts, however long ago, and what was timed quickly for a day; of
 * a type and layout that was not, the largest matrix is timed quickly.
 *
 * @param matrices those of a token, marked where they have a wide layout
 */
export async function wideIsFaster(
  addon: Addon,
  matrices: readonly Matrix[],
  options: KeptSpeeds & { readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const wide = matrices.filter((matrix) => matrix.wide);
  const kept = keptKernelSpeeds({ ...options, quickly: true });
  const known = kernelSeconds(kept);
  const untimed = largestOfEach([...wide, ...wide.map(lean)]).filter((one) => known(one) === undefined);
  const speeds =
    untimed.length === 0 ? kept : await knownKernelSpeeds(addon, untimed, { ...options, quickly: true });
  const secondsOf = kernelSeconds(speeds);
  const seconds = (all: readonly Matrix[]) => all.reduce((sum, one) => sum + (secondsOf(one) ?? 0), 0);
  return seconds(wide) < seconds(wide.map(lean));
}

function lean({ type, columns, rows }: Matrix): Matrix {
  return { type, columns, rows };
}
