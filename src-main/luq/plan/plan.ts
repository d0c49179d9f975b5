import { SnugError } from '../../contract/errors.ts';
import type { Memory } from '../../contract/fit-report.ts';
import { largestParameters } from '../../contract/laptop.ts';
import type { Remedy } from '../../contract/remedies.ts';
import { counted } from '../../contract/counted.ts';
import { fewestLowLayers, lowLayersOf } from '../../contract/low-layers.ts';
import type { GgufTensor } from '../../gguf/gguf.ts';
import { layerOf } from '../../models/model-file.ts';
import { formatBytes, formatParameters } from '../../contract/bytes.ts';
import type { Matrix } from '../../profile/probe.ts';
import { extraBytes, type ExtraBytes } from './loaded-weights.ts';
import { predictMemory, type Overhead } from './memory.ts';
import { bytesAs, type Mixture } from './mixture.ts';
import type { Rung, Rungs } from '../../contract/rungs.ts';

/** Which type every tensor of the text model gets, and what that costs. */
export interface Plan {
  readonly rungs: Rungs;
  /** layers in ascending order of entropy */
  readonly order: readonly number[];
  /** k: how many layers are low; LUQ takes them from the front of the order */
  readonly lowLayers: number;
  /** per layer */
  readonly layerRungs: readonly Rung[];
  readonly types: ReadonlyMap<string, number>;
  readonly memory: Memory;
}

export interface PlanInputs {
  readonly rungs: Rungs;
  readonly tensors: readonly GgufTensor[];
  readonly high: Mixture;
  readonly low: Mixture;
  readonly order: readonly number[];
  readonly overhead: Overhead;
  readonly extra: ExtraBytes;
}

/** The plan with the first k layers of the order on the low rung. Tensors outside the layers stay on the high one. */
export function planWith(inputs: PlanInputs, lowLayers: number): Plan {
  const { rungs, high, low, order } = inputs;
  if (!Number.isInteger(lowLayers) || lowLayers < 0 || lowLayers > order.length) {
    throw new SnugError(
      'BAD_ARGUMENT',
      `this model has ${counted(order.length, 'layer')}; ${lowLayers} of them cannot go low`,
    );
  }
  const chosen = new Set(order.slice(0, lowLayers));
  const mixtures = new Map([
    [rungs.high, high],
    [rungs.low, low],
  ]);
  return planLayers(
    { ...inputs, mixtures },
    order.map((_, layer) => (chosen.has(layer) ? rungs.low : rungs.high)),
  );
}

export interface LayerPlanInputs {
  readonly rungs: Rungs;
  readonly mixtures: ReadonlyMap<Rung, Mixture>;
  readonly tensors: readonly GgufTensor[];
  readonly order: readonly number[];
  readonly overhead: Overhead;
  readonly extra: ExtraBytes;
}

/** The plan that gives each layer its own rung, and `outside` to the tensors outside the layers. */
export function planLayers(
  inputs: LayerPlanInputs,
  layerRungs: readonly Rung[],
  outside: Rung = inputs.rungs.high,
): Plan {
  const { rungs, mixtures, tensors, order, overhead, extra } = inputs;
  const types = new Map(
    tensors.map((tensor) => {
      const layer = layerOf(tensor.name);
      const rung = (layer === undefined ? undefined : layerRungs[layer]) ?? outside;
      return [tensor.name, mixtures.get(rung)?.get(tensor.name) ?? tensor.type];
    }),
  );
  const weightsBytes = tensors.reduce(
    (sum, tensor) => sum + bytesAs(tensor, types.get(tensor.name) ?? tensor.type),
    0,
  );
  const lowLayers = lowLayersOf(layerRungs, rungs.high).length;
  const memory = predictMemory(weightsBytes, overhead, extraBytes(tensors, types, extra));
  return { rungs, order, lowLayers, layerRungs, types, memory };
}

/** The plan with the fewest low layers whose whole memory fits the budget; undefined when none does. LUQ, step 4. */
export function smallestThatFits(inputs: PlanInputs, budgetBytes: number): Plan | undefined {
  const lowLayers = fewestLowLayers(
    inputs.order.length,
    budgetBytes,
    (count) => planWith(inputs, count).memory.totalBytes,
  );
  return lowLayers === null ? undefined : planWith(inputs, lowLayers);
}

/** Something a person could give up, and what the smallest plan would take then. */
export interface Saving {
  /** in words that every door understands */
  readonly label: string;
  readonly remedies: readonly Remedy[];
  readonly totalBytes: number;
}

/** Says by how much nothing fits, and what would. `mostBytes`: what this laptop could give at most. */
export function doesNotFit(
  inputs: PlanInputs,
  { budgetBytes, mostBytes }: { budgetBytes: number; mostBytes: number },
  savings: readonly Saving[],
): SnugError {
  const smallest = planWith(inputs, inputs.order.length);
  const needed = smallest.memory.totalBytes;
  const helping = savings.filter(({ totalBytes }) => totalBytes <= budgetBytes);
  const options = helping.map(({ label, totalBytes }) => `${label} (${formatBytes(totalBytes)})`);
  const possible = needed <= mostBytes;
  return new SnugError(
    'DOES_NOT_FIT',
    `even with every layer at ${inputs.rungs.low} the model needs ${formatBytes(needed)}, ` +
      `${formatBytes(needed - budgetBytes)} more than the budget of ${formatBytes(budgetBytes)}`,
    {
      advice: [
        ...(options.length > 0 ? [`What would fit: ${options.join('; ')}.`] : []),
        possible ? 'A larger budget or a smaller model fits, too.' : smallerModel(inputs, budgetBytes),
      ].join(' '),
      remedies: [
        ...(helping[0]?.remedies ?? []),
        ...(possible ? [{ kind: 'set-budget', bytes: needed } as const] : []),
      ],
    },
  );
}

/** What could be fitted instead, from what this one takes. */
function smallerModel(inputs: PlanInputs, spareBytes: number): string {
  const parameters = inputs.tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const upTo = (lowLayers: number): string =>
    formatParameters(
      largestParameters(parameters, planWith(inputs, lowLayers).memory.totalBytes, spareBytes),
    );
  return (
    `A model of up to about ${upTo(inputs.order.length)} parameters fits; ` +
    `with every layer at ${inputs.rungs.high} one of up to about ${upTo(0)}.`
  );
}

/** The weight matrices that one decoded token is multiplied with, in a plan's types. The tied embeddings are the output. */
export function decodeMatrices(tensors: readonly GgufTensor[], types: ReadonlyMap<string, number>): Matrix[] {
  const tied = !tensors.some((tensor) => tensor.name === 'output.weight');
  return tensors.flatMap((tensor) => {
    const [columns, rows] = tensor.shape;
    const multiplied =
      layerOf(tensor.name) !== undefined || tensor.name === (tied ? 'token_embd.weight' : 'output.weight');
    if (!multiplied || columns === undefined || rows === undefined) return [];
    return [{ type: types.get(tensor.name) ?? tensor.type, columns, rows }];
  });
}
