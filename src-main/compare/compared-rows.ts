import type { Compared } from '../contract/comparison.ts';
import { throwIfCancelled } from '../contract/errors.ts';
import type { FitContext } from '../fit/context.ts';
import type { GgufTensor } from '../gguf/gguf.ts';
import { bytesWithTypes } from '../luq/plan/mixture.ts';
import type { LayerPlan, Plan } from '../luq/plan/plan.ts';
import type { MeasuringContext } from '../fit/measuring-context.ts';
import { layerOf } from '../models/model-file.ts';
import { predictedSpeedOf } from '../fit/predicted-speed.ts';
import type { Trial } from '../fit/trials.ts';
import { importanceOf } from './calibration-variant.ts';
import { RowMeasurer, type ComparedTask, type RowOptions } from './measured-row.ts';

export type RowFacts = Pick<Compared, 'name' | 'family' | 'ordering' | 'lowLayers'> & {
  /** null where the weights are the source's, or made without one; of the calibration where not given */
  readonly importance?: null;
} & Partial<Pick<Compared, 'rival' | 'layerBits' | 'tensorTypes'>>;

/** Bits of a weight of the layers' matrices. */
function layerBitsOf(tensors: readonly GgufTensor[], types: ReadonlyMap<string, number>): number | undefined {
  const matrices = tensors.filter(({ name, shape }) => layerOf(name) !== undefined && shape.length > 1);
  const weights = matrices.reduce((sum, { elements }) => sum + elements, 0);
  return weights > 0 ? (bytesWithTypes(matrices, types) * 8) / weights : undefined;
}

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
      const { text } = this.#context.source;
      // another method's format is not llama.cpp's: nothing here runs it
      const runs = facts.rival === undefined;
      this.#rows.push({
        id,
        layerBits: layerBitsOf(text.gguf.tensors, plan.types),
        ...facts,
        importance,
        layerRungs: plan.layerRungs && [...plan.layerRungs],
        ...{ alpha, clusters, seed },
        weightsBytes,
        visionBytes: visionWeightsBytes,
        bitsPerWeight: (weightsBytes * 8) / text.parameters,
        ...(await this.#measurer.measure(variant.trials, trial, runs)),
        tokensPerSecond: runs ? await predictedSpeedOf(this.#context, plan) : null,
        totalBytes,
      });
    }
    this.#attempted++;
    this.#tell(facts.name);
  }

  /** Tells how much is done of what a row needs before it is measured, 0 to 1. */
  tellShare(detail: string, share: number): void {
    this.#tell(detail, share);
  }

  #tell(detail: string, share = 0): void {
    const { total } = this;
    const done = this.#attempted + share;
    this.#context.onProgress?.({ stage: 'choose', done, total, unit: 'steps', detail });
  }
}
