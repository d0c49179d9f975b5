import type { GgufTensor } from '../gguf/gguf.ts';
import { wholeDivergence } from '../luq/allocate/additivity.ts';
import { Allocator } from '../luq/allocate/allocator.ts';
import { frontierOf } from '../luq/allocate/frontier.ts';
import { itemsOf } from '../luq/allocate/items.ts';
import { priorCosts, priorSensitivities, type CostOf } from '../luq/allocate/prior.ts';
import type { Allocation, Item } from '../luq/allocate/problem.ts';
import { classifyAll, type ClassifiedTensor } from '../luq/allocate/tensor-class.ts';
import { hasWide } from '../luq/plan/loaded-weights.ts';
import { matrixOf, multipliedTensors, type Plan } from '../luq/plan/plan.ts';
import type { FindSmallest, Planner, SmallestPlan } from '../luq/plan/planner.ts';
import { layerOf } from '../models/model-file.ts';
import { kernelSeconds, largestOfEach, type SecondsOf } from '../profile/kernel-seconds.ts';
import type { KernelSpeed, Matrix } from '../profile/probe.ts';
import type { ReadContext } from './context.ts';

/** A type for every tensor, and what that is predicted to do. */
export interface ForeseenPlan {
  readonly plan: Plan;
  /** mean KL divergence from the source, predicted */
  readonly nats: number;
  /** of multiplying weights, predicted; null where kernels were not timed */
  readonly tokensPerSecond: number | null;
}

/** What is known of a model's tensors, from which plans for all budgets follow. */
export interface TensorKnowledge {
  readonly costs: CostOf;
  /** the divergence of a whole model whose tensors' costs add up to `sum`, both in nats */
  readonly whole?: (sum: number) => number;
  /** whether the calibration has an importance matrix for it */
  readonly hasImportance: (tensor: string) => boolean;
  readonly speeds: readonly KernelSpeed[];
}

/** What is known before anything was measured: how models lose by types, by the class and depth of a tensor. */
export function priorKnowledge({ source, planner }: Pick<ReadContext, 'source' | 'planner'>): CostOf {
  return priorCosts(priorSensitivities(choosableTensors({ source, planner }), planner.layers));
}

/** The tensors whose type a plan chooses. */
export function choosableTensors({
  source,
  planner,
}: Pick<ReadContext, 'source' | 'planner'>): ClassifiedTensor[] {
  return classifyAll(quantizable(planner, source.text.gguf.tensors).map(({ name }) => name));
}

/** The calibration weighs the columns of the layers' matrices alone. */
export function usuallyHasImportance(tensor: string): boolean {
  return layerOf(tensor) !== undefined;
}

/** Plans that give each tensor a type of its own. */
export class TensorPlans {
  /** the tensors, and the types that each could have */
  readonly items: readonly Item[];
  readonly #planner: Planner;
  readonly #allocator: Allocator;
  readonly #costs: CostOf;
  readonly #whole: (sum: number) => number;
  readonly #tensors: readonly GgufTensor[];
  readonly #secondsOf: SecondsOf;
  /** of memory, without the tensors that have a choice */
  readonly #outsideBytes: number;

  constructor({ source, planner }: Pick<ReadContext, 'source' | 'planner'>, knowledge: TensorKnowledge) {
    const { tensors } = source.text.gguf;
    const chosen = quantizable(planner, tensors);
    const loaded = new Map(chosen.map((tensor) => [tensor.name, tensor]));
    const bytes = (name: string, type: number): number => {
      const tensor = loaded.get(name);
      return tensor ? planner.loadedBytes(tensor, type) : 0;
    };
    const own = chosen.reduce((sum, tensor) => sum + planner.loadedBytes(tensor, tensor.type), 0);
    this.#planner = planner;
    this.#tensors = tensors;
    this.#costs = knowledge.costs;
    this.#whole = knowledge.whole ?? wholeDivergence;
    this.#secondsOf = kernelSeconds(knowledge.speeds);
    this.#outsideBytes = planner.withTypes(new Map()).memory.totalBytes - own;
    const multiplied = new Map(multipliedTensors(tensors).map((tensor) => [tensor.name, tensor]));
    // what a budget leaves room for is not known before a plan is chosen
    const { layouts } = planner;
    const isWide = (tensor: GgufTensor, type: number) => layouts.insisted && hasWide(layouts, tensor, type);
    this.items = itemsOf(chosen, {
      costs: knowledge.costs,
      hasImportance: knowledge.hasImportance,
      bytes: ({ name }, type) => bytes(name, type),
      seconds: ({ name }, type) => {
        const tensor = multiplied.get(name);
        return tensor ? (this.#secondsOf(matrixOf(tensor, type, isWide(tensor, type))) ?? 0) : 0;
      },
    });
    this.#allocator = new Allocator(this.items);
  }

  /** The smallest plan there is. */
  get smallest(): SmallestPlan {
    const found = this.#allocator.allocate({ budgetBytes: this.#allocator.leastBytes });
    const types = found?.types ?? new Map<string, number>();
    return { words: 'every tensor in its smallest type', memory: this.#planner.withTypes(types).memory };
  }

  /**
   * The nearest to the source within a memory budget: not slower than Q4_K_M is here, if one as near is not.
   *
   * @param minTokensPerSecond predicted; leaves out slower ones
   * @returns undefined when nothing fits or is fast enough
   */
  within(budgetBytes: number, minTokensPerSecond?: number): ForeseenPlan | undefined {
    const limits = { budgetBytes: budgetBytes - this.#outsideBytes, seconds: secondsOf(minTokensPerSecond) };
    const found = this.#allocator.allocate(limits, { noSlowerThanSeconds: this.#usualSeconds() });
    return found && this.#foreseen(found);
  }

  /** One for every budget, by ascending memory, each nearer than the one before. */
  frontier(minTokensPerSecond?: number): ForeseenPlan[] {
    const options = { seconds: secondsOf(minTokensPerSecond), noSlowerThanSeconds: this.#usualSeconds() };
    return frontierOf(this.#allocator, options).map((found) => this.#foreseen(found));
  }

  /** What a plan of any kind is predicted to do. */
  foresee(plan: Plan): ForeseenPlan {
    const changed = this.#tensors.flatMap(({ name, type: own }) => {
      const type = plan.types.get(name) ?? own;
      return type === own ? [] : [this.#costs(name, type)];
    });
    const nats = this.#whole(changed.reduce((sum, cost) => sum + cost, 0));
    return { plan, nats, tokensPerSecond: this.speedOf(plan) };
  }

  #foreseen({ types, cost }: Allocation): ForeseenPlan {
    const plan = this.#planner.withTypes(types);
    return { plan, nats: this.#whole(cost), tokensPerSecond: this.speedOf(plan) };
  }

  /** Predicted tokens per second, in the layouts that its memory counts; null where kernels were not timed. */
  speedOf(plan: Plan): number | null {
    const seconds = this.#decodeSeconds(plan);
    return seconds === undefined ? null : 1 / seconds;
  }

  /** Q4_K_M's, which people would have otherwise. */
  #usualSeconds(): number | undefined {
    return this.#decodeSeconds(this.#planner.withTypes(this.#planner.mixture('Q4_K_M')));
  }

  #decodeSeconds(plan: Plan): number | undefined {
    let seconds = 0;
    for (const matrix of this.#planner.decodeMatrices(plan)) {
      const found = this.#secondsOf(matrix);
      if (found === undefined) return undefined;
      seconds += found;
    }
    return seconds;
  }
}

/** The smallest plan that gives each tensor a type of its own, whatever is known of them. */
export function smallestOfTensors({
  source,
  planner,
}: Pick<ReadContext, 'source' | 'planner'>): FindSmallest {
  const knowledge = { costs: priorKnowledge({ source, planner }), hasImportance: usuallyHasImportance };
  return (by) => new TensorPlans({ source, planner: by }, { ...knowledge, speeds: [] }).smallest;
}

/** Kernels to time before choosing: of each type and layout that a tensor could have the largest matrix. */
export function kernelsToTime(
  { source, planner }: Pick<ReadContext, 'source' | 'planner'>,
  costs: CostOf,
): Matrix[] {
  const { tensors } = source.text.gguf;
  const multiplied = multipliedTensors(tensors);
  const names = new Set(multiplied.map(({ name }) => name));
  const chosen = quantizable(planner, tensors);
  const items = itemsOf(chosen, { costs });
  const layoutsOf = (tensor: GgufTensor, type: number) => [
    matrixOf(tensor, type, false),
    ...(hasWide(planner.layouts, tensor, type) ? [matrixOf(tensor, type, true)] : []),
  ];
  const chosenAs = chosen.flatMap((tensor, index) =>
    names.has(tensor.name)
      ? (items[index]?.choices ?? []).flatMap(({ type }) => layoutsOf(tensor, type))
      : [],
  );
  return largestOfEach([...chosenAs, ...multiplied.flatMap((tensor) => layoutsOf(tensor, tensor.type))]);
}

/** Those that llama.cpp's own rules quantize. */
function quantizable(planner: Planner, tensors: readonly GgufTensor[]): GgufTensor[] {
  const smallest = planner.mixture('Q2_K');
  return tensors.filter(({ name, type }) => (smallest.get(name) ?? type) !== type);
}

function secondsOf(tokensPerSecond: number | undefined): number | undefined {
  return tokensPerSecond === undefined ? undefined : 1 / tokensPerSecond;
}
