import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Addon, ClusterTask } from '../../../../src-main/engine/native-types.ts';
import { HALF_SEEDS, KIND_SEEDS, SEEDS } from '../../../../src-main/luq/entropy/effort.ts';
import { measureEntropies, shannonEntropyBits } from '../../../../src-main/luq/entropy/entropy.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected } from '../../../helpers/thrown.ts';

describe('Shannon entropy in bits', () => {
  it.each([
    [[0, 0, 0, 0], 4, 0],
    [[0, 1, 2, 3], 4, 2],
    [[0, 1, 2, 3], 100, 2],
    [[0, 0, 1, 1], 2, 1],
    [[0, 0, 0, 1], 2, 0.8112781244591328],
  ])('of the clusters %j of %d is %d', (assignment, clusters, bits) => {
    expect(shannonEntropyBits(Int32Array.from(assignment), clusters)).toBeCloseTo(bits, 12);
  });

  it('does not depend on what the clusters are called', () => {
    const one = Int32Array.of(0, 0, 0, 1, 1, 2);
    const other = Int32Array.of(7, 7, 7, 3, 3, 9);
    expect(shannonEntropyBits(one, 10)).toBe(shannonEntropyBits(other, 10));
  });
});

/** Puts every token of a layer into as many clusters as the layer's number plus one, and remembers what it was asked. */
function countingAddon() {
  const tasks: ClusterTask[] = [];
  const addon = {
    AbortFlag: class {
      set() {}
    },
    clusterTokens: (task: ClusterTask) => {
      tasks.push(task);
      const layer = task.offset / (SLOTS * WIDTH * 4);
      const assignment = task.rows.map((_, i) => i % (layer + 1));
      return Promise.resolve({ assignment, rounds: 1, inertia: 0 });
    },
  } as unknown as Addon;
  return { addon, tasks };
}

const SLOTS = 64;
const WIDTH = 8;

describe('measuring', () => {
  const options = (folder: string, addon: Addon) => ({
    addon,
    samplePath: join(folder, 'layer-outputs.f32'),
    isImage: Uint8Array.from({ length: SLOTS }, (_, slot) => (slot < 24 ? 1 : 0)),
    layers: 3,
    dimensions: WIDTH,
    folder,
    seed: 1,
    clusters: 8,
    threads: 1,
  });

  it('gives each layer its entropy, of pictures and text apart and together', async () => {
    const { addon, tasks } = countingAddon();
    const entropies = await measureEntropies(options(temporaryFolder(), addon));
    expect(entropies.map(({ seeds }) => seeds[0])).toEqual([0, 1, expect.closeTo(Math.log2(3), 2)]);
    const ofLayer = tasks.slice(0, SEEDS + 2 * HALF_SEEDS + 2 * KIND_SEEDS);
    const rowsOf = (first: number, count: number) => ofLayer.slice(first, first + count);
    for (const { rows } of rowsOf(0, SEEDS)) expect(rows).toHaveLength(SLOTS);
    const [firstHalf, secondHalf] = [SEEDS, SEEDS + HALF_SEEDS].map((first) => ofLayer[first]?.rows ?? []);
    expect([...(firstHalf ?? []), ...(secondHalf ?? [])].sort((a, b) => a - b)).toEqual(
      Array.from({ length: SLOTS }, (_, slot) => slot),
    );
    for (const { rows } of rowsOf(SEEDS + 2 * HALF_SEEDS, KIND_SEEDS)) {
      expect([...rows]).toEqual(Array.from({ length: 24 }, (_, slot) => slot));
    }
    for (const { rows } of rowsOf(SEEDS + 2 * HALF_SEEDS + KIND_SEEDS, KIND_SEEDS))
      expect(rows).toHaveLength(40);
  });

  it('clusters with as many seeds as it says, and another person’s seed has none of them', async () => {
    const seedsOf = async (seed: number) => {
      const { addon, tasks } = countingAddon();
      await measureEntropies({ ...options(temporaryFolder(), addon), layers: 1, seed });
      return new Set(tasks.slice(0, SEEDS).map((task) => task.seed));
    };
    const [one, two] = [await seedsOf(1), await seedsOf(2)];
    expect(one.size).toBe(SEEDS);
    expect([...one].filter((seed) => two.has(seed))).toEqual([]);
  });

  it('goes on at the layer where it was stopped', async () => {
    const folder = temporaryFolder();
    const controller = new AbortController();
    const first = countingAddon();
    const stopped = measureEntropies({
      ...options(folder, first.addon),
      signal: controller.signal,
      onLayer: (layer) => {
        if (layer === 1) controller.abort();
      },
    });
    expect((await rejected(stopped)).code).toBe('CANCELLED');
    const second = countingAddon();
    const entropies = await measureEntropies(options(folder, second.addon));
    expect(entropies).toHaveLength(3);
    expect(new Set(second.tasks.map(({ offset }) => offset))).toEqual(new Set([2 * SLOTS * WIDTH * 4]));
    const third = countingAddon();
    expect(await measureEntropies(options(folder, third.addon))).toEqual(entropies);
    expect(third.tasks).toEqual([]);
  });

  it('says nothing of pictures for a model that saw none', async () => {
    const { addon } = countingAddon();
    const textOnly = { ...options(temporaryFolder(), addon), isImage: new Uint8Array(SLOTS) };
    for (const { image, text } of await measureEntropies(textOnly)) {
      expect(image).toBeNull();
      expect(text).not.toBeNull();
    }
  });

  it('of fewer tokens than clusters is refused with what to do', async () => {
    const { addon } = countingAddon();
    const error = await rejected(measureEntropies({ ...options(temporaryFolder(), addon), clusters: 100 }));
    expect(error.code).toBe('TOO_FEW_TOKENS');
    expect(error.remedies).toContainEqual({ kind: 'set-clusters', clusters: expect.any(Number) as number });
  });

  it('starts over when what it kept cannot be read', async () => {
    const folder = temporaryFolder();
    await measureEntropies(options(folder, countingAddon().addon));
    const kept = readdirSync(folder).find((name) => name.startsWith('entropy')) ?? '';
    const content = readFileSync(join(folder, kept), 'utf8');
    writeFileSync(join(folder, kept), content.slice(0, content.length / 2));
    const again = countingAddon();
    expect(await measureEntropies(options(folder, again.addon))).toHaveLength(3);
    expect(again.tasks).not.toEqual([]);
  });
});
