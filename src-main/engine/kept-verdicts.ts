import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { writeFileAtomically } from '../files/durable-files.ts';
import { readKept } from '../files/json-file.ts';
import { statsOf } from '../files/stats.ts';
import { snugHome, workFolder } from '../home.ts';
import type { Addon, ComparedQuantizer } from './native-types.ts';

/** Builds and processors whose verdicts are kept at a time: a home may be shared, and an addon is built anew. */
const MOST_KEPT = 8;

const keptSchema = z.array(
  z.strictObject({
    madeBy: z.string(),
    compared: z.array(z.strictObject({ type: z.int(), same: z.boolean() })),
  }),
);
type Kept = z.infer<typeof keptSchema>;

/** `SNUG_QUANTIZERS` names another file, which tests share that have a home each. */
function verdictsPath(): string {
  return process.env['SNUG_QUANTIZERS'] || join(workFolder(snugHome()), 'quantizers.json');
}

/**
 * The addon, told what an earlier process found when it compared Snug's quantizers with ggml's, for which ggml builds tables for seconds;
 * what this process finds is kept after each job. A verdict holds for the same files of both, the same C library and the same processor
 * features alone; without one the addon compares by itself.
 */
export function withKeptVerdicts(addon: Addon, cpuFeatures: readonly string[]): Addon {
  const madeBy = makersOf(addon, cpuFeatures);
  if (madeBy === undefined) return addon;
  const path = verdictsPath();
  const trusted = comparedBy(readKept(path, keptSchema) ?? [], madeBy);
  const known = new Set(addon.tensorTypes().map(({ id }) => id));
  addon.trustQuantizers(trusted.filter(({ type }) => known.has(type)));
  let kept = addon.comparedQuantizers().length;
  const keep = (): void => {
    const compared = addon.comparedQuantizers();
    if (compared.length === kept) return;
    kept = compared.length;
    write(path, madeBy, compared);
  };
  const thenKeep = <Result>(job: Promise<Result>): Promise<Result> => job.finally(keep);
  return {
    ...addon,
    quantizeTensor: (...given) => thenKeep(addon.quantizeTensor(...given)),
    quantizeFed: (...given) => thenKeep(addon.quantizeFed(...given)),
    localErrors: (...given) => thenKeep(addon.localErrors(...given)),
    probeProduct: (...given) => thenKeep(addon.probeProduct(...given)),
  };
}

/** A hash of all that blocks depend on; undefined where a file cannot be read. */
function makersOf(addon: Addon, cpuFeatures: readonly string[]): string | undefined {
  const { files, cLibrary } = addon.quantizerFiles();
  const hash = createHash('sha256').update(JSON.stringify([cLibrary, cpuFeatures]));
  try {
    for (const file of files) hash.update(createHash('sha256').update(readFileSync(file)).digest());
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

function comparedBy(kept: Kept, madeBy: string): readonly ComparedQuantizer[] {
  return kept.find((entry) => entry.madeBy === madeBy)?.compared ?? [];
}

/** Beside what other processes kept meanwhile. */
function write(path: string, madeBy: string, compared: readonly ComparedQuantizer[]): void {
  const kept = readKept(path, keptSchema) ?? [];
  const types = new Set(compared.map(({ type }) => type));
  const others = comparedBy(kept, madeBy).filter(({ type }) => !types.has(type));
  const entries = [
    { madeBy, compared: [...compared, ...others] },
    ...kept.filter((entry) => entry.madeBy !== madeBy),
  ];
  const there = statsOf(path);
  // a device or a folder that was named by mistake stays what it is
  if (there && !there.isFile()) return;
  try {
    writeFileAtomically(path, JSON.stringify(entries.slice(0, MOST_KEPT)));
  } catch {
    // the next process compares again
  }
}
