import { basename, extname, join } from 'node:path';
import type { Check, FitReport, Memory } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import { loadAddon, type Addon } from '../engine/addon.ts';
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
import { layerReports, planReport, unmeasured } from './fit-result.ts';
import { settleRequest, type FitSettings } from './fit-settings.ts';
import { writeModel, writeVision } from './fit-write.ts';
import { predictMemory, tensorDataBytes } from './memory.ts';
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
  const onProgress = clock.watching(events.onProgress);
  const { addon, backends } = loadAddon();
  const read = readSource(request.modelPath, request.mmprojPath, request.imageMaxTokens);
  const output = request.output ?? join(modelsFolder(request.home), defaultName(request.modelPath));
  checkOutput(output, [request.modelPath, ...(request.mmprojPath ? [request.mmprojPath] : [])]);
  using _outputLock = takeLock(`${output}.lock`, `writing ${output}`);
  const laptop = await profileLaptop({
    modelsFolder: modelsFolder(request.home),
    cpuFeatures: backends.cpuFeatures,
  });
  const settings = settleRequest(request, read.text.trainingContextTokens, computeThreads(laptop));

  clock.enter('plan');
  const basis = await preparePlan(addon, read, settings, request.visionType);
  const budget = agreeBudget(laptop, request);
  // before hours of work: with any order of layers it shows whether the budget can be met at all
  choosePlan(
    planInputs(read, basis, settings.rungs, indices(read.text.layers)),
    basis,
    budget,
    request.lowLayers,
  );

  const source = await identify(read, request, { signal: events.signal, onProgress });
  const workspace = openWorkspace(request.home, source.sha256);
  using _workspaceLock = takeLock(join(workspace.folder, 'lock'), `fitting ${source.text.name}`);
  const calibrated = await calibrateSource({ addon, source, settings, workspace, ...events, onProgress });

  clock.enter('plan');
  const inputs = planInputs(source, basis, settings.rungs, calibrated.order);
  const plan = choosePlan(inputs, basis, budget, request.lowLayers);
  const allHigh = planWith(inputs, 0);
  events.onPlan?.({ lowLayers: plan.lowLayers, layers: source.text.layers, memory: plan.memory });
  const matrices = decodeMatrices(source.text.gguf.tensors, plan.types);
  const speeds = await knownKernelSpeeds(addon, matrices, {
    cachePath: join(request.home, 'work', 'kernels.json'),
    laptop,
    threads: settings.threads,
    signal: events.signal,
  });

  const writing = {
    addon,
    source,
    calibrated,
    workspace,
    threads: settings.threads,
    signal: events.signal,
    onProgress,
  };
  const bytes = await writeModel(writing, plan, output);
  const mmproj = basis.visionTypes
    ? await writeVision(writing, basis.visionTypes, output)
    : (source.vision?.path ?? null);
  const comparison = request.compare ? join(workspace.folder, `${plan.rungs.high}.gguf`) : null;
  const comparisonBytes = comparison
    ? await writeModel(writing, allHigh, comparison)
    : allHigh.memory.weightsBytes;
  const check = await checkResult({
    addon,
    source,
    settings,
    calibrated,
    output,
    mmproj,
    signal: events.signal,
    onProgress,
  });

  const sourceMemory = predictMemory(tensorDataBytes(source.text.gguf.tensors), basis.overhead);
  return {
    version: 1,
    model: {
      name: source.text.name,
      architecture: source.text.architecture,
      parameters: source.text.parameters,
      sourceSha256: source.sha256,
      imageTokens: source.vision ? { min: source.limits.minTokens, max: source.limits.maxTokens } : null,
    },
    profile: laptop,
    budget,
    calibration: calibrated.report,
    layers: layerReports(source.text, calibrated, plan),
    plan: planReport(
      source.text,
      basis,
      plan,
      settings,
      request.visionType,
      predictTokensPerSecond(matrices, speeds),
    ),
    files: {
      source: unmeasured(source.text, source.text.path, source.text.gguf.fileBytes, sourceMemory),
      q4km: unmeasured(source.text, comparison, comparisonBytes, allHigh.memory),
      luq: unmeasured(source.text, output, bytes, plan.memory),
    },
    check,
    warnings: [...source.warnings, ...laptop.warnings],
    timings: clock.timings(),
    mmproj: { source: source.vision?.path ?? null, luq: mmproj },
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
