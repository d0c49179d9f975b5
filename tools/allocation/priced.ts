import { bitsPerWeight, LADDER } from '../../src-main/luq/allocate/ladder.ts';
import { classify } from '../../src-main/luq/allocate/tensor-class.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import type { Measured, MeasuredTensor } from './measured.ts';

// Plans priced by measured divergences, as the table of bounds prices them: added over tensors. A type that was not measured alone takes
// the shape over tensors of one that was, scaled to its own whole model.

/** Tensor name → ggml type id. */
export type Types = ReadonlyMap<string, number>;

export interface PricedTensor {
  readonly name: string;
  readonly elements: number;
  readonly layer: number;
  readonly class: string;
}

/** Of the ladder, those that bounds of public measurements know. */
const COMPARED = LADDER.filter((type) => !['IQ1_S', 'IQ4_NL', 'F16'].includes(type)).map(tensorTypeId);

/** Low types that were measured alone, in the order in which one is preferred, and the whole model that each belongs to. */
const SHAPES = [
  { alone: 'Q2_K_R4', whole: ['Q2_K', 'Q2_K_R4'] },
  { alone: 'IQ1_M', whole: ['IQ1_M'] },
  { alone: 'IQ1_KT', whole: ['IQ1_KT'] },
];
const IQ1_M = tensorTypeId('IQ1_M');
const Q4_K = tensorTypeId('Q4_K');

const upper = (figures: ReadonlyMap<string, number>) =>
  new Map([...figures].map(([type, nats]) => [type.toUpperCase(), nats]));

export class PricedModel {
  readonly name: string;
  /** matrices of the layers */
  readonly tensors: readonly PricedTensor[];
  /** ggml ids, fewest bits first */
  readonly types: readonly number[];
  /** tensors whose figure was missing and is estimated from others */
  readonly estimated: readonly string[];
  readonly elements: number;
  readonly #uniform: ReadonlyMap<string, number>;
  readonly #alone: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly #shape: ReadonlyMap<string, number>;
  readonly #reference: number;

  /** @throws Error that says what the file lacks */
  constructor({ model, uniform, alone }: Measured) {
    this.name = model;
    this.#uniform = upper(uniform);
    const measured = alone.filter(({ nats, name }) => nats.size > 0 && classify(name).layer !== undefined);
    if (measured.length === 0) throw new Error(`${model}: no matrix of a layer was measured alone`);
    this.#alone = new Map(measured.map(({ name, nats }) => [name, upper(nats)]));
    this.tensors = measured.map(({ name, elements }) => {
      const { layer = 0 } = classify(name);
      return { name, elements, layer, class: name.replace(/^blk\.\d+\./, '') };
    });
    this.elements = this.tensors.reduce((sum, { elements }) => sum + elements, 0);
    const { type, reference } = this.#shapeType();
    this.#reference = reference;
    this.types = COMPARED.filter((id) => this.uniform(id) !== undefined);
    const { shape, estimated } = this.#completed(type, measured);
    this.#shape = shape;
    this.estimated = estimated;
    if (this.types.length < 2) throw new Error(`${model}: fewer than two types of the ladder were measured`);
  }

  /** Divergence with all tensors in a type, in nats. */
  uniform(type: number): number | undefined {
    return this.#uniform.get(nameOf(type));
  }

  /** IQ1_M and Q4_K, or what stands in for them where they were not measured. */
  get rungs(): { low: number; high: number } {
    const { types } = this;
    const low = types.includes(IQ1_M) ? IQ1_M : (types[0] ?? IQ1_M);
    const high = types.includes(Q4_K)
      ? Q4_K
      : (types.findLast((type) => bitsPerWeight(type) <= bitsPerWeight(Q4_K)) ?? Q4_K);
    return { low, high };
  }

  cost(tensor: string, type: number): number {
    const own = type === IQ1_M ? this.#alone.get(tensor)?.get('IQ1_M') : undefined;
    const scaled = ((this.#shape.get(tensor) ?? 0) * (this.uniform(type) ?? Number.NaN)) / this.#reference;
    return Math.max(own ?? scaled, 0);
  }

  price(plan: Types): number {
    return this.tensors.reduce((sum, { name }) => sum + this.cost(name, plan.get(name) ?? -1), 0);
  }

  bits(plan: Types): number {
    const bits = this.tensors.reduce(
      (sum, { name, elements }) => sum + elements * bitsPerWeight(plan.get(name) ?? -1),
      0,
    );
    return bits / this.elements;
  }

  #shapeType(): { type: string; reference: number } {
    const found = SHAPES.flatMap(({ alone, whole }) => {
      const wholes = whole.flatMap((type) => this.#uniform.get(type) ?? []);
      const isMeasured = [...this.#alone.values()].some((nats) => nats.has(alone));
      return isMeasured && wholes[0] ? [{ type: alone, reference: wholes[0] }] : [];
    });
    if (found[0]) return found[0];
    const wanted = SHAPES.map(({ alone }) => alone.toLowerCase()).join(', ');
    throw new Error(`${this.name}: neither of ${wanted} was measured both alone and in the whole model`);
  }

  /** Where the type is missing: what another type says of the tensor, scaled; else the mean of its class, or of all. */
  #completed(type: string, measured: readonly MeasuredTensor[]) {
    const estimated: string[] = [];
    const rows = measured.map(({ name }) => ({
      name,
      nats: this.#alone.get(name) ?? new Map<string, number>(),
    }));
    const known = rows.flatMap(({ name, nats }) => {
      const value = nats.get(type);
      return value === undefined ? [] : [{ name, nats, value: Math.max(value, 0) }];
    });
    const mean = (of: typeof known) => of.reduce((sum, { value }) => sum + value, 0) / of.length;
    const shape = new Map(
      rows.map(({ name, nats }) => {
        const value = nats.get(type);
        if (value !== undefined) return [name, Math.max(value, 0)];
        estimated.push(name);
        const kind = classify(name).class;
        const alike = known.filter((other) => classify(other.name).class === kind);
        const like = alike.length > 0 ? alike : known;
        const [other, nat] = [...nats].find(([one]) => like.some((row) => row.nats.has(one))) ?? [];
        if (other === undefined || nat === undefined) return [name, mean(like)];
        const both = like.filter((row) => (row.nats.get(other) ?? 0) > 0);
        const theirs = both.reduce((sum, row) => sum + (row.nats.get(other) ?? 0), 0);
        return [name, both.length > 0 ? (Math.max(nat, 0) * mean(both) * both.length) / theirs : mean(like)];
      }),
    );
    return { shape, estimated };
  }
}

function nameOf(type: number): string {
  return LADDER.find((name) => tensorTypeId(name) === type)?.toUpperCase() ?? '';
}
