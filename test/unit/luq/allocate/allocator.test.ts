import { describe, expect, it } from 'vitest';
import { Allocator } from '../../../../src-main/luq/allocate/allocator.ts';
import type { Choice, Item, Limits } from '../../../../src-main/luq/allocate/problem.ts';
import { seededRandom } from '../../../../src-main/luq/random.ts';

/** The least cost of every combination there is; undefined when none is within the limits. */
function bruteForce(items: readonly Item[], { budgetBytes, seconds = Infinity }: Limits): number | undefined {
  let best: number | undefined;
  const walk = (index: number, sums: Omit<Choice, 'type'>) => {
    if (sums.bytes > budgetBytes || sums.seconds > seconds) return;
    const item = items[index];
    if (!item) {
      if (best === undefined || sums.cost < best) best = sums.cost;
      return;
    }
    for (const choice of item.choices) {
      walk(index + 1, {
        bytes: sums.bytes + choice.bytes,
        cost: sums.cost + choice.cost,
        seconds: sums.seconds + choice.seconds,
      });
    }
  };
  walk(0, { bytes: 0, cost: 0, seconds: 0 });
  return best;
}

function randomItems(random: () => number, most: { readonly items: number; readonly types: number }): Item[] {
  const count = 1 + Math.floor(random() * most.items);
  return Array.from({ length: count }, (_, i) => ({
    name: `blk.${i}.ffn_up.weight`,
    choices: Array.from({ length: 1 + Math.floor(random() * most.types) }, (_, type) => ({
      type,
      bytes: 1 + Math.floor(random() * 60),
      cost: random() ** 3,
      seconds: Math.floor(random() * 20),
    })),
  }));
}

/** As many matrices as a large model has, sizes and sensitivities of classes and depths, 16 types. */
function largeModel(random: () => number): Item[] {
  return Array.from({ length: 500 }, (_, i) => {
    const weights = [1, 4, 4, 1, 10, 10, 10][i % 7] ?? 1;
    const sensitivity = Math.exp(2 * random());
    const choices = Array.from({ length: 16 }, (_, type) => ({
      type,
      bytes: Math.round(weights * 2 ** 20 * (1.5 + type)),
      cost: sensitivity * Math.exp(-0.7 * type) * (1 + random()),
      seconds: weights * (1 + (type % 3) + type / 4) * 1e-5,
    }));
    return { name: `blk.${Math.floor(i / 7)}.${i % 7}.weight`, choices };
  });
}

const total = (items: readonly Item[], of: keyof Choice, end: (...values: number[]) => number) =>
  items.reduce((sum, { choices }) => sum + end(...choices.map((choice) => choice[of])), 0);

describe('an allocation', () => {
  it('is the best of all combinations, of small models', () => {
    const random = seededRandom(1);
    let [fitting, refused] = [0, 0];
    for (let round = 0; round < 400; round++) {
      const items = randomItems(random, { items: 6, types: 5 });
      const budgetBytes = Math.floor(random() * 50 * items.length);
      const best = bruteForce(items, { budgetBytes });
      const found = new Allocator(items).allocate({ budgetBytes });
      if (best === undefined) {
        refused++;
        expect(found).toBeUndefined();
        continue;
      }
      fitting++;
      expect(found?.cost).toBeCloseTo(best, 12);
      expect(found?.bytes).toBeLessThanOrEqual(budgetBytes);
    }
    expect(Math.min(fitting, refused)).toBeGreaterThan(30);
  });

  it('is the best of those that are fast enough, too', () => {
    const random = seededRandom(2);
    let [fitting, refused] = [0, 0];
    for (let round = 0; round < 400; round++) {
      const items = randomItems(random, { items: 6, types: 5 });
      const limits = {
        budgetBytes: Math.floor(random() * 60 * items.length),
        seconds: Math.floor(random() * 16 * items.length),
      };
      const best = bruteForce(items, limits);
      const found = new Allocator(items).allocate(limits);
      if (best === undefined) {
        refused++;
        expect(found).toBeUndefined();
        continue;
      }
      fitting++;
      expect(found?.cost).toBeCloseTo(best, 12);
      expect(found?.seconds).toBeLessThanOrEqual(limits.seconds);
    }
    expect(Math.min(fitting, refused)).toBeGreaterThan(30);
  });

  it('of a large model leaves no more unspent than a step of one tensor', () => {
    const items = largeModel(seededRandom(3));
    const allocator = new Allocator(items);
    const [least, most] = [total(items, 'bytes', Math.min), total(items, 'bytes', Math.max)];
    for (const share of [0.05, 0.2, 0.5, 0.8]) {
      const budgetBytes = Math.floor(least + share * (most - least));
      const found = allocator.allocate({ budgetBytes });
      const quick = allocator.allocate({ budgetBytes }, { quick: true });
      expect(found?.bytes).toBeGreaterThanOrEqual(budgetBytes - 2 ** 20);
      expect(found?.cost).toBeLessThanOrEqual(quick?.cost ?? 0);
      expect(quick?.cost).toBeLessThan((found?.cost ?? 0) * 1.01);
    }
  });

  it('has the best type of every tensor where the budget is above all', () => {
    const items = largeModel(seededRandom(4));
    const found = new Allocator(items).allocate({ budgetBytes: Number.MAX_SAFE_INTEGER });
    expect(found?.cost).toBeCloseTo(total(items, 'cost', Math.min), 9);
  });

  it('is none below the smallest plan, and the smallest plan at its size', () => {
    const items = largeModel(seededRandom(5));
    const allocator = new Allocator(items);
    expect(allocator.leastBytes).toBe(total(items, 'bytes', Math.min));
    expect(allocator.allocate({ budgetBytes: allocator.leastBytes - 1 })).toBeUndefined();
    expect(allocator.allocate({ budgetBytes: allocator.leastBytes })?.bytes).toBe(allocator.leastBytes);
  });

  it('keeps to a limit of seconds in a large model, and is none where nothing is so fast', () => {
    const items = largeModel(seededRandom(6));
    const allocator = new Allocator(items);
    const budgetBytes = Math.floor(2 * allocator.leastBytes);
    const free = allocator.allocate({ budgetBytes });
    const seconds = ((free?.seconds ?? 0) + allocator.leastSeconds) / 2;
    const fast = allocator.allocate({ budgetBytes, seconds });
    expect(fast?.seconds).toBeLessThanOrEqual(seconds * (1 + 1e-9));
    expect(fast?.bytes).toBeLessThanOrEqual(budgetBytes);
    expect(fast?.cost).toBeGreaterThan(free?.cost ?? 0);
    expect(allocator.allocate({ budgetBytes, seconds: allocator.leastSeconds / 2 })).toBeUndefined();
  });

  it('takes the plan that is not slower where it is as near, and the nearest where it is not', () => {
    const twoTypes = (cost: number) => [
      {
        name: 'token_embd.weight',
        choices: [
          { type: 22, bytes: 100, cost: 1, seconds: 3 },
          { type: 10, bytes: 101, cost, seconds: 1 },
        ],
      },
    ];
    const limits = { budgetBytes: 200 };
    const chosen = (cost: number) =>
      new Allocator(twoTypes(cost))
        .allocate(limits, { noSlowerThanSeconds: 2 })
        ?.types.get('token_embd.weight');
    expect(chosen(1.019)).toBe(10);
    expect(chosen(1.021)).toBe(22);
  });

  it('takes costs below zero for none, and a type whose cost is not a number for unknown', () => {
    const choices = [
      { type: 10, bytes: 10, cost: 0.5, seconds: 0 },
      { type: 12, bytes: 20, cost: -0.1, seconds: 0 },
      { type: 14, bytes: 30, cost: Number.NaN, seconds: 0 },
      { type: 8, bytes: 40, cost: 0, seconds: 0 },
    ];
    const items = [{ name: 'output.weight', choices }];
    const found = new Allocator(items).allocate({ budgetBytes: 100 });
    expect(found).toMatchObject({ cost: 0, bytes: 20, types: new Map([['output.weight', 12]]) });
    const unknown = [{ name: 'output.weight', choices: choices.slice(2, 3) }];
    expect(() => new Allocator(unknown)).toThrow('nothing is known of any type for output.weight');
  });
});
