import type { Compared } from '../contract/comparison.ts';
import { throwIfCancelled } from '../contract/errors.ts';
import type { FitContext } from '../fit/context.ts';
import type { LayerPlan, Plan } from '../luq/plan/plan.ts';
import type { MeasuringContext } from '../fit/measuring-context.ts';
import { predictedSpeedOf } from '../fit/predicted-speed.ts';
import type { Trial } from '../fit/trials.ts';
import { importanceOf } from './calibration-variant.ts';
import { RowMeasurer, type ComparedTask, type RowOptions } from './measured-row.ts';

export type RowFacts = Pick<Compared, 'name' | 'family' | 'ordering' | 'lowLayers'> & {
  /** null where the weights are the source's; of the calibration where not given */
  readonly importance?: null;
};

/** The rows of a comparison, in the order in which they were measured. */
export class ComparedRows {
  readonly #context: FitContext;
  readonly #measurer: RowMeasurer;
  readonly #rows: Compared[] = [];
  #attempted = 0;
  /** how many are to come in all, once it is known */
  total = 0;

  constructor(options: RowOptions, task: ComparedTask | undefined) {
    this.#context = options.context;
    this.#measurer = new RowMeasurer(options, task);
  }

  get all(): readonly Compared[] {
    return this.#rows;
  }

  /** Measures one plan as a row, unless the row is there. */
  async measure(
    variant: MeasuringContext,
    plan: Plan & Partial<Pick<LayerPlan, 'layerRungs'>>,
    facts: RowFacts,
    trial: Trial = plan,
  ): Promise<void> {
    throwIfCancelled(this.#context.signal);
    const { alpha, clusters, seed } = variant.request.calibration;
    const importance = facts.importance === null ? null : importanceOf(variant);
    const id = [facts.name, importance ?? 'none', alpha, clusters, seed].join(' / ');
    this.#tell(facts.name);
    if (!this.#rows.some((row) => row.id === id)) {
      const { weightsBytes, visionWeightsBytes, totalBytes } = plan.memory;
      this.#rows.push({
        id,
        ...facts,
        importance,
        layerRungs: plan.layerRungs && [...plan.layerRungs],
        ...{ alpha, clusters, seed },
        weightsBytes,
        visionBytes: visionWeightsBytes,
        bitsPerWeight: (weightsBytes * 8) / this.#context.source.text.parameters,
        ...(await this.#measurer.measure(variant.trials, trial)),
        tokensPerSecond: await predictedSpeedOf(this.#context, plan),
        totalBytes,
      });
    }
    this.#attempted++;
    this.#tell(facts.name);
  }

  #tell(detail: string): void {
    const { total } = this;
    this.#context.onProgress?.({ stage: 'choose', done: this.#attempted, total, unit: 'steps', detail });
  }
}
