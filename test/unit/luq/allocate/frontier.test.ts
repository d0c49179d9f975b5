import { describe, expect, it } from 'vitest';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { Allocator } from '../../../../src-main/luq/allocate/allocator.ts';
import { frontierOf, planWithin } from '../../../../src-main/luq/allocate/frontier.ts';
import { itemsOf } from '../../../../src-main/luq/allocate/items.ts';
import { priorCosts, priorSensitivities } from '../../../../src-main/luq/allocate/prior.ts';
import { classifyAll } from '../../../../src-main/luq/allocate/tensor-class.ts';
import { layerMatrices } from '../../../helpers/transformer-tensors.ts';

const F16 = tensorTypeId('F16');
function model(layers: number) {
  const embeddings = { name: 'token_embd.weight', type: F16, shape: [512, 32_000], elements: 512 * 32_000 };
  return [embeddings, ...layerMatrices(layers)];
}

function allocatorOf(layers: number): Allocator {
  const matrices = model(layers);
  const sensitivities = priorSensitivities(classifyAll(matrices.map(({ name }) => name)), layers);
  // larger types take longer, but for those of two bits, which are slow to decode
  const seconds = ({ elements }: { elements: number }, type: number) =>
    elements * 1e-9 * (type === 22 ? 3 : 1);
  return new Allocator(itemsOf(matrices, { costs: priorCosts(sensitivities), seconds }));
}

describe('the frontier', () => {
  it.each([1, 4, 36])(
    'of %i layers goes from the smallest plan to the source; more bytes are never worse',
    (layers) => {
      const allocator = allocatorOf(layers);
      const frontier = frontierOf(allocator);
      expect(frontier[0]?.bytes).toBe(allocator.leastBytes);
      const last = frontier.at(-1);
      expect(last?.cost).toBe(0);
      expect(new Set(last?.types.values())).toEqual(new Set([F16]));
      for (const [i, plan] of frontier.slice(1).entries()) {
        expect(plan.bytes).toBeGreaterThan(frontier[i]?.bytes ?? 0);
        expect(plan.cost).toBeLessThan(frontier[i]?.cost ?? 0);
      }
      expect(frontier.length).toBeGreaterThan(50);
    },
  );

  it('has at every size a plan hardly further from the source than the best', () => {
    const allocator = allocatorOf(4);
    const frontier = frontierOf(allocator);
    for (const plan of frontier.filter((_, i) => i % 4 === 0)) {
      const best = allocator.allocate({ budgetBytes: plan.bytes })?.cost ?? 0;
      expect(plan.cost).toBeGreaterThanOrEqual(best * (1 - 1e-9));
      expect(plan.cost).toBeLessThanOrEqual(best * 1.03);
    }
  });

  it('says which plan a budget between two of them gets, and that the smallest is too large for some', () => {
    const frontier = frontierOf(allocatorOf(4));
    const [first, second] = frontier;
    expect(planWithin(frontier, (second?.bytes ?? 0) - 1)).toBe(first);
    expect(planWithin(frontier, second?.bytes ?? 0)).toBe(second);
    expect(planWithin(frontier, Number.MAX_SAFE_INTEGER)).toBe(frontier.at(-1));
    expect(planWithin(frontier, (first?.bytes ?? 0) - 1)).toBeUndefined();
  });

  it('keeps to a limit of seconds, and is empty where nothing is so fast', () => {
    const allocator = allocatorOf(4);
    const seconds = allocator.leastSeconds * 1.1;
    const frontier = frontierOf(allocator, { seconds });
    expect(frontier.length).toBeGreaterThan(20);
    expect(frontier.every((plan) => plan.seconds <= seconds * (1 + 1e-9))).toBe(true);
    expect(frontierOf(allocator, { seconds: allocator.leastSeconds / 2 })).toEqual([]);
  });
});
