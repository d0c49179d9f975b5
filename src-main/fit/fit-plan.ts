import { SnugError } from '../contract/errors.ts';
import type { Budget, Laptop, Memory } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { Addon } from '../engine/native-types.ts';
import type { GgufTensor } from '../gguf/gguf.ts';
import { limitsIn } from '../models/image-limits.ts';
import { loadNotes } from '../models/load-warnings.ts';
import { layerOf, type TextModel } from '../models/model-file.ts';
import { memoryLimits, recommendBudget } from '../profile/budget.ts';
import { predictTokensPerSecond, type KernelSpeed, type Matrix } from '../profile/probe.ts';
import type { FitSettings } from './settings.ts';
import type { LayerEntropy } from '../luq/entropy/entropy.ts';
import { extraBytes, extraBytesOf, staysMapped, type ExtraBytes } from '../luq/plan/loaded-weights.ts';
import { measureOverhead, predictMemory, tensorDataBytes, type Overhead } from '../luq/plan/memory.ts';
import { bytesAs, mixtureOf, type Mixture } from '../luq/plan/mixture.ts';
import { openMetadata } from '../models/open-model.ts';
import { orderLayers } from '../luq/entropy/orders.ts';
import {
  decodeMatrices,
  doesNotFit,
  planWith,
  smallestThatFits,
  type Plan,
  type PlanInputs,
  type Saving,
} from '../luq/plan/plan.ts';
import type { Source } from '../models/source.ts';
import { visionTypes } from '../luq/plan/vision-types.ts';

/** What planning needs to know of a model, whatever the order of its layers and the budget. */
export interface PlanBasis {
  readonly high: Mixture;
  readonly low: Mixture;
  readonly overhead: Overhead;
  readonly extra: ExtraBytes;
  /** types of the vision encoder's tensors when it is to be stored smaller */
  readonly visionTypes: ReadonlyMap<string, number> | undefined;
  /** the same at shorter contexts and with the vision file in 8 bits: what could help when nothing fits */
  readonly alternatives: readonly (Omit<Saving, 'totalBytes'> & { readonly overhead: Overhead })[];
  /** what llama.cpp warns of in the model's file */
  readonly notes: readonly string[];
}

/** Shortest context that is still a conversation about a picture. */
const LEAST_CONTEXT_TOKENS = 1024;

/** A picture of this many tokens still shows a page of text. */
const SMALLER_PICTURE_TOKENS = 1024;

type PlannedSource = Pick<Source, 'text' | 'vision' | 'limits'>;

interface Changes {
  readonly contextTokens?: number;
  readonly imageMaxTokens?: number;
  readonly smallerVision?: boolean;
}

type Option = Changes & Omit<Saving, 'totalBytes'>;

/** What a person could give up to save memory, one thing at a time and then all together; what costs them least comes first. */
function savings({ vision, limits }: PlannedSource, contextTokens: number, visionIsSmall: boolean): Option[] {
  const options: Option[] = [];
  if (vision && !visionIsSmall) {
    options.push({
      label: 'the vision file in 8 bits',
      remedies: [{ kind: 'smaller-vision' }],
      smallerVision: true,
    });
  }
  if (vision && limits.maxTokens > SMALLER_PICTURE_TOKENS) {
    options.push({
      label: `pictures of at most ${SMALLER_PICTURE_TOKENS} tokens`,
      remedies: [{ kind: 'limit-picture-tokens', tokens: SMALLER_PICTURE_TOKENS }],
      imageMaxTokens: SMALLER_PICTURE_TOKENS,
    });
  }
  for (let context = contextTokens / 2; context >= LEAST_CONTEXT_TOKENS; context /= 2) {
    const tokens = Math.floor(context);
    options.push({
      label: `a context of ${tokens} tokens`,
      remedies: [{ kind: 'set-context', tokens }],
      contextTokens: tokens,
    });
  }
  if (options.length < 2) return options;
  const together = Object.assign({}, ...options) as Changes;
  // of several contexts the shortest
  const remedies = [
    ...new Map(options.flatMap((one) => one.remedies).map((one) => [one.kind, one])).values(),
  ];
  return [...options, { ...together, label: 'all of these together', remedies }];
}

export async function preparePlan(
  addon: Addon,
  source: PlannedSource,
  settings: Pick<FitSettings, 'rungs' | 'contextTokens'>,
  visionType: FitRequest['visionType'],
): Promise<PlanBasis> {
  const { text, vision } = source;
  using model = await openMetadata(addon, text.path);
  const smallerVision = vision ? visionTypes(vision.gguf.tensors, 'Q8_0') : undefined;
  const asked = visionType !== undefined && vision !== undefined;
  const overheadOf = async (changes: Changes): Promise<Overhead> => {
    const contextTokens = changes.contextTokens ?? settings.contextTokens;
    const maxTokens = changes.imageMaxTokens ?? source.limits.maxTokens;
    const overhead = await measureOverhead(addon, model, {
      vision,
      contextTokens,
      limits: limitsIn(contextTokens, { ...source.limits, maxTokens }),
    });
    if (!vision || !smallerVision || !(asked || changes.smallerVision)) return overhead;
    return { ...overhead, visionWeightsBytes: bytesWithTypes(vision.gguf.tensors, smallerVision) };
  };
  const overhead = await overheadOf({});
  const alternatives: PlanBasis['alternatives'][number][] = [];
  for (const { label, remedies, ...changes } of savings(source, settings.contextTokens, asked)) {
    alternatives.push({ label, remedies, overhead: await overheadOf(changes) });
  }
  const high = mixtureOf(addon, model, text.gguf.tensors, settings.rungs.high);
  const low = mixtureOf(addon, model, text.gguf.tensors, settings.rungs.low);
  if (bytesWithTypes(text.gguf.tensors, low) >= bytesWithTypes(text.gguf.tensors, high)) {
    const { high: first, low: second } = settings.rungs;
    throw new SnugError('BAD_ARGUMENT', `${second} takes no less memory than ${first}`, {
      advice: 'Name the better one first.',
      remedies: [{ kind: 'set-rungs', high: second, low: first }],
    });
  }
  return {
    high,
    low,
    overhead,
    extra: extraBytesOf(addon, text.gguf.tensors),
    visionTypes: asked ? smallerVision : undefined,
    alternatives,
    notes: loadNotes(model.describe().warnings),
  };
}

function bytesWithTypes(tensors: readonly GgufTensor[], types: ReadonlyMap<string, number>): number {
  return tensors.reduce((sum, tensor) => sum + bytesAs(tensor, types.get(tensor.name) ?? tensor.type), 0);
}

/** The budget, and what this laptop could give at most. */
export type AgreedBudget = Budget & { readonly mostBytes: number };

export function agreeBudget(laptop: Laptop, request: Pick<FitRequest, 'budgetBytes'>): AgreedBudget {
  const { mostBytes } = memoryLimits(laptop.memory);
  if (request.budgetBytes === undefined) return { ...recommendBudget(laptop.memory), mostBytes };
  return { bytes: request.budgetBytes, source: 'chosen', reasoning: [], mostBytes };
}

export function planInputs(
  source: PlannedSource,
  basis: PlanBasis,
  rungs: FitSettings['rungs'],
  order: readonly number[],
): PlanInputs {
  return {
    rungs,
    tensors: source.text.gguf.tensors,
    high: basis.high,
    low: basis.low,
    order,
    overhead: basis.overhead,
    extra: basis.extra,
  };
}

/** The size of a model's file with weights of so many bytes: its header is the source's and some facts more. */
export function fileBytesWith({ gguf }: TextModel, weightsBytes: number): number {
  return gguf.fileBytes - tensorDataBytes(gguf.tensors) + weightsBytes;
}

/** What a chat with the source itself takes. */
export function sourceMemory(
  text: TextModel,
  { overhead, extra }: Pick<PlanBasis, 'overhead' | 'extra'>,
): Memory {
  const { tensors } = text.gguf;
  const rearranged = staysMapped(text) ? 0 : extraBytes(tensors, new Map(), extra);
  return predictMemory(tensorDataBytes(tensors), overhead, rearranged);
}

/** The plan for a budget, or with k layers when that is forced; throws DOES_NOT_FIT with what would. */
export function choosePlan(
  inputs: PlanInputs,
  basis: Pick<PlanBasis, 'alternatives'>,
  budget: Pick<AgreedBudget, 'bytes' | 'mostBytes'>,
  lowLayers: number | undefined,
): Plan {
  if (lowLayers !== undefined) return planWith(inputs, lowLayers);
  const plan = smallestThatFits(inputs, budget.bytes);
  if (plan) return plan;
  const { bytes: budgetBytes, mostBytes } = budget;
  throw doesNotFit(
    inputs,
    { budgetBytes, mostBytes },
    savingsOf(planWith(inputs, inputs.order.length), basis),
  );
}

/** What the smallest plan would take with one thing or another given up. */
function savingsOf({ memory }: Plan, { alternatives }: Pick<PlanBasis, 'alternatives'>): Saving[] {
  return alternatives.map(({ overhead, ...saving }) => ({
    ...saving,
    totalBytes: predictMemory(memory.weightsBytes, overhead, memory.rearrangedBytes).totalBytes,
  }));
}

export interface PlanPreview {
  readonly rungs: FitSettings['rungs'];
  readonly contextTokens: number;
  /** with k = 0, 1, … layers low */
  readonly byLowLayers: readonly { fileBytes: number; memory: Memory; tokensPerSecond: number | null }[];
  readonly source: { readonly fileBytes: number; readonly memory: Memory };
  /** what the smallest plan would take with one thing or another given up */
  readonly savings: readonly Saving[];
  /** what an earlier calibration says; no order where that has to be measured first */
  readonly calibration:
    { readonly entropies: readonly LayerEntropy[]; readonly order: readonly number[] | null } | undefined;
}

/** What a fit would need and give at every k; at most that much, where the order of the layers is not known yet. */
export async function previewPlans(
  source: PlannedSource,
  basis: PlanBasis,
  settings: Pick<FitSettings, 'rungs' | 'contextTokens' | 'ordering' | 'seed'>,
  entropies: readonly LayerEntropy[] | undefined,
  speedsOf: (matrices: readonly Matrix[]) => Promise<readonly KernelSpeed[]> | readonly KernelSpeed[],
): Promise<PlanPreview> {
  const { gguf, layers } = source.text;
  const { rungs, contextTokens, ordering, seed } = settings;
  const order =
    entropies && ordering !== 'sensitivity'
      ? orderLayers(ordering, { entropyBits: entropies.map(({ both }) => both), seed })
      : null;
  const inputs = planInputs(source, basis, rungs, order ?? leastSavingFirst(source, basis));
  const plans = Array.from({ length: layers + 1 }, (_, k) => planWith(inputs, k));
  const matrices = plans.map((plan) => decodeMatrices(gguf.tensors, plan.types));
  const speeds = await speedsOf(matrices.flat());
  return {
    rungs,
    contextTokens,
    byLowLayers: plans.map(({ memory }, k) => ({
      fileBytes: fileBytesWith(source.text, memory.weightsBytes),
      memory,
      tokensPerSecond: allKnown(matrices[k] ?? [], speeds)
        ? predictTokensPerSecond(matrices[k] ?? [], speeds)
        : null,
    })),
    source: {
      fileBytes: gguf.fileBytes,
      memory: sourceMemory(source.text, basis),
    },
    savings: plans.slice(-1).flatMap((smallest) => savingsOf(smallest, basis)),
    calibration: entropies && { entropies, order },
  };
}

/** The order in which every k takes as much memory as any k layers can. */
function leastSavingFirst({ text }: PlannedSource, { high, low, extra }: PlanBasis): number[] {
  const saved = new Array<number>(text.layers).fill(0);
  for (const tensor of text.gguf.tensors) {
    const layer = layerOf(tensor.name);
    if (layer === undefined) continue;
    const bytes = (mixture: Mixture) => {
      const type = mixture.get(tensor.name) ?? tensor.type;
      return bytesAs(tensor, type) + extra(tensor, type);
    };
    saved[layer] = (saved[layer] ?? 0) + bytes(high) - bytes(low);
  }
  return [...saved.keys()].sort((a, b) => (saved[a] ?? 0) - (saved[b] ?? 0));
}

function allKnown(matrices: readonly Matrix[], speeds: readonly KernelSpeed[]): boolean {
  return matrices.every(({ type, columns, rows }) =>
    speeds.some((speed) => speed.type === type && speed.columns === columns && speed.rows === rows),
  );
}
