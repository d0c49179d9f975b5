import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import type { Check, FitReport } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import type { Addon } from '../engine/native-types.ts';
import { metadataString, readGguf } from '../gguf/gguf.ts';
import { readTextModel } from '../models/model-file.ts';
import { keptKernelSpeeds, knownKernelSpeeds } from '../profile/probe-cache.ts';
import { checkOutput } from '../luq/quantize/assemble.ts';
import { choose } from './choose.ts';
import { judge } from '../luq/quality/check.ts';
import type { LayerEntropy } from '../luq/entropy/entropy.ts';
import { calibrateSource, keptCalibration, sequencesFor, type Calibrated } from './calibration.ts';
import { agreeBudget, choosePlan, planInputs, previewPlans, type PlanPreview } from './fit-plan.ts';
import { discard, makeFolder, publish } from '../files/durable.ts';
import { writeError } from '../files/write-error.ts';
import { describeFit } from './result.ts';
import { calibrationKey, calibrationLimits, type FitSettings } from './settings.ts';
import { writeFiles } from './write.ts';
import { compareWithSource } from '../luq/quality/held-out.ts';
import { openModel } from '../models/open-model.ts';
import { tryOutputName } from '../files/output-name.ts';
import { staysMapped } from '../luq/plan/loaded-weights.ts';
import { planWith, type Plan } from '../luq/plan/plan.ts';
import { lowLayersOf } from '../contract/low-layers.ts';
import { modesAt, type Modes } from '../files/private-files.ts';
import { identify, kernelCache, prepare, speedPredictor } from './prepare.ts';
import { knownSha256, type ReadSource, type Source } from '../models/source.ts';
import { StageClock } from './stage-clock.ts';
import { Trials } from './trials.ts';
import { openWorkspace, outputPath } from './workspace.ts';
import { takeLock } from '../store/lock.ts';
import { modelsFolder } from '../home.ts';

/**
 * The main job: profile → budget → calibrate → entropy → plan → quantize → assemble → check. Runs in a process of its own;
 * whatever is done is on disk and is not done again by the next run.
 */

export interface FitEvents {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onLayer?: ((layer: number, entropy: LayerEntropy) => void) | undefined;
  readonly onPlan?:
    ((plan: { low: readonly number[] } & Pick<Plan, 'layerRungs' | 'memory'>) => void) | undefined;
}

/** Everything but what running the models measures, and where the vision encoders lie. */
export type Fitted = Omit<FitReport, 'answers'> & {
  readonly mmproj: { source: string | null; luq: string | null };
};

export async function fit(request: FitRequest, events: FitEvents): Promise<Fitted> {
  const clock = new StageClock('profile');
  const { signal } = events;
  const onProgress = clock.watching(events.onProgress);
  const prepared = await prepare(request);
  const { addon, read, laptop, settings, basis } = prepared;
  const output = request.output ?? outputPath(modelsFolder(request.home), request.modelPath);
  checkOutput(output, [request.modelPath, ...(request.mmprojPath ? [request.mmprojPath] : [])]);
  const modes = modesAt(output, request.home);
  makeOutputFolder(output, modes);
  using _outputLock = takeLock(`${output}.lock`, `writing ${output}`);
  clock.enter('plan');
  const budget = agreeBudget(laptop, request);
  // before hours of work: with any order of layers it shows whether the budget can be met at all
  const anyOrder = Array.from({ length: read.text.layers }, (_, layer) => layer);
  choosePlan(planInputs(read, basis, settings.rungs, anyOrder), basis, budget, request.lowLayers);

  const source = await identify(read, request, { signal, onProgress });
  if (request.output === undefined) checkOverwrite(output, source.sha256);
  const workspace = openWorkspace(request.home, source.sha256);
  using _workspaceLock = takeLock(workspace.lock, `fitting ${source.text.name}`);
  const calibrated = await calibrateSource({ addon, source, settings, workspace, ...events, onProgress });

  clock.enter('plan');
  const { threads } = settings;
  const speedOf = speedPredictor(prepared, request.home, signal);
  const choice = { kind: request.plan ?? 'paper', ordering: settings.ordering };
  const { plan, candidates } = await choose(
    {
      addon,
      source,
      settings,
      basis,
      budget,
      trials: new Trials({ addon, source, settings, calibrated, workspace, signal }),
      entropyBits: calibrated.entropies.map(({ both }) => both),
      lowLayers: request.lowLayers,
      speedOf,
      onProgress,
    },
    { kind: choice.kind, maxKld: request.maxKld, minAgreement: request.minAgreement },
  );
  const { layerRungs, memory } = plan;
  events.onPlan?.({ low: lowLayersOf(layerRungs, plan.rungs.high), layerRungs, memory });
  const predictedTokensPerSecond = await speedOf(plan);

  const writing = { addon, source, calibrated, workspace, choice, threads, signal, onProgress };
  const allHigh = planWith(planInputs(source, basis, settings.rungs, plan.order), 0);
  const unchecked = `${output}.unchecked`;
  const { written, check } = await publishing(unchecked, output, async () => {
    const files = await writeFiles(writing, {
      plan,
      allHigh,
      visionTypes: basis.visionTypes,
      output,
      unchecked,
      modes,
      compare: request.compare,
    });
    const checking = { addon, source, settings, calibrated, mmproj: files.mmproj, signal, onProgress };
    return { written: files, check: await checkResult({ ...checking, output: unchecked }) };
  });
  return {
    ...describeFit({
      source,
      basis,
      settings,
      calibrated,
      plan,
      choice,
      allHigh,
      written,
      predictedTokensPerSecond,
    }),
    candidates: [...candidates],
    profile: laptop,
    budget: { bytes: budget.bytes, source: budget.source, reasoning: budget.reasoning },
    check,
    warnings: [...source.warnings, ...basis.notes, ...laptop.warnings, ...calibrated.warnings],
    timings: clock.timings(),
    mmproj: { source: source.vision?.path ?? null, luq: written.mmproj },
  };
}

/**
 * What each number of low layers would need and give, without calibrating. Kernels never met before are timed when that is asked
 * for; otherwise speeds that depend on them are left out.
 */
export async function previewFit(request: FitRequest, measure: boolean): Promise<PlanPreview> {
  const { addon, read, laptop, settings, basis } = await prepare(request);
  const kernels = { cachePath: kernelCache(request.home), laptop, threads: settings.threads };
  return previewPlans(read, basis, settings, keptEntropies(read, request, settings), (matrices) =>
    measure ? knownKernelSpeeds(addon, matrices, kernels) : keptKernelSpeeds(kernels),
  );
}

function makeOutputFolder(output: string, modes: Modes): void {
  try {
    makeFolder(dirname(output), modes);
  } catch (error) {
    throw writeError(error, output);
  }
  tryOutputName(output);
}

/** Puts a file in its place once `work` has made and checked it; what goes wrong takes the file away. */
async function publishing<T>(unchecked: string, output: string, work: () => Promise<T>): Promise<T> {
  try {
    const made = await work();
    try {
      publish(unchecked, output);
    } catch (error) {
      // on Windows: the old model is loaded in a chat
      throw writeError(error, output);
    }
    return made;
  } catch (error) {
    discard(unchecked);
    throw error;
  }
}

/** The entropies of an earlier calibration with the same settings, if the source's hash is known without reading it again. */
function keptEntropies(
  read: ReadSource,
  request: FitRequest,
  settings: FitSettings,
): readonly LayerEntropy[] | undefined {
  const sha256 = knownSha256(request.modelPath, request.home);
  const visionSha256 = request.mmprojPath && knownSha256(request.mmprojPath, request.home);
  if (sha256 === undefined || (request.mmprojPath !== undefined && visionSha256 === undefined))
    return undefined;
  const key = calibrationKey({ ...read, visionSha256 }, settings);
  return keptCalibration(openWorkspace(request.home, sha256).calibration(key), settings)?.entropies;
}

/** Under its default name a fit replaces its own earlier result, never that of another model that is called the same. */
function checkOverwrite(output: string, sourceSha256: string): void {
  if (!existsSync(output) || metadataString(readGguf(output), 'luq.source.sha256') === sourceSha256) return;
  throw new SnugError('CANNOT_WRITE', `${output} was made from another model`, {
    advice: 'Remove or rename that file, or give this one another name.',
    remedies: [{ kind: 'choose-output' }],
  });
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
  const result = { ...source, text: readTextModel(step.output) };
  using model = await openModel(addon, {
    path: step.output,
    mapped: staysMapped(result.text),
    mmprojPath: step.mmproj ?? undefined,
    limits: calibrationLimits(source.limits),
    threads: settings.threads,
    signal,
  });
  const { threads } = settings;
  try {
    const sequences = await sequencesFor(model, result, settings, true);
    return judge(
      await compareWithSource(model, step.calibrated.recordedSource, sequences, {
        addon,
        threads,
        signal,
        onProgress,
      }),
    );
  } catch (error) {
    if (!(error instanceof SnugError) || error.code !== 'INCOHERENT') throw error;
    return { image: null, text: null, answers: null, coherent: false, reasons: [error.message] };
  }
}
