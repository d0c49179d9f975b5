import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { insist } from '../files/retry-refused.ts';
import { walkLayers } from '../luq/gram/walk-layers.ts';
import { Bank } from '../luq/quantize/bank.ts';
import { fedBankKey, fillBankFed, type FedSummary, type WalkEvents } from '../luq/quantize/fed-bank.ts';
import { calibrationKey } from './calibration.ts';
import { calibrationWalk, WEIGHT_OF_PICTURES } from './gram-walk.ts';
import type { MeasuringContext } from './measuring-context.ts';

/** Rounding that makes its errors good, for a plan of a fit: the calibration's own sequences go through the source once more. */

export function openFedBank({ workspace }: MeasuringContext, imatrixKey: string): Bank {
  return new Bank(workspace.bank, fedBankKey(imatrixKey, WEIGHT_OF_PICTURES));
}

/** Fills the bank with what a plan needs, errors fed on. */
export function fillFed(
  measuring: MeasuringContext,
  types: ReadonlyMap<string, number>,
  bank: Bank,
): Promise<FedSummary> {
  const { addon, source, request, calibrated, signal, onProgress } = measuring;
  return fillBankFed({
    ...{ addon, types, bank, signal, onProgress },
    source: source.text.gguf,
    imatrix: calibrated.imatrix,
    threads: request.threads,
    walk: (events) => walkSource(measuring, walkFolder(measuring, types), events),
  });
}

/** Of the walk for one plan: one for another plan, which was stopped, has been at other tensors, and what it left goes. */
function walkFolder({ source, request, workspace }: MeasuringContext, types: ReadonlyMap<string, number>) {
  const walks = join(workspace.folder, 'walks');
  const parts = [calibrationKey(source.visionSha256, request), [...types].sort()];
  const own = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  if (existsSync(walks)) {
    for (const name of readdirSync(walks)) {
      if (name !== own) insist(() => rmSync(join(walks, name), { recursive: true, force: true }));
    }
  }
  return join(walks, own);
}

async function walkSource(
  measuring: MeasuringContext,
  folder: string,
  { visit, onShare }: WalkEvents,
): Promise<readonly string[]> {
  const walk = await calibrationWalk(measuring);
  const { warnings } = await walkLayers(
    { ...walk, inputs: 'source', folder, onProgress: ({ done, total }) => onShare(done / total) },
    visit,
  );
  return warnings;
}
