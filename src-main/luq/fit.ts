import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import type { Check, FitReport, Memory } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import { loadAddon, type Addon } from '../engine/addon.ts';
import { metadataString, readGguf } from '../models/gguf.ts';
import { readTextModel } from '../models/model-file.ts';
import { computeThreads, profileLaptop } from '../profile/laptop.ts';
import { knownKernelSpeeds } from '../profile/probe-cache.ts';
import { predictTokensPerSecond } from '../profile/probe.ts';
import { checkOutput } from './assemble.ts';
import { compareWithSource, heldOutParts, judge } from './check.ts';
import type { LayerEntropy } from './entropy.ts';
import { calibrateSource, calibrationLimits, sequencesFor, type Calibrated } from './fit-calibration.ts';
import {
  agreeBudget,
  choosePlan,
  planInputs,
  preparePlan,
  previewPlans,
  type PlanPreview,
} from './fit-plan.ts';
import { describeFit } from './fit-result.ts';
import { settleRequest, type FitSettings } from './fit-settings.ts';
import { writeFiles } from './fit-write.ts';
import { openModel } from './open-model.ts';
import { decodeMatrices, planWith } from './plan.ts';
import { readSource, sourceSha256, type ReadSource, type Source } from './source.ts';
import { StageClock } from './stage-clock.ts';
import { modelsFolder, openWorkspace, takeLock } from './workspace.ts';

/**
 * The main job: profile → budget → calibrate → entropy → plan → quantize → assemble → check. Runs in a process of its own;
 * whatever is done is on disk and is not done again by the next run.
 */

export interface FitEvents {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onLayer?: ((layer: number, entropy: LayerEntropy) => void) | undefined;
  readonly onPlan?: ((plan: { lowLayers: number; layers: number; memory: Memory }) => void) | undefined;
}

/** Everything but what running the models measures, and where the vision encoders lie. */
export type Fitted = Omit<FitReport, 'answers'> & {
  readonly mmproj: { source: string | null; luq: string | null };
};

export async function fit(request: FitRequest, events: FitEvents): Promise<Fitted> {
  const clock = new StageClock('profile');
  const { signal } = events;
  const onProgress = clock.watching(events.onProgress);
  const { addon, backends } = loadAddon();
  const read = readSource(request.modelPath, request.mmprojPath, request.imageMaxTokens);
  const output = request.output ?? join(modelsFolder(request.home), defaultName(request.modelPath));
  checkOutput(output, [request.modelPath, ...(request.mmprojPath ? [request.mmprojPath] : [])]);
  using _outputLock = takeLock(`${output}.lock`, `writing ${output}`);
  const { cpuFeatures } = backends;
  const laptop = await profileLaptop({ modelsFolder: modelsFolder(request.home), cpuFeatures });
  const settings = settleRequest(request, read.text.trainingContextTokens, computeThreads(laptop));

  clock.enter('plan');
  const basis = await preparePlan(addon, read, settings, request.visionType);
  const budget = agreeBudget(laptop, request);
  const planFor = (order: readonly number[]) =>
    choosePlan(planInputs(read, basis, settings.rungs, order), basis, budget, request.lowLayers);
  // before hours of work: with any order of layers it shows whether the budget can be met at all
  planFor(indices(read.text.layers));

  const source = await identify(read, request, { signal, onProgress });
  if (request.output === undefined) checkOverwrite(output, source.sha256);
  const workspace = openWorkspace(request.home, source.sha256);
  using _workspaceLock = takeLock(join(workspace.folder, 'lock'), `fitting ${source.text.name}`);
  const calibrated = await calibrateSource({ addon, source, settings, workspace, ...events, onProgress });

  clock.enter('plan');
  const plan = planFor(calibrated.order);
  events.onPlan?.({ lowLayers: plan.lowLayers, layers: source.text.layers, memory: plan.memory });
  const matrices = decodeMatrices(source.text.gguf.tensors, plan.types);
  const cachePath = join(request.home, 'work', 'kernels.json');
  const { threads } = settings;
  const speeds = await knownKernelSpeeds(addon, matrices, { cachePath, laptop, threads, signal });

  const writing = { addon, source, calibrated, workspace, threads, signal, onProgress };
  const allHigh = planWith(planInputs(source, basis, settings.rungs, calibrated.order), 0);
  const written = await writeFiles(writing, {
    plan,
    allHigh,
    visionTypes: basis.visionTypes,
    output,
    compare: request.compare,
  });
  const check = await checkResult({
    addon,
    source,
    settings,
    calibrated,
    output,
    mmproj: written.mmproj,
    signal,
    onProgress,
  });
  const predictedTokensPerSecond = predictTokensPerSecond(matrices, speeds);
  return {
    ...describeFit({ source, basis, settings, calibrated, plan, allHigh, written, predictedTokensPerSecond }),
    profile: laptop,
    budget,
    check,
    warnings: [...source.warnings, ...laptop.warnings],
    timings: clock.timings(),
    mmproj: { source: source.vision?.path ?? null, luq: written.mmproj },
  };
}

/** What each number of low layers would need, before anything is calibrated. */
export async function previewFit(request: FitRequest): Promise<PlanPreview> {
  const { addon } = loadAddon();
  const read = readSource(request.modelPath, request.mmprojPath, request.imageMaxTokens);
  const settings = settleRequest(request, read.text.trainingContextTokens, 1);
  const basis = await preparePlan(addon, read, settings, request.visionType);
  return previewPlans(read, basis, settings.rungs);
}

/** Under its default name a fit replaces its own earlier result, never that of another model that is called the same. */
function checkOverwrite(output: string, sourceSha256: string): void {
  if (!existsSync(output) || metadataString(readGguf(output), 'luq.source.sha256') === sourceSha256) return;
  throw new SnugError('CANNOT_WRITE', `${output} was made from another model`, {
    advice: 'Choose a name for the new one with --output.',
  });
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** "Qwen2.5-VL-7B-Instruct-f16.gguf" → "Qwen2.5-VL-7B-Instruct-LUQ.gguf" */
function defaultName(modelPath: string): string {
  const stem = basename(modelPath, extname(modelPath)).replace(/[-_.](f16|bf16|f32|q8_0)$/i, '');
  return `${stem}-LUQ.gguf`;
}

async function identify(
  read: ReadSource,
  request: FitRequest,
  options: { signal?: AbortSignal | undefined; onProgress: OnProgress },
): Promise<Source> {
  const sha256 = await sourceSha256(request.modelPath, request.home, options);
  const visionSha256 = request.mmprojPath
    ? await sourceSha256(request.mmprojPath, request.home, options)
    : undefined;
  return { ...read, sha256, visionSha256 };
}

interface CheckStep {
  readonly addon: Addon;
  readonly source: Source;
  readonly settings: FitSettings;
  readonly calibrated: Calibrated;
  readonly output: string;
  readonly mmproj: string | null;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnProgress;
}

/** Loads the result and holds it against what the source said at the held-out positions. */
async function checkResult(step: CheckStep): Promise<Check> {
  const { addon, source, settings, signal, onProgress } = step;
  using model = await openModel(addon, {
    path: step.output,
    mmprojPath: step.mmproj ?? undefined,
    limits: calibrationLimits(source.limits),
    threads: settings.threads,
    signal,
  });
  const result = { ...source, text: readTextModel(step.output) };
  const parts = heldOutParts(await sequencesFor(model, result, settings, true));
  return judge(
    await compareWithSource(model, step.calibrated.recordedSource, {
      addon,
      parts,
      threads: settings.threads,
      signal,
      onProgress,
    }),
  );
}
