import { describe, expect, it } from 'vitest';
import { cheapestErrors, type Choice } from '../../../../src-main/luq/plan/knapsack.ts';
import { seededRandom } from '../../../../src-main/luq/random.ts';

const sums = (items: readonly (readonly Choice[])[], choices: readonly number[]) =>
  choices.reduce(
    (sum, choice, i) => {
      const { bytes, error } = items[i]?.[choice] as Choice;
      return { bytes: sum.bytes + bytes, error: sum.error + error };
    },
    { bytes: 0, error: 0 },
  );

/** Every combination there is. */
function bruteForce(items: readonly (readonly Choice[])[], capacity: number): number | undefined {
  let best: number | undefined;
  const walk = (index: number, bytes: number, error: number) => {
    if (bytes > capacity) return;
    const choices = items[index];
    if (!choices) {
      if (best === undefined || error < best) best = error;
      return;
    }
    for (const choice of choices) walk(index + 1, bytes + choice.bytes, error + choice.error);
  };
  walk(0, 0, 0);
  return best;
}

describe('the cheapest errors', () => {
  it('are those of a brute-force search on small cases, also where better types have negative errors', () => {
    const random = seededRandom(21);
    let fitting = 0;
    for (let round = 0; round < 300; round++) {
      const items = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
        Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
          bytes: Math.floor(random() * 50),
          error: random() * 2 - 0.4,
        })),
      );
      const capacity = Math.floor(random() * items.length * 40);
      const choices = cheapestErrors(items, capacity);
      const best = bruteForce(items, capacity);
      expect(choices === undefined).toBe(best === undefined);
      if (!choices || best === undefined) continue;
      fitting++;
      expect(choices).toHaveLength(items.length);
      const { bytes, error } = sums(items, choices);
      expect(bytes).toBeLessThanOrEqual(capacity);
      expect(error).toBeCloseTo(best, 9);
    }
    expect(fitting).toBeGreaterThan(100);
  });

  it('spend the bytes where they help most', () => {
    const sensitive = [
      { bytes: 100, error: 0 },
      { bytes: 50, error: 1 },
    ];
    const robust = [
      { bytes: 100, error: 0 },
      { bytes: 50, error: 0.1 },
    ];
    expect(cheapestErrors([sensitive, robust], 150)).toEqual([0, 1]);
    expect(cheapestErrors([sensitive, robust], 200)).toEqual([0, 0]);
    expect(cheapestErrors([sensitive, robust], 99)).toBeUndefined();
  });

  it('of a model of 80 layers with a type ladder, each of another size, stay within the budget and near the best', () => {
    const random = seededRandom(2);
    const items = Array.from({ length: 80 }, () => {
      const size = 1e7 * (1 + random() * 0.01);
      const weight = random();
      return [6.5, 4.5, 3.5, 2.6, 1.8].map((bits) => ({
        bytes: Math.round(size * bits),
        error: weight * 2 ** -bits,
      }));
    });
    const capacity = 80 * 1e7 * 3;
    const choices = cheapestErrors(items, capacity);
    if (!choices) throw new Error('it fits');
    const { bytes, error } = sums(items, choices);
    expect(bytes).toBeLessThanOrEqual(capacity);
    expect(bytes).toBeGreaterThan(capacity * 0.995);
    // every layer at 2.6 bits fits too
    expect(error).toBeLessThan(sums(items, new Array<number>(80).fill(3)).error * 0.95);
  });
});
