import { describe, expect, it } from 'vitest';
import { largestPassing } from '../../../src-main/fit/bisect.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';

async function search(most: number, passes: (k: number) => boolean) {
  const tried: number[] = [];
  const found = await largestPassing(most, (k) => {
    tried.push(k);
    return Promise.resolve(passes(k));
  });
  return { found, tried };
}

describe('the largest k that passes', () => {
  it('is found where passing ends', async () => {
    for (let most = 0; most <= 12; most++) {
      for (let last = -1; last <= most; last++) {
        const { found, tried } = await search(most, (k) => k <= last);
        expect(found).toBe(last < 0 ? undefined : last);
        expect(tried.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(most + 1)));
      }
    }
  });

  it('has itself been tried and passed, also where passing comes and goes', async () => {
    const random = seededRandom(8);
    for (let round = 0; round < 200; round++) {
      const passing = Array.from({ length: 14 }, () => random() < 0.6);
      const { found, tried } = await search(13, (k) => passing[k] ?? false);
      if (found === undefined) expect(passing[0]).toBe(false);
      else {
        expect(passing[found]).toBe(true);
        expect(tried).toContain(found);
      }
    }
  });
});
