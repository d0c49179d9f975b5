import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import { lowLayersOf } from '../contract/low-layers.ts';
import type { OnProgress } from '../contract/progress.ts';
import type { Fitted } from '../contract/workers/compress.ts';
import { discard, makeFolder, publish } from '../files/durable-files.ts';
import { tryOutputName } from '../files/output-name.ts';
import { modesAt, type Modes } from '../files/private-files.ts';
import { writeError } from '../files/write-error.ts';
import { metadataString, readGguf } from '../gguf/gguf.ts';
import { checkOutput } from '../luq/quantize/assemble.ts';
import { takeLock } from '../store/lock.ts';
import { graphicsNow } from '../profile/laptop.ts';
import { keptKernelSpeeds } from '../profile/probe-cache.ts';
import type { OnLayer } from './calibration.ts';
import { calibrationKey, keptCalibration } from './kept-calibration.ts';
import { checkResult } from './check-result.ts';
import type { Memory } from '../contract/fit-report.ts';
import { choose } from './choose.ts';
import { chooseRounding } from './choose-rounding.ts';
import { identify, openContext, type FitContext, type ReadContext } from './context.ts';
import { insistTensorsFit } from './known-tensors.ts';
import { luqPlan, type FitPlan } from './fit-plan.ts';
import { startMeasuring, type MeasuringContext } from './measuring-context.ts';
import { describeFit } from './result.ts';
import { expectedStages, type ExpectedStages } from './expected-stages.ts';
import { loadedPlan } from './loaded-plan.ts';
import { kernelSpeeds } from './predicted-speed.ts';
import { StageClock } from './stage-clock.ts';
import { insistUniformFits } from './uniform-choice.ts';
import { writeFiles } from './write.ts';

/**
 * The main job: profile → budget → calibrate → entropy → plan → quantize → assemble → check. Runs in a process of its own;
 * whatever is done is on disk and is not done again by the next run.
 */

/** What becomes of the layers. */
interface MadePlan {
  /** below the high rung */
  readonly low: readonly number[];
  /** per layer */
  readonly layerRungs: readonly string[];
  readonly memory: Memory;
}

export interface FitEvents {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** before the work begins */
  readonly onExpected?: ((stages: ExpectedStages) => void) | undefined;
  readonly onLayer?: OnLayer | undefined;
  readonly onPlan?: ((plan: MadePlan) => void) | undefined;
}

export async function fit(asked: FitRequest, events: FitEvents): Promise<Fitted> {
  const clock = new StageClock('profile');
  const { signal, onLayer, onPlan } = events;
  using read = await openContext(asked, { signal, onProgress: clock.watching(events.onProgress) });
  const { output } = read.request;
  const modes = openOutput(read);
  using _outputLock = takeLock(`${output.path}.lock`, `writing ${output.path}`);
  clock.enter('plan');
  insistItCanBeDone(read);

  const context = await identify(read);
  if (!output.chosen) checkOverwrite(output.path, context.source.sha256);
  events.onExpected?.(expectedOf(context));
  using _workspaceLock = takeLock(context.workspace.lock, `fitting ${context.source.text.name}`);
  const measuring = await startMeasuring(context, onLayer);

  clock.enter('plan');
  const { candidates, ...asFitted } = await choose(measuring);
  const { budget } = context.request;
  const { plan, tokensPerSecond } = await loadedPlan(measuring, asFitted.plan);
  const chosen = { ...asFitted, plan };
  const { rounding, roundings } = await chooseRounding(measuring, chosen);
  const { layerTypes } = chosen;
  const low = lowLayersOf(layerTypes, context.request.rungs.high);
  onPlan?.({ low, layerRungs: layerTypes, memory: plan.memory });
  const rounded = { ...measuring, request: { ...measuring.request, rounding } };
  const made = await writeAndCheck(rounded, chosen, modes);
  return {
    ...describeFit(measuring, { chosen, roundings, predictedTokensPerSecond: tokensPerSecond, ...made }),
    candidates: [...candidates],
    profile: { ...context.laptop, gpus: await graphicsNow() },
    budget: { bytes: budget.bytes, source: budget.source, reasoning: budget.reasoning },
    check: made.check,
    warnings: [...context.notes, ...measuring.calibrated.warnings, ...(made.written.fed?.warnings ?? [])],
    timings: clock.timings(),
    mmproj: { source: context.source.vision?.path ?? null, luq: made.written.mmproj },
    threads: context.request.threads,
  };
}

function expectedOf(context: FitContext): ExpectedStages {
  const { request, source, workspace, calibratedWith, calibrationGain } = context;
  const { calibration, plan, rounding, threads } = request;
  const of = { visionSha256: source.visionSha256, request };
  const folder = workspace.calibration(calibrationKey(of, calibratedWith));
  return expectedStages({
    ...{ parameters: source.text.parameters, threads, tokens: calibration.tokens },
    calibrated: keptCalibration(folder, calibration.clusters) !== undefined,
    ...{ calibratedWith, calibrationGain },
    ...{ kind: plan.kind, trials: plan.trials, rounding },
    speeds: keptKernelSpeeds(kernelSpeeds(context)),
  });
}

/** Before hours of work: with any order of layers it shows whether what was asked for can be met at all. */
function insistItCanBeDone(context: ReadContext): void {
  const { planner, request } = context;
  if (request.plan.kind === 'uniform') insistUniformFits(context);
  else if (request.plan.kind === 'best') insistTensorsFit(context);
  else if (request.lowLayers !== undefined) planner.insistOnLayers(request.lowLayers);
  else planner.insistItFits(request.budget);
}

/** Writes under another name, and gives the result its own once it was checked. */
async function writeAndCheck(measuring: MeasuringContext, chosen: FitPlan, modes: Modes) {
  const { planner, request } = measuring;
  const { order } = chosen;
  const allHigh = luqPlan(planner.withLowLayers(order, 0), order, request.plan.ordering);
  const unchecked = `${request.output.path}.unchecked`;
  return publishing(unchecked, request.output.path, async () => {
    const written = await writeFiles(measuring, { chosen, allHigh, unchecked, modes });
    const check = await checkResult(measuring, { path: unchecked, mmproj: written.mmproj });
    return { allHigh: allHigh.plan, written, check };
  });
}

/** The folder that the result will lie in, made and found to be writable. */
function openOutput({ request, source }: ReadContext): Modes {
  const { output, home } = request;
  const read = [source.text.gguf, ...(source.vision ? [source.vision.gguf] : [])];
  checkOutput(
    output.path,
    read.flatMap(({ files }) => files.map(({ path }) => path)),
  );
  const modes = modesAt(output.path, home);
  makeOutputFolder(output.path, modes);
  return modes;
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

/** Under its default name a fit replaces its own earlier result, never that of another model that is called the same. */
function checkOverwrite(output: string, sourceSha256: string): void {
  if (!existsSync(output) || metadataString(readGguf(output), 'luq.source.sha256') === sourceSha256) return;
  throw new SnugError('CANNOT_WRITE', `${output} was made from another model`, {
    advice: 'Remove or rename that file, or give this one another name.',
    remedies: [{ kind: 'choose-output' }],
  });
}
