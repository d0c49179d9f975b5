import type { NativeModel } from '../engine/native-types.ts';
import { layerOf } from '../models/model-file.ts';
import type { Measuring } from './choose.ts';
import { cheapestErrors, type Choice } from '../luq/plan/knapsack.ts';
import { bytesAs, mixtureOf, type Mixture } from '../luq/plan/mixture.ts';
import { planLayers, type Plan, type PlanInputs } from '../luq/plan/plan.ts';
import type { Rung } from '../contract/rungs.ts';
import { divergenceOf } from './trials.ts';

/** What a ladder may give a layer besides the two rungs of the fit. */
const BETWEEN: readonly Rung[] = ['Q6_K', 'IQ3_M', 'IQ2_M'];

/** What each layer could be, measured one at a time: a multiple-choice knapsack for any budget. */
export interface Ladder {
  readonly inputs: PlanInputs;
  readonly mixtures: ReadonlyMap<Rung, Mixture>;
  /** [layers][rungs] */
  readonly items: readonly (readonly (Choice & { readonly rung: Rung })[])[];
  /** predicted memory without the layers' tensors */
  readonly outsideBytes: number;
}

/**
 * Measures every layer alone on every rung, the others on the high one. `error` is the divergence that this adds: layers' errors
 * do not simply add up, so whatever is chosen by them has to be measured whole.
 */
export async function measureLadder(
  measuring: Measuring,
  model: NativeModel,
  inputs: PlanInputs,
): Promise<Ladder> {
  const { addon, source, trials, onProgress } = measuring;
  const { tensors } = source.text.gguf;
  const { rungs, order } = inputs;
  const ladder = [...new Set([rungs.high, rungs.low, ...BETWEEN])];
  const mixtures = new Map(ladder.map((rung) => [rung, mixtureOf(addon, model, tensors, rung)]));
  const allHigh = order.map(() => rungs.high);
  const base = planLayers({ ...inputs, mixtures }, allHigh);
  const baseDivergence = divergenceOf(await trials.measure(base));
  const bytesOf = (layer: number, plan: Plan) =>
    tensors
      .filter((tensor) => layerOf(tensor.name) === layer)
      .reduce((sum, tensor) => sum + bytesAs(tensor, plan.types.get(tensor.name) ?? tensor.type), 0);

  const total = order.length * ladder.length;
  const items: (Choice & { rung: Rung })[][] = [];
  for (const layer of allHigh.keys()) {
    const choices: (Choice & { rung: Rung })[] = [];
    for (const rung of ladder) {
      const alone = planLayers({ ...inputs, mixtures }, allHigh.with(layer, rung));
      const error = divergenceOf(await trials.measure(alone)) - baseDivergence;
      choices.push({ rung, bytes: bytesOf(layer, alone), error });
      const done = items.length * ladder.length + choices.length;
      onProgress?.({ stage: 'choose', done, total, unit: 'steps', detail: `layer ${layer + 1}` });
    }
    items.push(choices);
  }
  const layersBytes = [...allHigh.keys()].reduce((sum, layer) => sum + bytesOf(layer, base), 0);
  return { inputs, mixtures, items, outsideBytes: base.memory.totalBytes - layersBytes };
}

/** The rung of every layer that adds least within the budget; undefined when nothing fits. */
export function ladderPlan(
  { inputs, mixtures, items, outsideBytes }: Ladder,
  budgetBytes: number,
): Plan | undefined {
  const chosen = cheapestErrors(items, budgetBytes - outsideBytes);
  const rungOf = (choice: number, layer: number) => items[layer]?.[choice]?.rung ?? inputs.rungs.high;
  return chosen && planLayers({ ...inputs, mixtures }, chosen.map(rungOf));
}
