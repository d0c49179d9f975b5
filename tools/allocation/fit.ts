import { additiveDivergence } from '../../src-main/luq/allocate/additivity.ts';
import { LADDER } from '../../src-main/luq/allocate/ladder.ts';
import { mostProbable, type Belief } from '../../src-main/luq/allocate/least-squares.ts';
import { depthTerms, partOf } from '../../src-main/luq/allocate/prior.ts';
import type { PriorFigures } from '../../src-main/luq/allocate/prior-figures.ts';
import { classify, TENSOR_CLASSES, type TensorClass } from '../../src-main/luq/allocate/tensor-class.ts';
import type { Measured } from './measured.ts';

/** Types that were measured alone and do not repeat each other; distortions are relative to the first. */
const FITTED_TYPES = ['q2_k_r4', 'iq2_ks', 'iq1_kt', 'iq1_m'] as const;

/** Logarithms, and what they stray by: of single measurements, and of tensors around what class and depth say. */
const BELIEFS = {
  tensor: { mean: Math.log(1e-3), deviation: 3 },
  type: { mean: Math.log(2), deviation: 1 },
  floor: { mean: Math.log(3e-4), deviation: 2 },
  class: { mean: Math.log(1e-3), deviation: 10 },
  bend: { mean: 0, deviation: 0.2 },
} satisfies Record<string, Belief>;
const MEASUREMENT_DEVIATION = 0.1;
const TENSOR_DEVIATION = 0.35;

/** A tensor as it was measured, without the floor. */
export interface Sensitivity {
  readonly name: string;
  readonly class: TensorClass;
  readonly layer: number;
  /** stored in Q2_K */
  readonly nats: number;
}

export interface Alone {
  /** what a run differs by when anything at all is changed in it, in nats */
  readonly floor: number;
  /** of FITTED_TYPES, relative to the first */
  readonly distortion: readonly number[];
  /** tensor → nats in Q2_K */
  readonly tensors: ReadonlyMap<string, number>;
  /** of the logarithms */
  readonly residuals: readonly number[];
}

/** Fits nats(tensor, type) = floor + tensor · distortion of the type, in logarithms. */
export function fitAlone({ alone }: Measured): Alone {
  const types = FITTED_TYPES.length - 1;
  const seen = alone.flatMap(({ nats }, tensor) =>
    FITTED_TYPES.flatMap((name, type) => {
      const value = nats.get(name) ?? 0;
      return value > 0 ? [{ tensor, type, nats: value }] : [];
    }),
  );
  const beliefs = [
    BELIEFS.floor,
    ...FITTED_TYPES.slice(1).map(() => BELIEFS.type),
    ...alone.map(() => BELIEFS.tensor),
  ];
  const residual = (values: readonly number[], { tensor, type, nats }: (typeof seen)[number]) => {
    const floor = Math.exp(values[0] ?? 0);
    const own = Math.exp((values[1 + types + tensor] ?? 0) + (type > 0 ? (values[type] ?? 0) : 0));
    return { residual: Math.log((floor + own) / nats), floor, own };
  };
  const { parameters } = mostProbable(beliefs, (values) => {
    const lines = seen.map((one) => {
      const { residual: off, floor, own } = residual(values, one);
      const row = new Array<number>(values.length).fill(0);
      row[0] = floor / (floor + own) / MEASUREMENT_DEVIATION;
      const slope = own / (floor + own) / MEASUREMENT_DEVIATION;
      row[1 + types + one.tensor] = slope;
      if (one.type > 0) row[one.type] = slope;
      return { off: off / MEASUREMENT_DEVIATION, row };
    });
    return { residuals: lines.map(({ off }) => off), jacobian: lines.map(({ row }) => row) };
  });
  const value = (index: number) => Math.exp(parameters[index] ?? 0);
  return {
    floor: value(0),
    distortion: FITTED_TYPES.map((_, type) => (type === 0 ? 1 : value(type))),
    tensors: new Map(alone.map(({ name }, i) => [name, value(1 + types + i)])),
    residuals: seen.map((one) => residual(parameters, one).residual),
  };
}

export function sensitivitiesOf({ tensors }: Alone): Sensitivity[] {
  return [...tensors].flatMap(([name, nats]) => {
    const { layer, of } = classify(name);
    const [one] = of;
    return layer === undefined || one === undefined || of.length !== 1
      ? []
      : [{ name, class: one, layer, nats }];
  });
}

/** Costs 2 % here, and saves a third where the first layer is ten times as dear as smooth depth says. */
const FIRST_LAYER_CAUTION = 4;
/** Costs 1 % here. What is best for a model that was not seen is the more moderate, the less two models' depths have in common. */
const BENDS_CARRIED = 0.7;

type Shape = Pick<PriorFigures, 'layers' | 'classes' | 'depth' | 'lastLayer'>;

/** Class times depth, of which a part of the layers bends alike and the last layer stands apart: ridge regression of logarithms. */
export function fitShape(seen: readonly Sensitivity[], layers: number): Shape {
  const parts = ['attention', 'ffn'] as const;
  const bends = depthTerms(0, layers).length + 1;
  const rows = seen.map(({ class: one, layer }) => [
    ...TENSOR_CLASSES.map((other) => (other === one ? 1 : 0)),
    ...parts.flatMap((part) =>
      [...depthTerms(layer, layers), layer === layers - 1 ? 1 : 0].map((term) =>
        part === partOf(one) ? term : 0,
      ),
    ),
  ]);
  const beliefs = [
    ...TENSOR_CLASSES.map(() => BELIEFS.class),
    ...Array.from({ length: 2 * bends }, () => BELIEFS.bend),
  ];
  const { parameters } = mostProbable(beliefs, (values) => ({
    residuals: rows.map((row, i) => {
      const log = row.reduce((sum, term, j) => sum + term * (values[j] ?? 0), 0);
      return (log - Math.log(seen[i]?.nats ?? 1)) / TENSOR_DEVIATION;
    }),
    jacobian: rows.map((row) => row.map((term) => term / TENSOR_DEVIATION)),
  }));
  const of = (part: number) => parameters.slice(TENSOR_CLASSES.length + part * bends).slice(0, bends);
  const [attention, ffn] = [of(0), of(1)];
  return {
    layers,
    classes: Object.fromEntries(TENSOR_CLASSES.map((one, i) => [one, Math.exp(parameters[i] ?? 0)])),
    depth: { attention: attention.slice(0, -1), ffn: ffn.slice(0, -1) },
    lastLayer: { attention: attention.at(-1) ?? 0, ffn: ffn.at(-1) ?? 0 },
  };
}

/** Of each type that was measured alone: the sum over tensors and the divergence with all of them, in nats without the floor. */
export function sumsAndWholes({ uniform }: Measured, { floor, distortion, tensors }: Alone) {
  const total = [...tensors.values()].reduce((sum, nats) => sum + nats, 0);
  return FITTED_TYPES.flatMap((type, i) => {
    const whole = uniform.get(type);
    return whole === undefined ? [] : [{ type, sum: total * (distortion[i] ?? 1), whole: whole - floor }];
  });
}

/** k of whole = sum · exp(k · sum), by least squares of logarithms. */
function interactionOf(measured: Measured, alone: Alone): number {
  const pairs = sumsAndWholes(measured, alone);
  const above = pairs.reduce((total, { sum, whole }) => total + sum * Math.log(whole / sum), 0);
  const below = pairs.reduce((total, { sum }) => total + sum ** 2, 0);
  return Math.max(0, above / below);
}

/** Of whole models in one type, as sums over their tensors, relative to Q2_K's. */
function distortions({ uniform }: Measured, floor: number, interaction: number): Record<string, number> {
  const names = new Map([...uniform].map(([name, nats]) => [name.toUpperCase(), nats]));
  const sum = (type: string) => additiveDivergence((names.get(type) ?? Number.NaN) - floor, interaction);
  const types = [...LADDER, 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1'].filter((type) => type !== 'F16');
  return Object.fromEntries(types.map((type) => [type, sum(type) / sum('Q2_K')]));
}

/** @throws Error where nothing that can be fitted was measured */
export function fitPrior(measured: Measured): PriorFigures {
  const alone = fitAlone(measured);
  const seen = sensitivitiesOf(alone);
  if (seen.length === 0)
    throw new Error(`no tensor of ${measured.model} was measured in ${FITTED_TYPES.join(', ')}`);
  const interaction = interactionOf(measured, alone);
  return {
    ...fitShape(seen, 1 + Math.max(...seen.map(({ layer }) => layer))),
    floor: alone.floor,
    caution: { first: FIRST_LAYER_CAUTION, bends: BENDS_CARRIED, every: alone.floor / 2 },
    interaction,
    tiedEmbedding: alone.tensors.get('token_embd.weight') ?? Number.NaN,
    distortion: distortions(measured, alone.floor, interaction),
  };
}
