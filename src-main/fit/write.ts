import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnProgress } from '../contract/progress.ts';
import type { Addon } from '../engine/native-types.ts';
import { assemble } from '../luq/quantize/assemble.ts';
import { Bank, fillBank, imatrixKey } from '../luq/quantize/bank.ts';
import { luqFacts, type PlanChoice } from './facts.ts';
import type { Calibrated } from './calibration.ts';
import type { Plan } from '../luq/plan/plan.ts';
import { PRIVATE, type Modes } from '../files/private-files.ts';
import { fileTypeId } from '../luq/plan/rungs.ts';
import type { Source } from '../models/source.ts';
import type { Workspace } from './workspace.ts';
import { insist } from '../files/refused.ts';

export interface WriteStep {
  readonly addon: Addon;
  readonly source: Source;
  readonly calibrated: Calibrated;
  readonly workspace: Workspace;
  /** what the file says of how its plan came about */
  readonly choice: PlanChoice;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Quantizes what the bank lacks of a plan and puts the model together. Returns the file's size in bytes. */
async function writeModel(step: WriteStep, plan: Plan, output: string, modes: Modes): Promise<number> {
  const { source, calibrated, workspace } = step;
  const bank = new Bank(workspace.bank, imatrixKey(insist(() => readFileSync(calibrated.imatrixPath))));
  await fillBank({ ...step, source: source.text.gguf, types: plan.types, imatrix: calibrated.imatrix, bank });
  const [first] = plan.layerRungs;
  const uniform = plan.layerRungs.every((rung) => rung === first);
  return assemble({
    ...step,
    source: source.text.gguf,
    types: plan.types,
    bank,
    output,
    modes,
    fileType: fileTypeId(uniform && first ? first : plan.rungs.high),
    facts: luqFacts(source, calibrated, plan, step.choice),
  });
}

/** The vision encoder in smaller types. */
export async function writeVision(
  step: Pick<WriteStep, 'addon' | 'source' | 'workspace' | 'threads' | 'signal' | 'onProgress'>,
  types: ReadonlyMap<string, number>,
  output: string,
  modes: Modes = PRIVATE,
): Promise<void> {
  const { source, workspace } = step;
  if (!source.vision) throw new TypeError('this model has no vision encoder');
  const bank = new Bank(workspace.bank, `vision-${source.visionSha256?.slice(0, 16) ?? ''}`);
  await fillBank({ ...step, source: source.vision.gguf, types, imatrix: undefined, bank });
  await assemble({
    ...step,
    source: source.vision.gguf,
    types,
    bank,
    output,
    modes,
    fileType: fileTypeId('Q8_0'),
    facts: [],
  });
}

export interface WrittenFiles {
  /** where the model is to lie; an earlier one stays there until the check has been made */
  readonly output: string;
  readonly bytes: number;
  readonly mmproj: string | null;
  /** the model with every layer high, when it was asked for */
  readonly comparison: string | null;
  readonly comparisonBytes: number | null;
}

/** Everything a fit leaves behind: the model, its vision encoder, and the model to compare it with. */
export async function writeFiles(
  step: WriteStep,
  wanted: {
    plan: Plan;
    allHigh: Plan;
    visionTypes: ReadonlyMap<string, number> | undefined;
    output: string;
    unchecked: string;
    modes: Modes;
    compare: boolean | undefined;
  },
): Promise<WrittenFiles> {
  const { plan, allHigh, visionTypes, output, unchecked, modes } = wanted;
  const bytes = await writeModel(step, plan, unchecked, modes);
  const smaller = output.replace(/(\.gguf)?$/i, '-mmproj-Q8_0.gguf');
  if (visionTypes) await writeVision(step, visionTypes, smaller, modes);
  const mmproj = visionTypes ? smaller : (step.source.vision?.path ?? null);
  const comparison = wanted.compare ? join(step.workspace.folder, `${plan.rungs.high}.gguf`) : null;
  const comparisonBytes = comparison === null ? null : await writeModel(step, allHigh, comparison, PRIVATE);
  return { output, bytes, mmproj, comparison, comparisonBytes };
}
