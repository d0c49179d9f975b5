import { localCosts } from '../luq/allocate/local-errors.ts';
import { priorSensitivities, type CostOf } from '../luq/allocate/prior.ts';
import { proposeTrials } from '../luq/allocate/propose-trials.ts';
import { sharpen, type Sharpened, type Trial } from '../luq/allocate/sharpen.ts';
import { TrialModel } from '../luq/allocate/trial-model.ts';
import type { KernelSpeed } from '../profile/probe.ts';
import { knownKernelSpeeds } from '../profile/probe-cache.ts';
import type { ReadContext } from './context.ts';
import { localErrors } from './local-errors.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { kernelSpeeds } from './predicted-speed.ts';
import {
  choosableTensors,
  kernelsToTime,
  priorKnowledge,
  smallestOfTensors,
  TensorPlans,
  type TensorKnowledge,
} from './tensor-plans.ts';

type Types = ReadonlyMap<string, number>;

/** What is known of a calibrated model's tensors, and what every whole model that is measured adds to it. */
export class KnownTensors {
  readonly #measuring: MeasuringContext;
  readonly #speeds: readonly KernelSpeed[];
  readonly #model: TrialModel;
  readonly #trials: Trial[] = [];

  /** `costs`: before any whole model was measured */
  constructor(measuring: MeasuringContext, costs: CostOf, speeds: readonly KernelSpeed[]) {
    this.#measuring = measuring;
    this.#speeds = speeds;
    const types = [...new Set(speeds.map(({ type }) => type))];
    this.#model = new TrialModel(choosableTensors(measuring), {
      layers: measuring.planner.layers,
      types,
      costs,
    });
  }

  /** A whole model was measured. */
  learn(types: Types, nats: number): void {
    const own = new Map(this.#measuring.source.text.gguf.tensors.map(({ name, type }) => [name, type]));
    // what is as in the source says nothing
    const changed = [...types].filter(([name, type]) => own.get(name) !== type);
    this.#trials.push({ types: new Map(changed), nats });
  }

  plans(): TensorPlans {
    return this.#plansBy(this.#sharpened());
  }

  /** As models usually lose, whatever was measured of this one's tensors: how much a type errs does not say how much that matters. */
  usualPlans(): TensorPlans {
    return this.#plansBy({ costs: priorKnowledge(this.#measuring) });
  }

  #plansBy(known: Pick<TensorKnowledge, 'costs' | 'whole'>): TensorPlans {
    const hasImportance = (tensor: string): boolean => this.#measuring.calibrated.imatrix.entries.has(tensor);
    return new TensorPlans(this.#measuring, { ...known, hasImportance, speeds: this.#speeds });
  }

  /** A model whose measurement would tell most about what a plan costs; undefined when there is nothing to vary. */
  proposal(plan: Types): Types | undefined {
    const { posterior } = this.#sharpened();
    const tensors = choosableTensors(this.#measuring);
    const { items } = this.plans();
    const [first] = proposeTrials(this.#model, { tensors, items, plan, posterior, count: 1 });
    return first?.types;
  }

  #sharpened(): Sharpened {
    return sharpen(this.#model, this.#trials);
  }
}

/**
 * Times kernels that were not timed here yet and, unless no trials are wanted, measures what each type does to each tensor's outputs.
 */
export async function knowTensors(measuring: MeasuringContext): Promise<KnownTensors> {
  const { addon, signal, onProgress } = measuring;
  const timed = kernelsToTime(measuring, priorKnowledge(measuring));
  const speeds = await knownKernelSpeeds(addon, timed, {
    ...kernelSpeeds(measuring),
    signal,
    onProgress: (done, total) =>
      onProgress?.({ stage: 'plan', done, total, unit: 'steps', detail: 'timing this machine' }),
  });
  return new KnownTensors(measuring, await knownCosts(measuring), speeds);
}

async function knownCosts(measuring: MeasuringContext): Promise<CostOf> {
  if (measuring.request.plan.trials === 0) return priorKnowledge(measuring);
  const errors = await localErrors(measuring);
  const tensors = choosableTensors(measuring);
  const sensitivities = priorSensitivities(tensors, measuring.planner.layers);
  return localCosts(tensors, sensitivities, errors);
}

/**
 * Whether any plan fits, before hours of work.
 *
 * @throws SnugError DOES_NOT_FIT with what would
 */
export function insistTensorsFit(context: ReadContext): void {
  const { planner, request } = context;
  const findSmallest = smallestOfTensors(context);
  if (findSmallest(planner).memory.totalBytes > request.budget.bytes)
    throw planner.refusal(request.budget, findSmallest);
}
