import { formatBytes } from '../contract/bytes.ts';
import { SnugError } from '../contract/errors.ts';
import type { Memory, Quality } from '../contract/fit-report.ts';
import { luqPlan, tensorPlan, uniformPlan, type FitPlan } from './fit-plan.ts';
import type { KnownTensors } from './known-tensors.ts';
import { loadedPlan } from './loaded-plan.ts';
import { orderFor } from './luq-choice.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { divergenceOf } from './quality.ts';
import { smallestOfTensors } from './tensor-plans.ts';
import { uniformsThatFit } from './uniform-choice.ts';

/** Of the file types that fit so many are measured, those that are predicted to be nearest. */
const MEASURED_UNIFORM = 3;

/** How often a faster plan is looked for than was asked for, and by how much. */
const SPEED_TRIES = 4;
const SPEED_STEP = 1.1;

/** `loaded`: what it takes in the layouts that its speed is predicted for */
type TimedPlan = FitPlan & { readonly speed: number; readonly loaded: Memory };
export type MeasuredPlan = TimedPlan & { readonly quality: Quality };

/**
 * Measures what could be the best plan, each put together whole. What is measured first, LUQ's own plan and uniform ones, tells about the
 * tensors as well, and so do trials: the plan that gives each a type of its own comes last.
 */
export class Contest {
  readonly #measuring: MeasuringContext;
  readonly #known: KnownTensors;
  /** whole models that are measured in all, as far as is known */
  #steps = 0;
  #done = 0;

  constructor(measuring: MeasuringContext, known: KnownTensors) {
    this.#measuring = measuring;
    this.#known = known;
  }

  /** @throws SnugError DOES_NOT_FIT when nothing fits, or nothing is fast enough */
  async measureAll(): Promise<MeasuredPlan[]> {
    const { planner, request } = this.#measuring;
    const order = await orderFor(this.#measuring, request.plan.ordering);
    const rivals = await this.#rivals(order);
    const tensors = await this.#tensors(order);
    const plans = [...rivals, ...(tensors ? [tensors] : [])];
    if (plans.length === 0) throw planner.refusal(request.budget, smallestOfTensors(this.#measuring));
    const fast = plans.filter(({ speed }) => this.#isFast(speed));
    if (fast.length === 0) throw tooSlow(this.#measuring, plans);
    this.#steps = fast.length + request.plan.trials;
    const measured: MeasuredPlan[] = [];
    for (const rival of fast.filter((plan) => plan !== tensors)) {
      measured.push(await this.#measure(rival));
    }
    const nearest = await this.#nearestTensors(order);
    return nearest ? [nearest, ...measured] : measured;
  }

  /** The plans that others would make: LUQ's own, and uniform ones. */
  async #rivals(order: readonly number[]): Promise<TimedPlan[]> {
    const { planner, request } = this.#measuring;
    const luq = planner.smallestThatFits(order, request.budget.bytes);
    const plans = this.#known.plans();
    const uniform = uniformsThatFit(this.#measuring)
      .map((rung) => uniformPlan(this.#measuring, rung, order))
      .map((made) => ({ made, nats: plans.foresee(made.plan).nats }))
      .toSorted((a, b) => a.nats - b.nats)
      .slice(0, MEASURED_UNIFORM);
    const made = [
      ...(luq ? [luqPlan(luq, order, request.plan.ordering)] : []),
      ...uniform.map((one) => one.made),
    ];
    const timed: TimedPlan[] = [];
    // one after another: kernels that are timed at once slow one another down
    for (const plan of made) timed.push(await this.#timed(plan));
    return timed;
  }

  /** The best by what is known now, or by what is said. */
  async #tensors(order: readonly number[], plans = this.#known.plans()): Promise<TimedPlan | undefined> {
    const { budget, plan } = this.#measuring.request;
    let asked = plan.minTokensPerSecond;
    for (let tries = SPEED_TRIES; tries > 0; tries--) {
      const found = plans.within(budget.bytes, asked);
      if (!found) return undefined;
      const timed = await this.#timed(tensorPlan(this.#measuring, found.plan, order));
      if (asked === undefined || this.#isFast(timed.speed)) return timed;
      // chosen by some kernels, it is slower by its own
      asked *= SPEED_STEP;
    }
    return undefined;
  }

  /**
   * Measured, and as often as trials are allowed looked for again with what was learnt, after what is usually best: where that changes
   * nothing, another model is measured that tells most.
   */
  async #nearestTensors(order: readonly number[]): Promise<MeasuredPlan | undefined> {
    const { trials, request } = this.#measuring;
    const measured = new Map<string, MeasuredPlan>();
    for (let left = request.plan.trials; left >= 0; left--) {
      const isFirst = left === request.plan.trials && left > 0;
      const plan = await this.#tensors(order, isFirst ? this.#known.usualPlans() : this.#known.plans());
      if (!plan || !this.#isFast(plan.speed)) break;
      const key = trials.key(plan.plan);
      if (!measured.has(key)) measured.set(key, await this.#measure(plan));
      else if (!(await this.#explore(plan))) break;
    }
    return [...measured.values()].toSorted((a, b) => divergenceOf(a.quality) - divergenceOf(b.quality))[0];
  }

  async #explore({ plan }: TimedPlan): Promise<boolean> {
    const { planner } = this.#measuring;
    const types = this.#known.proposal(plan.types);
    if (!types) return false;
    await this.#learn(planner.withTypes(types), 'trial');
    return true;
  }

  async #measure(plan: TimedPlan): Promise<MeasuredPlan> {
    return { ...plan, quality: await this.#learn(plan.plan, plan.name) };
  }

  async #learn(plan: FitPlan['plan'], detail: string): Promise<Quality> {
    const { trials, onProgress } = this.#measuring;
    const tell = (share: number) => {
      const total = Math.max(this.#steps, this.#done + 1);
      onProgress?.({ stage: 'choose', done: this.#done + share, total, unit: 'steps', detail });
    };
    tell(0);
    const quality = await trials.measure(plan, undefined, tell);
    this.#known.learn(plan.types, divergenceOf(quality));
    tell(1);
    this.#done++;
    return quality;
  }

  async #timed(plan: FitPlan): Promise<TimedPlan> {
    const loaded = await loadedPlan(this.#measuring, plan.plan);
    return { ...plan, speed: loaded.tokensPerSecond, loaded: loaded.plan.memory };
  }

  #isFast(speed: number): boolean {
    return speed >= (this.#measuring.request.plan.minTokensPerSecond ?? 0);
  }
}

function tooSlow({ request }: MeasuringContext, plans: readonly TimedPlan[]): SnugError {
  const { budget, plan } = request;
  const fastest = Math.max(...plans.map(({ speed }) => speed));
  return new SnugError(
    'DOES_NOT_FIT',
    `no plan for ${formatBytes(budget.bytes)} is predicted to reach ${plan.minTokensPerSecond ?? 0} tokens per second here; the fastest reaches ${fastest.toPrecision(2)}`,
    {
      advice: 'Ask for less speed, or choose a smaller model.',
      remedies: [{ kind: 'set-speed', tokensPerSecond: Number(fastest.toPrecision(2)) }],
    },
  );
}
