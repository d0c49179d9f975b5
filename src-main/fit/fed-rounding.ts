import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { insist } from '../files/retry-refused.ts';
import { walkLayers } from '../luq/gram/walk-layers.ts';
import type { WalkInputs } from '../luq/gram/walk.ts';
import { Bank, imatrixKey } from '../luq/quantize/bank.ts';
import {
  fedBankKey,
  fillBankFed,
  isOfOnePlan,
  type FedSummary,
  type WalkEvents,
} from '../luq/quantize/fed-bank.ts';
import { calibrationKey } from './kept-calibration.ts';
import { calibrationWalk, WEIGHT_OF_PICTURES } from './gram-walk.ts';
import type { MeasuringContext } from './measuring-context.ts';
import type { Trial } from './trials.ts';

/** Rounding that makes its errors good, for a plan of a fit: the calibration's own sequences go through the source once more. */

/** The nearer ones where both were measured (docs/measurements.md). */
export const INPUTS: WalkInputs = 'quantized';

interface FedRounding {
  readonly types: ReadonlyMap<string, number>;
  /** of the grams */
  readonly inputs: WalkInputs;
}

/** Blocks of a plan, errors fed on. */
interface FedBlocks {
  readonly bank: Bank;
  /** names the bank by everything that its blocks depend on besides tensor and type */
  readonly key: string;
  readonly fed: FedSummary;
}

/** A bank that has what a plan needs, errors fed on. */
export async function roundFed(measuring: MeasuringContext, rounding: FedRounding): Promise<FedBlocks> {
  const { addon, source, request, workspace, calibrated, signal, onProgress } = measuring;
  const importance = imatrixKey(insist(() => readFileSync(calibrated.imatrixPath)));
  const key = fedBankKey(importance, WEIGHT_OF_PICTURES, rounding);
  if (isOfOnePlan(key)) dropOthers(workspace.bank, key, isOfOnePlan);
  const bank = new Bank(workspace.bank, key);
  const fed = await fillBankFed({
    ...{ ...rounding, addon, bank, signal, onProgress },
    source: source.text.gguf,
    imatrix: calibrated.imatrix,
    threads: request.threads,
    walk: (events) => walkSource(measuring, rounding, events),
  });
  return { bank, key, fed };
}

/** What a plan's model is with errors fed on, to be measured. */
export async function fedTrial(
  measuring: MeasuringContext,
  types: ReadonlyMap<string, number>,
  inputs: WalkInputs = INPUTS,
): Promise<Trial> {
  const { bank, key } = await roundFed(measuring, { types, inputs });
  return {
    types,
    weights: {
      key,
      path: bank.path.bind(bank),
      sha256: bank.sha256.bind(bank),
      drop: bank.drop.bind(bank),
      replaces: ({ name, type }) => (types.get(name) ?? type) !== type,
    },
  };
}

/** Of the walk for one plan: one for another plan, which was stopped, has been at other tensors, and what it left goes. */
function walkFolder(
  { source, request, workspace, calibratedWith }: MeasuringContext,
  { types, inputs }: FedRounding,
) {
  const walks = join(workspace.folder, 'walks');
  const parts = [
    calibrationKey({ visionSha256: source.visionSha256, request }, calibratedWith),
    inputs,
    [...types].sort(),
  ];
  const own = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  dropOthers(walks, own);
  return join(walks, own);
}

/** What other plans left: gigabytes of a large model, which can be made again. */
function dropOthers(folder: string, own: string, isTheirs: (name: string) => boolean = () => true): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name !== own && isTheirs(name))
      insist(() => rmSync(join(folder, name), { recursive: true, force: true }));
  }
}

async function walkSource(
  measuring: MeasuringContext,
  rounding: FedRounding,
  { visit, onShare }: WalkEvents,
): Promise<readonly string[]> {
  const walk = await calibrationWalk(measuring);
  const folder = walkFolder(measuring, rounding);
  const { inputs } = rounding;
  const { warnings } = await walkLayers(
    { ...walk, inputs, folder, onProgress: ({ done, total }) => onShare(done / total) },
    visit,
  );
  return warnings;
}
