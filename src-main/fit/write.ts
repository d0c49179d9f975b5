import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRIVATE, type Modes } from '../files/private-files.ts';
import { insist } from '../files/retry-refused.ts';
import { fileTypeId } from '../luq/plan/rungs.ts';
import { assemble } from '../luq/quantize/assemble.ts';
import { Bank, fillBank, imatrixKey } from '../luq/quantize/bank.ts';
import type { FedSummary } from '../luq/quantize/fed-bank.ts';
import type { FitContext } from './context.ts';
import { INPUTS, roundFed } from './fed-rounding.ts';
import type { FitPlan } from './fit-plan.ts';
import { luqFacts } from './luq-facts.ts';
import type { MeasuringContext } from './measuring-context.ts';

/** Quantizes what the bank lacks of a plan and puts the model together. */
async function writeModel(
  measuring: MeasuringContext,
  written: FitPlan,
  output: string,
  modes: Modes,
): Promise<WrittenModel> {
  const { source, calibrated, signal, onProgress } = measuring;
  const importance = insist(() => readFileSync(calibrated.imatrixPath));
  const { bank, fed } = await quantized(measuring, written.plan.types, imatrixKey(importance));
  const bytes = await assemble({
    ...{ source: source.text.gguf, types: written.plan.types, bank, signal, onProgress, output, modes },
    fileType: written.fileType,
    facts: luqFacts(measuring, written, createHash('sha256').update(importance).digest('hex')),
  });
  return { bytes, fed };
}

interface WrittenModel {
  readonly bytes: number;
  /** of fed rounding; null of plain */
  readonly fed: FedSummary | null;
}

/** The bank with all that a plan needs, rounded as the request has it. */
async function quantized(
  measuring: MeasuringContext,
  types: ReadonlyMap<string, number>,
  key: string,
): Promise<{ readonly bank: Bank; readonly fed: FedSummary | null }> {
  const { addon, source, request, workspace, calibrated, signal, onProgress } = measuring;
  if (request.rounding === 'fed') return roundFed(measuring, { types, inputs: INPUTS });
  const bank = new Bank(workspace.bank, key);
  const { imatrix } = calibrated;
  const { threads } = request;
  await fillBank({ addon, source: source.text.gguf, types, imatrix, bank, threads, signal, onProgress });
  return { bank, fed: null };
}

/** The vision file with smaller types. */
export async function writeVision(
  { addon, source, request, workspace, signal, onProgress }: FitContext,
  types: ReadonlyMap<string, number>,
  output: string,
  modes: Modes = PRIVATE,
): Promise<void> {
  if (!source.vision) throw new TypeError('this model has no vision encoder');
  const bank = new Bank(workspace.bank, `vision-${source.visionSha256?.slice(0, 16) ?? ''}`);
  const step = { source: source.vision.gguf, types, bank, signal, onProgress };
  await fillBank({ ...step, addon, imatrix: undefined, threads: request.threads });
  await assemble({ ...step, output, modes, fileType: fileTypeId('Q8_0'), facts: [] });
}

export interface WrittenFiles {
  /** where the model is to lie; an earlier one stays there until the check has been made */
  readonly output: string;
  readonly bytes: number;
  readonly fed: FedSummary | null;
  readonly mmproj: string | null;
  /** the model with every layer high, when it was asked for */
  readonly allHigh: string | null;
  readonly allHighBytes: number | null;
}

/** Everything a fit leaves behind: the model, its vision file, and the model to compare it with. */
export async function writeFiles(
  measuring: MeasuringContext,
  wanted: { chosen: FitPlan; allHigh: FitPlan; unchecked: string; modes: Modes },
): Promise<WrittenFiles> {
  const { planner, request, source, workspace } = measuring;
  const { chosen, unchecked, modes } = wanted;
  const output = request.output.path;
  const { bytes, fed } = await writeModel(measuring, chosen, unchecked, modes);
  const smaller = output.replace(/(\.gguf)?$/i, '-mmproj-Q8_0.gguf');
  if (planner.visionTypes) await writeVision(measuring, planner.visionTypes, smaller, modes);
  const mmproj = planner.visionTypes ? smaller : (source.vision?.path ?? null);
  const allHigh = request.writesAllHigh ? join(workspace.folder, `${planner.rungs.high}.gguf`) : null;
  const high = allHigh === null ? null : await writeModel(measuring, wanted.allHigh, allHigh, PRIVATE);
  return { output, bytes, fed, mmproj, allHigh, allHighBytes: high?.bytes ?? null };
}
