import { SnugError } from '../contract/errors.ts';
import type { Budget, Candidate, Quality } from '../contract/fit-report.ts';
import type { OnProgress } from '../contract/progress.ts';
import type { Addon, NativeModel } from '../engine/addon.ts';
import { layerOf } from '../models/model-file.ts';
import { formatBytes } from '../profile/bytes.ts';
import { largestPassing } from './bisect.ts';
import { choosePlan, planInputs, type PlanBasis } from './fit-plan.ts';
import type { FitSettings } from './fit-settings.ts';
import { cheapestErrors } from './knapsack.ts';
import { bytesAs, mixtureOf, type Mixture } from './mixture.ts';
import { openMetadata } from './open-model.ts';
import { orderLayers, type OrderingBasis } from './orders.ts';
import { planLayers, planWith, type Plan, type PlanInputs } from './plan.ts';
import type { Rung } from './rungs.ts';
import type { Source } from './source.ts';
import { divergenceOf, keepsQuality, type QualityLimits, type Trials } from './trials.ts';

/** Chooses the plan of a fit by what plans do to the model: measured, each put together and held against the source. */

/** What `auto` may give a layer besides the two rungs of the fit. */
const LADDER: readonly Rung[] = ['Q6_K', 'IQ3_M', 'IQ2_M'];
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
  readonly budget: Budget;
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
  const { settings } = choosing;
  const sensitivity = settings.ordering === 'sensitivity' ? await measureSensitivity(choosing) : undefined;
  const inputs = inputsFor(choosing, { entropyBits: choosing.entropyBits, sensitivity, seed: settings.seed });
  const fitted = choosePlan(inputs, choosing.basis, choosing.budget, choosing.lowLayers);
  const limited = wanted.maxKld !== undefined || wanted.minAgreement !== undefined;
  if (wanted.kind === 'auto') return chooseBest(choosing, inputs, fitted, wanted);
  if (limited) await requireQuality(choosing, inputs, fitted, wanted);
  return { plan: fitted, candidates: [] };
}

function inputsFor({ source, basis, settings }: Choosing, order: OrderingBasis): PlanInputs {
  return planInputs(source, basis, settings.rungs, orderLayers(settings.ordering, order));
}

/** Divergence with each layer low alone [layers]. */
export async function measureSensitivity(choosing: Measuring): Promise<number[]> {
  const { entropyBits, settings } = choosing;
  const divergences: number[] = [];
  for (const layer of entropyBits.keys()) {
    const order = [layer, ...[...entropyBits.keys()].filter((other) => other !== layer)];
    const plan = planWith(planInputs(choosing.source, choosing.basis, settings.rungs, order), 1);
    divergences.push(divergenceOf(await choosing.trials.measure(plan)));
    reportTrials(choosing, divergences.length, entropyBits.length);
  }
  return divergences;
}

function reportTrials({ onProgress }: Measuring, done: number, total: number): void {
  onProgress?.({ stage: 'choose', done, total, unit: 'steps' });
}

/**
 * Throws DOES_NOT_FIT when the plan that the memory allows breaks the limits. The most layers that keep them are found by
 * bisection, to say what memory that quality takes.
 */
async function requireQuality(
  { trials, budget }: Choosing,
  inputs: PlanInputs,
  fitted: Plan,
  limits: QualityLimits,
): Promise<void> {
  const passes = async (k: number) => keepsQuality(await trials.measure(planWith(inputs, k)), limits);
  const most = await largestPassing(fitted.lowLayers, passes);
  if (most === fitted.lowLayers) return;
  const words = describeLimits(limits);
  if (most === undefined) {
    throw new SnugError(
      'DOES_NOT_FIT',
      `even with every layer at ${inputs.rungs.high} ${words} is not kept`,
      {
        advice: 'Ask for less, or choose a better high rung with --rungs.',
      },
    );
  }
  const needed = planWith(inputs, most).memory.totalBytes;
  throw new SnugError(
    'DOES_NOT_FIT',
    `within ${formatBytes(budget.bytes)} ${fitted.lowLayers} layers have to go to ${inputs.rungs.low}, and ${words} is kept with ${most} at most`,
    {
      advice: `With ${most} the model needs ${formatBytes(needed)}: give it that, ask for less quality, or try --plan auto.`,
    },
  );
}

function describeLimits({ maxKld, minAgreement }: QualityLimits): string {
  const parts = [
    ...(maxKld === undefined ? [] : [`a KL divergence of at most ${maxKld}`]),
    ...(minAgreement === undefined
      ? []
      : [`the source's first choice at ${(minAgreement * 100).toFixed(0)} % or more of positions`]),
  ];
  return parts.join(' with ');
}

interface Entrant {
  readonly name: string;
  readonly plan: Plan;
}

/** Measures all that fit the budget and takes the nearest to the source; of equally near ones the fastest. */
async function chooseBest(
  choosing: Choosing,
  inputs: PlanInputs,
  paper: Plan,
  limits: QualityLimits,
): Promise<Chosen> {
  const { budget, basis, entropyBits, settings, trials, source } = choosing;
  using model = await openMetadata(choosing.addon, source.text.path);
  const edges = orderLayers('edge-protected', { entropyBits, seed: settings.seed });
  const uniform = uniformPlans(choosing, model, inputs).filter(
    ({ plan }) => plan.memory.totalBytes <= budget.bytes,
  );
  const ladder = await ladderPlan(choosing, model, inputs, budget.bytes);
  const entrants: Entrant[] = [
    { name: 'paper', plan: paper },
    { name: 'edge-protected', plan: choosePlan({ ...inputs, order: edges }, basis, budget, undefined) },
    ...(ladder ? [{ name: 'ladder', plan: ladder }] : []),
    ...uniform.slice(0, MEASURED_RIVALS),
  ];
  const measured: (Entrant & { quality: Quality; speed: number })[] = [];
  for (const entrant of entrants) {
    const quality = await trials.measure(entrant.plan);
    measured.push({ ...entrant, quality, speed: await choosing.speedOf(entrant.plan) });
  }
  const best = recommended(
    measured.filter(({ quality }) => keepsQuality(quality, limits)),
    ({ quality, speed }) => ({ divergence: divergenceOf(quality), speed }),
  );
  if (!best) {
    throw new SnugError(
      'DOES_NOT_FIT',
      `nothing within ${formatBytes(budget.bytes)} keeps ${describeLimits(limits)}`,
      { advice: 'Ask for less quality, or give the model more memory.' },
    );
  }
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

/** The one of least divergence; of those as good as it the fastest. */
export function recommended<T>(
  entrants: readonly T[],
  of: (entrant: T) => { divergence: number; speed: number },
): T | undefined {
  const least = Math.min(...entrants.map((entrant) => of(entrant).divergence));
  return entrants
    .filter((entrant) => of(entrant).divergence <= least * AS_GOOD)
    .toSorted((a, b) => of(b).speed - of(a).speed)[0];
}

function uniformPlans({ addon, source }: Choosing, model: NativeModel, inputs: PlanInputs): Entrant[] {
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

/** A rung for every layer, by what each of them was measured to do alone: a multiple-choice knapsack. */
export async function ladderPlan(
  choosing: Measuring,
  model: NativeModel,
  inputs: PlanInputs,
  budgetBytes: number,
): Promise<Plan | undefined> {
  const { addon, source, trials } = choosing;
  const { tensors } = source.text.gguf;
  const { rungs, order } = inputs;
  const ladder = [...new Set([rungs.high, rungs.low, ...LADDER])];
  const mixtures = new Map(ladder.map((rung) => [rung, mixtureOf(addon, model, tensors, rung)]));
  const planOf = (layerRungs: readonly Rung[]) => planLayers({ ...inputs, mixtures }, layerRungs);
  const allHigh = order.map(() => rungs.high);
  const base = planOf(allHigh);
  const baseDivergence = divergenceOf(await trials.measure(base));
  const layers = order.map((_, layer) => layer);
  const total = layers.length * (ladder.length - 1);
  let done = 0;
  const items: { rung: Rung; bytes: number; error: number }[][] = [];
  for (const layer of layers) {
    const choices: { rung: Rung; bytes: number; error: number }[] = [];
    for (const rung of ladder) {
      const alone = planOf(allHigh.with(layer, rung));
      const error = divergenceOf(await trials.measure(alone)) - baseDivergence;
      choices.push({ rung, bytes: layerBytes(tensors, layer, alone), error });
      if (rung !== rungs.high) reportTrials(choosing, ++done, total);
    }
    items.push(choices);
  }
  const layersBytes = layers.reduce((sum, layer) => sum + layerBytes(tensors, layer, base), 0);
  const chosen = cheapestErrors(items, budgetBytes - (base.memory.totalBytes - layersBytes));
  return chosen && planOf(chosen.map((choice, layer) => items[layer]?.[choice]?.rung ?? rungs.high));
}

function layerBytes(tensors: Source['text']['gguf']['tensors'], layer: number, plan: Plan): number {
  return tensors
    .filter((tensor) => layerOf(tensor.name) === layer)
    .reduce((sum, tensor) => sum + bytesAs(tensor, plan.types.get(tensor.name) ?? tensor.type), 0);
}
