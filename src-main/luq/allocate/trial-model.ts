import { PRIOR } from './fitted-prior.ts';
import type { Belief } from './least-squares.ts';
import type { CostOf } from './prior.ts';
import type { ClassifiedTensor } from './tensor-class.ts';

/**
 * How far costs may be from those before any trial, as standard deviations of logarithms: of all tensors alike, of a class, of a band of
 * depth, of a class there, and of a type. Around what the prior leaves open on the model that it was fitted on.
 */
const DEVIATIONS = { all: 1, class: 0.4, band: 0.3, classInBand: 0.3, type: 0.25, interaction: 0.5 };

/** Depth is told apart in so many parts of a model. */
const BANDS = 4;

/** Tensors that trials cannot tell apart, in one type: what they cost together, and which parameters that depends on. */
interface Cell {
  readonly nats: number;
  readonly parameters: readonly number[];
}

/** What of a model's costs is to be learnt from trials: logarithms of factors. The last is that of the interaction. */
export class TrialModel {
  readonly beliefs: readonly Belief[];
  readonly #costs: CostOf;
  readonly #tensors: ReadonlyMap<string, ClassifiedTensor>;
  readonly #layers: number;
  readonly #indices: ReadonlyMap<string, number>;

  /**
   * @param types ggml ids that tensors may have
   * @param costs before any trial
   */
  constructor(
    tensors: readonly ClassifiedTensor[],
    {
      layers,
      types,
      costs,
    }: { readonly layers: number; readonly types: readonly number[]; readonly costs: CostOf },
  ) {
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.#layers = layers;
    this.#costs = costs;
    const deviations = new Map<string, number>();
    for (const tensor of tensors) {
      for (const [key, deviation] of this.#keysOf(tensor)) deviations.set(key, deviation);
    }
    for (const type of types) deviations.set(`type ${type}`, DEVIATIONS.type);
    deviations.set('interaction', DEVIATIONS.interaction);
    this.#indices = new Map([...deviations.keys()].map((key, index) => [key, index]));
    this.beliefs = [...deviations.values()].map((deviation) => ({ mean: 0, deviation }));
  }

  /** In which of BANDS a layer lies; undefined outside the layers. */
  bandOf({ layer }: ClassifiedTensor): number | undefined {
    return layer === undefined ? undefined : Math.min(BANDS - 1, Math.floor((layer * BANDS) / this.#layers));
  }

  /** Parameters that a tensor's cost in a type depends on, by their place in `beliefs`. */
  parametersOf(tensor: ClassifiedTensor, type: number): number[] {
    const keys = [...this.#keysOf(tensor).map(([key]) => key), `type ${type}`];
    return keys.flatMap((key) => this.#indices.get(key) ?? []);
  }

  /** What tensors cost with these parameters, in nats. */
  costsWith(parameters: readonly number[]): CostOf {
    return (name, type) => {
      const tensor = this.#tensors.get(name);
      return (
        this.#costs(name, type) * (tensor ? this.#factor(this.parametersOf(tensor, type), parameters) : 1)
      );
    };
  }

  interactionWith(parameters: readonly number[]): number {
    return PRIOR.interaction * Math.exp(parameters.at(-1) ?? 0);
  }

  cells(types: ReadonlyMap<string, number>): Cell[] {
    const cells = new Map<string, Cell>();
    for (const tensor of this.#tensors.values()) {
      const type = types.get(tensor.name);
      const nats = type === undefined ? 0 : this.#costs(tensor.name, type);
      if (type === undefined || !(nats > 0)) continue;
      const parameters = this.parametersOf(tensor, type);
      const key = parameters.join();
      cells.set(key, { parameters, nats: (cells.get(key)?.nats ?? 0) + nats });
    }
    return [...cells.values()];
  }

  /** The logarithm of the whole's divergence, and its derivative by each parameter. */
  predicted(cells: readonly Cell[], parameters: readonly number[]): { logNats: number; slopes: number[] } {
    const slopes = new Array<number>(this.beliefs.length).fill(0);
    let sum = 0;
    for (const cell of cells) {
      const nats = cell.nats * this.#factor(cell.parameters, parameters);
      sum += nats;
      for (const index of cell.parameters) slopes[index] = (slopes[index] ?? 0) + nats;
    }
    const interaction = this.interactionWith(parameters);
    const steepness = 1 / sum + interaction;
    const scaled = slopes.map((nats) => nats * steepness);
    scaled[scaled.length - 1] = interaction * sum;
    return { logNats: Math.log(sum) + interaction * sum, slopes: scaled };
  }

  #factor(indices: readonly number[], parameters: readonly number[]): number {
    return Math.exp(indices.reduce((sum, index) => sum + (parameters[index] ?? 0), 0));
  }

  #keysOf(tensor: ClassifiedTensor): [string, number][] {
    const band = this.bandOf(tensor);
    const keys: [string, number][] = [
      ['all', DEVIATIONS.all],
      [`class ${tensor.class}`, DEVIATIONS.class],
    ];
    if (band === undefined) return keys;
    return [
      ...keys,
      [`band ${band}`, DEVIATIONS.band],
      [`class ${tensor.class} in band ${band}`, DEVIATIONS.classInBand],
    ];
  }
}
