import { Allocator, type Search } from './allocator.ts';
import { frontierOf, type FrontierOptions } from './frontier.ts';
import { itemsOf, type Knowledge, type Matrix } from './items.ts';
import { localCosts, type LocalErrors } from './local-errors.ts';
import { priorSensitivities } from './prior.ts';
import type { Allocation, Item, Limits } from './problem.ts';
import { proposeTrials, type ProposedTrial } from './propose-trials.ts';
import { sharpen, type Sharpened, type Trial } from './sharpen.ts';
import { classifyAll, type ClassifiedTensor } from './tensor-class.ts';
import { TrialModel } from './trial-model.ts';

/** A plan and what is expected of it. */
export interface ForecastPlan extends Allocation {
  /** mean KL divergence of the whole model from its source, in nats */
  readonly divergence: number;
}

export interface ForecastInput extends Omit<Knowledge, 'costs'> {
  /** those that a plan may quantize; what it may not touch has no part in budgets or seconds here */
  readonly matrices: readonly Matrix[];
  /** of the model */
  readonly layers: number;
  /** as far as they were measured */
  readonly errors?: LocalErrors | undefined;
  /** whole models that were measured so far */
  readonly trials?: readonly Trial[] | undefined;
}

/**
 * What is known of a model's tensors, and so of every plan: the prior, local errors and trials. Immutable; with more trials it is another.
 */
export class Forecast {
  readonly #input: ForecastInput;
  readonly #tensors: readonly ClassifiedTensor[];
  readonly #items: readonly Item[];
  readonly #model: TrialModel;
  readonly #known: Sharpened;
  readonly #allocator: Allocator;

  constructor(input: ForecastInput) {
    const { matrices, layers, errors = new Map(), trials = [] } = input;
    this.#input = input;
    this.#tensors = classifyAll(matrices.map(({ name }) => name));
    const before = localCosts(this.#tensors, priorSensitivities(this.#tensors, layers), errors);
    const items = itemsOf(matrices, { ...input, costs: before });
    const types = [...new Set(items.flatMap(({ choices }) => choices.map(({ type }) => type)))];
    const own = new Map(matrices.map(({ name, type }) => [name, type]));
    this.#model = new TrialModel(this.#tensors, {
      layers,
      types,
      costs: (name, type) => (own.get(name) === type ? 0 : before(name, type)),
    });
    this.#known = sharpen(this.#model, trials);
    this.#items = itemsOf(matrices, { ...input, costs: this.#known.costs });
    this.#allocator = new Allocator(this.#items);
  }

  withTrials(trials: readonly Trial[]): Forecast {
    return new Forecast({ ...this.#input, trials: [...(this.#input.trials ?? []), ...trials] });
  }

  /** Bytes of the smallest plan. */
  get leastBytes(): number {
    return this.#allocator.leastBytes;
  }

  /** Seconds a token of the fastest plan, however large. */
  get leastSeconds(): number {
    return this.#allocator.leastSeconds;
  }

  /** The plan that is expected to be nearest to the source within the limits; undefined when nothing fits. */
  nearest(limits: Limits, search?: Search): ForecastPlan | undefined {
    const plan = this.#allocator.allocate(limits, search);
    return plan && this.#forecast(plan);
  }

  /** A plan for every budget, ascending by bytes and each nearer than those before it. */
  frontier(options?: FrontierOptions): ForecastPlan[] {
    return frontierOf(this.#allocator, options).map((plan) => this.#forecast(plan));
  }

  /**
   * The divergence of a model in any types, in nats.
   *
   * @param types tensor name → ggml type id; a tensor that is not named is as in the source
   */
  divergenceOf(types: ReadonlyMap<string, number>): number {
    const { costs } = this.#known;
    const sum = [...types].reduce(
      (total, [name, type]) => total + (this.#model.knows(name) ? costs(name, type) : 0),
      0,
    );
    return this.#known.whole(sum);
  }

  /** Of trials so far, those that said nothing. */
  get ignoredTrials(): number {
    return this.#known.ignored;
  }

  /** The trials that would tell most about a plan, the most telling first. */
  propose(plan: Pick<Allocation, 'types'>, count: number): ProposedTrial[] {
    return proposeTrials(this.#model, {
      tensors: this.#tensors,
      items: this.#items,
      plan: plan.types,
      posterior: this.#known.posterior,
      count,
    });
  }

  #forecast(plan: Allocation): ForecastPlan {
    return { ...plan, divergence: this.#known.whole(plan.cost) };
  }
}
