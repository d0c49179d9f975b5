import { join, resolve } from 'node:path';
import process from 'node:process';
import { workerEntries } from '../api/entries.ts';
import { plots } from '../compare/plots.ts';
import { toCsv, toMarkdown } from '../compare/tables.ts';
import { comparisonSchema, type Comparison } from '../contract/comparison.ts';
import type { Progress } from '../contract/progress.ts';
import { WorkerProcess } from '../engine/worker-process.ts';
import { writeFileAtomically } from '../luq/files.ts';
import { fitRequest, type FitFlags } from './arguments.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';

export interface CompareFlags extends FitFlags {
  readonly output: string;
}

/** `snug compare MODEL`: the paper's plan beside its rivals, as tables and figures. */
export async function compareCommand(modelPath: string, flags: CompareFlags): Promise<number> {
  const { output, ...rest } = flags;
  const comparison = await run(modelPath, rest);
  const folder = resolve(output);
  const files = {
    'comparison.md': toMarkdown(comparison),
    'comparison.csv': toCsv(comparison),
    ...plots(comparison),
  };
  writeFileAtomically(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 1)}\n`);
  for (const [name, content] of Object.entries(files)) writeFileAtomically(join(folder, name), content);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(comparison)}\n`
      : `${toMarkdown(comparison)}\nWritten to ${folder}: comparison.json, ${Object.keys(files).join(', ')}\n`,
  );
  return EXIT.ok;
}

async function run(modelPath: string, flags: FitFlags): Promise<Comparison> {
  const display = new ProgressDisplay();
  try {
    return await withInterrupt(async (signal) => {
      await using worker = new WorkerProcess(workerEntries.compress);
      return comparisonSchema.parse(
        await worker.call('compare', fitRequest(modelPath, flags), {
          signal,
          onEvent: (progress: Progress) => display.show(progress),
        }),
      );
    });
  } finally {
    display.finish();
  }
}
