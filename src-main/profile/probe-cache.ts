import { z } from 'zod';
import type { Laptop } from '../contract/fit-report.ts';
import type { Addon } from '../engine/addon.ts';
import { readKept } from '../models/json-file.ts';
import { writeFileAtomically } from '../luq/files.ts';
import { probeKernels, type KernelSpeed, type Matrix } from './probe.ts';

const cacheSchema = z.object({
  /** what the speeds hold for */
  machine: z.string(),
  speeds: z.array(
    z.object({ type: z.int(), columns: z.int(), rows: z.int(), bytesPerSecond: z.number().positive() }),
  ),
});

/**
 * Kernel speeds of this machine, measured once and kept: the tables of the low-bit types alone take ten seconds to build,
 * and another budget should not wait for them.
 */
export async function knownKernelSpeeds(
  addon: Addon,
  matrices: readonly Matrix[],
  options: KeptSpeeds & { signal?: AbortSignal | undefined },
): Promise<KernelSpeed[]> {
  const machine = machineName(options);
  const known = keptKernelSpeeds(options);
  const isKnown = (matrix: Matrix) =>
    known.some(
      (speed) => speed.type === matrix.type && speed.columns === matrix.columns && speed.rows === matrix.rows,
    );
  const measured = await probeKernels(
    addon,
    matrices.filter((matrix) => !isKnown(matrix)),
    options,
  );
  const speeds = [...known, ...measured];
  if (measured.length > 0) writeFileAtomically(options.cachePath, JSON.stringify({ machine, speeds }));
  return speeds;
}

interface KeptSpeeds {
  readonly cachePath: string;
  readonly laptop: Laptop;
  readonly threads: number;
}

function machineName({ laptop, threads }: KeptSpeeds): string {
  return [laptop.cpu.brand, ...laptop.cpu.vectorFeatures, threads].join(' ');
}

/** The kernel speeds measured here before; nothing is measured now. */
export function keptKernelSpeeds(options: KeptSpeeds): KernelSpeed[] {
  const kept = readKept(options.cachePath, cacheSchema);
  return kept?.machine === machineName(options) ? kept.speeds : [];
}
