import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Laptop } from '../contract/fit-report.ts';
import type { Addon } from '../engine/native-types.ts';
import { readKept } from '../files/json-file.ts';
import { makeFolder, writeFileAtomically } from '../files/durable-files.ts';
import { workFolder } from '../home.ts';
import { ownVersion } from '../root.ts';
import { keyOf, probeKernels, type KernelSpeed, type Matrix } from './probe.ts';
import { processorName } from './processor-name.ts';

/** Machines and numbers of threads whose speeds are kept at a time, those that were timed last. */
const MOST_KEPT = 8;

const keptSpeedSchema = z.object({
  type: z.int(),
  columns: z.int(),
  rows: z.int(),
  wide: z.boolean().optional(),
  bytesPerSecond: z.number().positive(),
  /** when it was timed last, in milliseconds of the epoch */
  timedAt: z.number(),
  /** well enough to compare it with others that were, and not to tell it */
  quickly: z.boolean().optional(),
});
type KeptSpeed = z.infer<typeof keptSpeedSchema>;
/** `machine`: what the speeds hold for */
const cacheSchema = z.array(z.object({ machine: z.string(), speeds: z.array(keptSpeedSchema) }));

/** How long a timing is taken at its word. */
const TRUSTED_MS = 24 * 60 * 60 * 1000;

function isTrusted({ timedAt }: KeptSpeed): boolean {
  const age = Date.now() - timedAt;
  // a clock that was set back makes no timing trusted for years
  return age >= 0 && age < TRUSTED_MS;
}

/**
 * Kernel speeds of this machine, measured and kept: each takes half a second, and another budget should not wait for them. After a day
 * they are timed again and the faster counts: what was timed beside other work is too slow.
 */
export async function knownKernelSpeeds(
  addon: Addon,
  matrices: readonly Matrix[],
  options: KeptSpeeds & {
    /** well enough to compare them; they are timed again where a speed is to be told */
    quickly?: boolean;
    signal?: AbortSignal | undefined;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<KernelSpeed[]> {
  const kept = readSpeeds(options);
  const { quickly = false } = options;
  const isGoodEnough = (speed: KeptSpeed) => quickly || !speed.quickly;
  const untimed = matrices.filter((matrix) => {
    const speed = kept.get(keyOf(matrix));
    return !(speed && isTrusted(speed) && isGoodEnough(speed));
  });
  if (untimed.length === 0) return [...kept.values()];
  const measured = await probeKernels(addon, untimed, options);
  // beside what other processes kept meanwhile
  const known = new Map([...kept, ...readSpeeds(options)]);
  for (const speed of measured) {
    const before = known.get(keyOf(speed));
    const least = before && isGoodEnough(before) ? before.bytesPerSecond : 0;
    const bytesPerSecond = Math.max(least, speed.bytesPerSecond);
    const timed = { ...speed, bytesPerSecond, timedAt: Date.now() };
    known.set(keyOf(speed), quickly ? { ...timed, quickly } : timed);
  }
  const speeds = [...known.values()];
  keepKernelSpeeds(options, speeds);
  return speeds;
}

/** Keeps speeds as those of this machine. */
export function keepKernelSpeeds(options: KeptSpeeds, speeds: readonly KeptSpeed[]): void {
  const machine = machineName(options);
  const others = (readKept(options.cachePath, cacheSchema) ?? []).filter((one) => one.machine !== machine);
  try {
    makeFolder(dirname(options.cachePath));
    writeFileAtomically(
      options.cachePath,
      JSON.stringify([{ machine, speeds }, ...others].slice(0, MOST_KEPT)),
    );
  } catch {
    // the disk is full, or this home is not ours to write to: they are measured again next time
  }
}

/** Where kernel speeds are kept, and under which conditions they hold. */
export interface KeptSpeeds {
  readonly cachePath: string;
  readonly laptop: { readonly cpu: TimedCpu };
  readonly threads: number;
}
type TimedCpu = Pick<Laptop['cpu'], 'variant' | 'kernels' | 'kernelTypes' | 'vectorFeatures'>;

export function kernelCache(home: string): string {
  return join(workFolder(home), 'kernels.json');
}

function machineName({ laptop, threads }: KeptSpeeds): string {
  const { variant, kernels, kernelTypes, vectorFeatures } = laptop.cpu;
  // another Snug has other kernels
  const snug = `snug:${ownVersion()}`;
  return [
    ...[snug, processorName(), variant, ...vectorFeatures, `kernels:${kernels}`],
    ...[...kernelTypes, threads],
  ].join(' ');
}

function readSpeeds(options: KeptSpeeds): Map<string, KeptSpeed> {
  const machine = machineName(options);
  const kept = readKept(options.cachePath, cacheSchema) ?? [];
  const speeds = kept.find((one) => one.machine === machine)?.speeds ?? [];
  return new Map(speeds.map((speed) => [keyOf(speed), speed]));
}

/**
 * The kernel speeds measured here before; nothing is measured now. `quickly`: those too that are good enough only to compare them, of the
 * last day
 */
export function keptKernelSpeeds({
  quickly = false,
  ...options
}: KeptSpeeds & { quickly?: boolean }): KernelSpeed[] {
  return [...readSpeeds(options).values()].filter((speed) => !speed.quickly || (quickly && isTrusted(speed)));
}
