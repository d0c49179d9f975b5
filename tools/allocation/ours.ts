import { Allocator } from '../../src-main/luq/allocate/allocator.ts';
import { bitsPerWeight } from '../../src-main/luq/allocate/ladder.ts';
import { priorSensitivities, type CostOf } from '../../src-main/luq/allocate/prior.ts';
import type { Item } from '../../src-main/luq/allocate/problem.ts';
import { PRIOR } from '../../src-main/luq/allocate/fitted-prior.ts';
import type { PriorFigures } from '../../src-main/luq/allocate/prior-figures.ts';
import { classifyAll } from '../../src-main/luq/allocate/tensor-class.ts';
import { bestOrder, twoRungs } from './bounds.ts';
import type { PricedModel, Types } from './priced.ts';

export function itemsBy(model: PricedModel, costs: CostOf): Item[] {
  return model.tensors.map(({ name, elements }) => ({
    name,
    choices: model.types.map((type) => ({
      type,
      bytes: (elements * bitsPerWeight(type)) / 8,
      cost: costs(name, type),
      seconds: 0,
    })),
  }));
}

/** A type for every tensor under a mean of `bits`, by these costs. */
export function allocated(model: PricedModel, costs: CostOf, bits: number): Types {
  // the sum of other plans' bits is a sum of doubles as well
  const budgetBytes = ((model.elements * bits) / 8) * (1 + 1e-12);
  const plan = new Allocator(itemsBy(model, costs)).allocate({ budgetBytes });
  if (!plan) throw new Error(`no plan of ${model.name} takes ${bits} bits a weight`);
  return plan.types;
}

/** What is said of a model of which nothing but names and sizes is known. */
export function priorOf(model: PricedModel, figures: PriorFigures = PRIOR): Map<string, number> {
  const layers = 1 + Math.max(...model.tensors.map(({ layer }) => layer));
  return priorSensitivities(classifyAll(model.tensors.map(({ name }) => name)), layers, figures);
}

/** How many of so many layers are low in the plans that are compared: a quarter, three sevenths, half and two thirds. */
export function comparedLowLayers(layers: number): number[] {
  return [
    Math.floor(layers / 4),
    Math.floor((layers * 3) / 7),
    Math.floor(layers / 2),
    Math.floor((layers * 2) / 3),
  ];
}

/** … and the bits of the better plans of two rungs with so many. */
export function comparedBits(model: PricedModel): number[] {
  const order = bestOrder(model);
  return comparedLowLayers(order.length).map((k) => model.bits(twoRungs(model, order, k)));
}
