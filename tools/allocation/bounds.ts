import { bitsPerWeight } from '../../src-main/luq/allocate/ladder.ts';
import { seededRandom, shuffled } from '../../src-main/luq/random.ts';
import type { PricedModel, PricedTensor, Types } from './priced.ts';

/** LUQ's plan: the first `k` layers of an order low, the others high. */
export function twoRungs(model: PricedModel, order: readonly number[], k: number): Types {
  const low = new Set(order.slice(0, k));
  const { rungs } = model;
  return new Map(model.tensors.map(({ name, layer }) => [name, low.has(layer) ? rungs.low : rungs.high]));
}

/** Layers by what they cost in the low rung, the cheapest first. */
export function bestOrder(model: PricedModel): number[] {
  const costs = new Map<number, number>();
  for (const { name, layer } of model.tensors) {
    costs.set(layer, (costs.get(layer) ?? 0) + model.cost(name, model.rungs.low));
  }
  return [...costs].sort(([, a], [, b]) => a - b).map(([layer]) => layer);
}

const CHANCES = 100;

export function randomOrderPrice(model: PricedModel, k: number): number {
  const layers = bestOrder(model);
  const prices = Array.from({ length: CHANCES }, (_, seed) =>
    model.price(twoRungs(model, shuffled(layers, seededRandom(seed)), k)),
  );
  return prices.reduce((sum, price) => sum + price, 0) / CHANCES;
}

/** Tensors that have to share a type. */
export type Unit = readonly PricedTensor[];

export function unitsBy(model: PricedModel, key: (tensor: PricedTensor) => string): Unit[] {
  return [...Map.groupBy(model.tensors, key).values()];
}

/** The Lagrangian relaxation, without anything to spend what it leaves: for every unit the cheapest type under a mean of `bits`. */
export function relaxedPrice(model: PricedModel, units: readonly Unit[], bits: number): number {
  const options = units.map((unit) =>
    model.types.map((type) => ({
      cost: unit.reduce((sum, { name }) => sum + model.cost(name, type), 0),
      bits: (unit.reduce((sum, { elements }) => sum + elements, 0) * bitsPerWeight(type)) / model.elements,
    })),
  );
  let [low, high, best] = [1e-9, 1e3, Number.NaN];
  for (let step = 0; step < 200; step++) {
    const weight = Math.sqrt(low * high);
    const chosen = options.map((types) =>
      types.reduce((a, b) => (b.cost + weight * b.bits < a.cost + weight * a.bits ? b : a)),
    );
    if (chosen.reduce((sum, option) => sum + option.bits, 0) <= bits) {
      best = chosen.reduce((sum, { cost }) => sum + cost, 0);
      high = weight;
    } else {
      low = weight;
    }
  }
  return best;
}
