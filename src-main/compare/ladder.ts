import type { Rung } from '../contract/rungs.ts';
import { cheapestErrors, type Choice } from '../luq/plan/knapsack.ts';
import { bytesWithTypes } from '../luq/plan/mixture.ts';
import type { LayerPlan } from '../luq/plan/plan.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { layerOf } from '../models/model-file.ts';
import type { MeasuringContext } from '../fit/measuring-context.ts';
import { divergenceOf } from '../fit/quality.ts';

/** What a ladder may give a layer besides the two rungs of the fit. */
const BETWEEN: readonly Rung[] = ['Q6_K', 'IQ3_M', 'IQ2_M'];

type RungChoice = Choice & { readonly rung: Rung };

/** What each layer could be, measured one at a time: a multiple-choice knapsack for any budget. */
export interface Ladder {
  readonly planner: Planner;
  /** [layers][rungs] */
  readonly items: readonly (readonly RungChoice[])[];
  /** predicted memory without the layers' tensors */
  readonly outsideBytes: number;
}

/**
 * Measures every layer alone on every rung, the others on the high one. `error` is the divergence that this adds: layers' errors
 * do not simply add up, so whatever is chosen by them has to be measured whole.
 */
export async function measureLadder({
  source,
  planner,
  trials,
  onProgress,
}: MeasuringContext): Promise<Ladder> {
  const { tensors } = source.text.gguf;
  const { high, low } = planner.rungs;
  const ladder = [...new Set([high, low, ...BETWEEN])];
  const allHigh = new Array<Rung>(planner.layers).fill(high);
  const base = planner.planOf(allHigh);
  const baseDivergence = divergenceOf(await trials.measure(base));
  const ofLayer = (layer: number) => tensors.filter(({ name }) => layerOf(name) === layer);

  const total = planner.layers * ladder.length;
  const items: RungChoice[][] = [];
  for (const layer of allHigh.keys()) {
    const choices: RungChoice[] = [];
    for (const rung of ladder) {
      const alone = planner.planOf(allHigh.with(layer, rung));
      const error = divergenceOf(await trials.measure(alone)) - baseDivergence;
      choices.push({ rung, bytes: bytesWithTypes(ofLayer(layer), alone.types), error });
      const done = items.length * ladder.length + choices.length;
      onProgress?.({ stage: 'choose', done, total, unit: 'steps', detail: `layer ${layer + 1}` });
    }
    items.push(choices);
  }
  const inLayers = tensors.filter(({ name }) => layerOf(name) !== undefined);
  return { planner, items, outsideBytes: base.memory.totalBytes - bytesWithTypes(inLayers, base.types) };
}

/** The rung of every layer that adds least within the budget; undefined when nothing fits. */
export function ladderPlan(
  { planner, items, outsideBytes }: Ladder,
  budgetBytes: number,
): LayerPlan | undefined {
  const chosen = cheapestErrors(items, budgetBytes - outsideBytes);
  const rungOf = (choice: number, layer: number) => items[layer]?.[choice]?.rung ?? planner.rungs.high;
  return chosen && planner.planOf(chosen.map(rungOf));
}
