import type { Candidate, Quality } from '../contract/fit-report.ts';
import type { Ordering } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import type { Addon, NativeModel } from '../engine/native-types.ts';
import { largestPassing } from './bisect.ts';
import { choosePlan, planInputs, type AgreedBudget, type PlanBasis } from './fit-plan.ts';
import type { FitSettings } from './settings.ts';
import { ladderPlan, measureLadder } from './ladder.ts';
import { mixtureOf, type Mixture } from '../luq/plan/mixture.ts';
import { openMetadata } from '../models/open-model.ts';
import { orderLayers } from '../luq/entropy/orders.ts';
import { planLayers, planWith, type Plan, type PlanInputs } from '../luq/plan/plan.ts';
import { noPlanKeepsQuality, qualityNeedsMemory, qualityOutOfReach } from './quality-refusal.ts';
import type { Rung } from '../contract/rungs.ts';
import type { Source } from '../models/source.ts';
import { divergenceOf, keepsQuality, type QualityLimits, type Trials } from './trials.ts';

/** Chooses the plan of a fit by what plans do to the model: measured, each put together and compared with the source. */

/** Whole models of one type to hold the mixed ones against; the largest that fit are measured. */
export const UNIFORM_RIVALS: readonly Rung[] = [
  'Q4_K_M',
  'Q3_K_M',
  'IQ3_M',
  'Q3_K_S',
  'IQ3_XXS',
  'Q2_K',
  'IQ2_M',
];
const MEASURED_RIVALS = 3;
/** Divergences nearer than this are told apart by speed. */
const AS_GOOD = 1.02;

export interface Measuring {
  readonly addon: Addon;
  readonly source: Source;
  readonly settings: FitSettings;
  readonly basis: PlanBasis;
  readonly trials: Trials;
  readonly entropyBits: readonly number[];
  readonly onProgress?: OnProgress | undefined;
}

export interface Choosing extends Measuring {
  readonly budget: AgreedBudget;
  readonly lowLayers: number | undefined;
  readonly speedOf: (plan: Plan) => Promise<number>;
}

export interface Chosen {
  readonly plan: Plan;
  /** everything that was measured on the way; empty when nothing had to be */
  readonly candidates: readonly Candidate[];
}

/** The paper's plan for the budget, or the best of several; what the limits ask for is measured and holds. */
export async function choose(
  choosing: Choosing,
  wanted: { kind: 'paper' | 'auto' } & QualityLimits,
): Promise<Chosen> {
  if (wanted.kind === 'auto') return chooseBest(choosing, wanted);
  const inputs = await inputsFor(choosing, choosing.settings.ordering);
  const fitted = choosePlan(inputs, choosing.basis, choosing.budget, choosing.lowLayers);
  const limited = wanted.maxKld !== undefined || wanted.minAgreement !== undefined;
  if (limited) await requireQuality(choosing, inputs, fitted, wanted);
  return { plan: fitted, candidates: [] };
}

async function inputsFor(choosing: Choosing, ordering: Ordering): Promise<PlanInputs> {
  const { source, basis, settings, entropyBits } = choosing;
  const sensitivity = ordering === 'sensitivity' ? await measureSensitivity(choosing) : undefined;
  const order = orderLayers(ordering, { entropyBits, sensitivity, seed: settings.seed });
  return planInputs(source, basis, settings.rungs, order);
}

/** Divergence with each layer low alone [layers]. */
export async function measureSensitivity(choosing: Measuring): Promise<number[]> {
  const { entropyBits, settings } = choosing;
  const divergences: number[] = [];
  for (const layer of entropyBits.keys()) {
    const order = [layer, ...[...entropyBits.keys()].filter((other) => other !== layer)];
    const plan = planWith(planInputs(choosing.source, choosing.basis, settings.rungs, order), 1);
    divergences.push(divergenceOf(await choosing.trials.measure(plan)));
    const [done, total] = [divergences.length, entropyBits.length];
    choosing.onProgress?.({ stage: 'choose', done, total, unit: 'steps', detail: `layer ${layer + 1}` });
  }
  return divergences;
}

/**
 * Throws DOES_NOT_FIT when the plan that the memory allows breaks the limits. The most layers that keep them are found by
 * bisection, to say what memory that quality takes; where not even none does, that is known after two trials.
 */
async function requireQuality(
  { trials, budget }: Choosing,
  inputs: PlanInputs,
  fitted: Plan,
  limits: QualityLimits,
): Promise<void> {
  const measure = (k: number) => trials.measure(planWith(inputs, k));
  const most = await largestPassing(fitted.lowLayers, async (k) => keepsQuality(await measure(k), limits));
  if (most === fitted.lowLayers) return;
  const reached = await measure(fitted.lowLayers);
  if (most === undefined)
    throw qualityOutOfReach({ inputs, fitted, budget, reached, best: await measure(0), limits });
  throw qualityNeedsMemory({ inputs, fitted, budget, reached, most, limits });
}

interface CandidatePlan {
  readonly name: string;
  readonly plan: Plan;
}

/** Measures all that fit the budget and takes the nearest to the source; of equally near ones the fastest. */
async function chooseBest(choosing: Choosing, limits: QualityLimits): Promise<Chosen> {
  const { budget, trials } = choosing;
  const measured: (CandidatePlan & { quality: Quality; speed: number })[] = [];
  for (const candidate of await candidatePlans(choosing)) {
    const quality = await trials.measure(candidate.plan);
    measured.push({ ...candidate, quality, speed: await choosing.speedOf(candidate.plan) });
  }
  const best = recommended(
    measured.filter(({ quality }) => keepsQuality(quality, limits)),
    ({ quality, speed }) => ({ divergence: divergenceOf(quality), speed }),
  );
  if (!best) throw noPlanKeepsQuality(measured, budget, limits);
  return {
    plan: best.plan,
    candidates: measured.map(({ name, plan, quality, speed }) => ({
      name,
      weightsBytes: plan.memory.weightsBytes,
      totalBytes: plan.memory.totalBytes,
      quality,
      tokensPerSecond: speed,
      chosen: name === best.name,
    })),
  };
}

/** The paper's order, the one asked for, the edges protected, a rung for every layer, and the largest uniform ones that fit. */
async function candidatePlans(choosing: Choosing): Promise<CandidatePlan[]> {
  const { addon, source, basis, budget, settings } = choosing;
  using model = await openMetadata(addon, source.text.path);
  const byOrder: CandidatePlan[] = [];
  for (const name of new Set<Ordering>(['entropy', settings.ordering, 'edge-protected'])) {
    const plan = choosePlan(await inputsFor(choosing, name), basis, budget, undefined);
    byOrder.push({ name, plan });
  }
  const inputs = await inputsFor(choosing, 'entropy');
  const uniform = uniformPlans(choosing, model, inputs).filter(
    ({ plan }) => plan.memory.totalBytes <= budget.bytes,
  );
  const ladder = ladderPlan(await measureLadder(choosing, model, inputs), budget.bytes);
  return [
    ...byOrder,
    ...(ladder ? [{ name: 'ladder', plan: ladder }] : []),
    ...uniform.slice(0, MEASURED_RIVALS),
  ];
}

/** The one of least divergence; of those as good as it the fastest. */
export function recommended<T>(
  candidates: readonly T[],
  of: (candidate: T) => { divergence: number; speed: number },
): T | undefined {
  const least = Math.min(...candidates.map((candidate) => of(candidate).divergence));
  return candidates
    .filter((candidate) => of(candidate).divergence <= least * AS_GOOD)
    .toSorted((a, b) => of(b).speed - of(a).speed)[0];
}

function uniformPlans({ addon, source }: Choosing, model: NativeModel, inputs: PlanInputs): CandidatePlan[] {
  const { tensors } = source.text.gguf;
  return UNIFORM_RIVALS.map((rung) => ({
    name: rung,
    plan: uniformPlan(inputs, rung, mixtureOf(addon, model, tensors, rung)),
  })).sort((a, b) => b.plan.memory.weightsBytes - a.plan.memory.weightsBytes);
}

/** Every tensor as llama.cpp gives it in one file type. */
export function uniformPlan(inputs: PlanInputs, rung: Rung, mixture: Mixture): Plan {
  const layerRungs = inputs.order.map(() => rung);
  return planLayers({ ...inputs, mixtures: new Map([[rung, mixture]]) }, layerRungs, rung);
}
