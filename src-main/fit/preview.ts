import type { FitRequest } from '../contract/fit-request.ts';
import type { PlanPreview } from '../contract/workers/compress.ts';
import type { EntropyBits } from '../contract/fit-report.ts';
import { basisOf, orderLayers } from '../luq/entropy/orders.ts';
import { bitsOfLayers } from '../luq/entropy/statistics.ts';
import type { Plan } from '../luq/plan/plan.ts';
import { knownSha256 } from '../models/source.ts';
import { keptKernelSpeeds, knownKernelSpeeds } from '../profile/probe-cache.ts';
import { keyOf, predictTokensPerSecond, type KernelSpeed, type Matrix } from '../profile/probe.ts';
import { foundCalibrations, keptCalibration } from './kept-calibration.ts';
import { openContext, type ReadContext } from './context.ts';
import { frontierOf, smallestOf } from './preview-frontier.ts';
import { planOutcome } from './plan-outcome.ts';
import { kernelSpeeds } from './predicted-speed.ts';
import { keptTieErrors } from './tie-errors.ts';
import { openWorkspace } from './workspace.ts';

/**
 * What a fit would need and give at every size, without calibrating; of the paper's plan at most that much, where the order of the layers
 * is not known yet. Kernels never met before are timed when that is asked for; otherwise speeds that depend on them are left out.
 */
export async function previewFit(asked: FitRequest, measure: boolean): Promise<PlanPreview> {
  using context = await openContext(asked, {});
  const { planner, request, source } = context;
  const calibrated = keptEntropies(context);
  const order = calibrated ? knownOrder(context, calibrated) : null;
  const frontier = await frontierOf(context, measure);
  return {
    rungs: request.rungs,
    contextTokens: request.contextTokens,
    threads: request.threads,
    byLowLayers: await layerOutcomes(context, order, measure && frontier === null),
    frontier,
    source: { fileBytes: source.text.gguf.fileBytes, memory: planner.unquantized().memory },
    savings: frontier === null ? planner.savings() : planner.savings(smallestOf(context)),
    calibration: calibrated && { entropies: calibrated.entropies, order },
  };
}

/** With k = 0, 1, … layers low. */
async function layerOutcomes(
  context: ReadContext,
  order: readonly number[] | null,
  measure: boolean,
): Promise<PlanPreview['byLowLayers']> {
  const { addon, planner } = context;
  const plans = planner.preview(order);
  const kept = kernelSpeeds(context);
  const needed = plans
    .flatMap((plan) => [plan, planner.asLoaded(plan, Infinity)])
    .flatMap((plan) => planner.decodeMatrices(plan));
  const speeds = measure ? await knownKernelSpeeds(addon, needed, kept) : keptKernelSpeeds(kept);
  const speedOf = (plan: Plan) => {
    const matrices = planner.decodeMatrices(plan);
    return allKnown(matrices, speeds) ? predictTokensPerSecond(matrices, speeds) : null;
  };
  return plans.map((plan) => planOutcome(planner, plan, speedOf));
}

/** null where layers have to be measured first */
function knownOrder(
  { planner, request: { plan, calibration } }: ReadContext,
  { entropies, folder }: KeptEntropies,
): number[] | null {
  if (plan.ordering === 'sensitivity') return null;
  const localErrors = keptTieErrors(folder, planner);
  return orderLayers(plan.ordering, { ...basisOf(entropies), localErrors, seed: calibration.seed });
}

interface KeptEntropies {
  readonly entropies: readonly EntropyBits[];
  /** of the calibration */
  readonly folder: string;
}

/** The entropies of an earlier calibration with the same settings, if the source's hash is known without reading it again. */
function keptEntropies({ request, source }: ReadContext): KeptEntropies | undefined {
  const { mmprojPath, home } = request;
  const sha256 = knownSha256(
    source.text.gguf.files.map(({ path }) => path),
    home,
  );
  const visionSha256 = mmprojPath === undefined ? undefined : knownSha256([mmprojPath], home);
  if (sha256 === undefined || (mmprojPath !== undefined && visionSha256 === undefined)) return undefined;
  const { finished } = foundCalibrations(openWorkspace(home, sha256), { visionSha256, request });
  const folder = finished[0]?.folder;
  const kept = folder === undefined ? undefined : keptCalibration(folder, request.calibration.clusters);
  return folder !== undefined && kept ? { entropies: bitsOfLayers(kept.entropies), folder } : undefined;
}

function allKnown(matrices: readonly Matrix[], speeds: readonly KernelSpeed[]): boolean {
  const known = new Set(speeds.map(keyOf));
  return matrices.every((matrix) => known.has(keyOf(matrix)));
}
