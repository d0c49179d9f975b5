import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';
import { normal, writeRows } from '../../helpers/rows.ts';
import { plainKMeans } from '../../helpers/plain-k-means.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// The addon’s k-means over a layer’s outputs, against plain code.

const { addon } = loadAddon();
const folder = sharedFolder();

function entropyBits(assignment: Int32Array): number {
  const sizes = new Map<number, number>();
  for (const cluster of assignment) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  return [...sizes.values()].reduce((bits, size) => {
    const share = size / assignment.length;
    return bits - share * Math.log2(share);
  }, 0);
}

const firstRows = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('clusters', () => {
  const DIMENSIONS = 64;

  /** Well separated groups of the given sizes, shuffled; returns the file. */
  function planted(name: string, sizes: readonly number[]): string {
    const random = seededRandom(3);
    const groups = sizes.flatMap((size, group) => Array.from({ length: size }, () => group));
    groups.sort(() => random() - 0.5);
    const centres = sizes.map(() => Array.from({ length: DIMENSIONS }, () => normal(random) * 10));
    const values = groups.flatMap((group) => (centres[group] ?? []).map((at) => at + normal(random) * 0.1));
    return writeRows(folder, name, Float32Array.from(values));
  }

  const cluster = (path: string, rows: number, clusters: number, seed = 1, rest = {}) =>
    addon.clusterTokens({
      path,
      offset: 0,
      dimensions: DIMENSIONS,
      rows: firstRows(rows),
      clusters,
      seed,
      maxRounds: 50,
      threads: 1,
      ...rest,
    });

  it.each([1, 2, 3])('of equal size have log2 K bits, whatever the seed (%i)', async (seed) => {
    const path = planted(
      'equal.f32',
      Array.from({ length: 8 }, () => 50),
    );
    const { assignment, inertia } = await cluster(path, 400, 8, seed);
    expect(entropyBits(assignment)).toBeCloseTo(3, 12);
    // 400 points with a variance of 0.01 in each dimension
    expect(inertia).toBeGreaterThan(0.9 * 400 * DIMENSIONS * 0.01);
    expect(inertia).toBeLessThan(1.1 * 400 * DIMENSIONS * 0.01);
  });

  it('of unequal size have the entropy of their shares', async () => {
    const sizes = [256, 128, 64, 32, 32];
    const path = planted('unequal.f32', sizes);
    const { assignment } = await cluster(path, 512, 5);
    // ½·1 + ¼·2 + ⅛·3 + 2 · 1⁄16·4 bits
    expect(entropyBits(assignment)).toBeCloseTo(1.875, 12);
  });

  it('do not care how far all points are from zero', async () => {
    const near = readFileSync(planted('near.f32', [100, 50, 50]));
    const shifted = new Float32Array(near.buffer, near.byteOffset, near.byteLength / 4).map(
      (value) => value + 1000,
    );
    const { assignment } = await cluster(writeRows(folder, 'far.f32', shifted), 200, 3);
    expect(entropyBits(assignment)).toBeCloseTo(1.5, 12);
  });

  it('are the same for the same seed, and for any number of threads', async () => {
    const random = seededRandom(9);
    const path = writeRows(
      folder,
      'cloud.f32',
      Float32Array.from({ length: 1000 * DIMENSIONS }, () => normal(random)),
    );
    const first = await cluster(path, 1000, 20, 5);
    expect(await cluster(path, 1000, 20, 5)).toEqual(first);
    expect(await cluster(path, 1000, 20, 5, { threads: 2 })).toEqual(first);
    expect((await cluster(path, 1000, 20, 6)).assignment).not.toEqual(first.assignment);
  });

  it('are those of a plain k-means from the same seeds', async () => {
    const random = seededRandom(4);
    const points = Array.from({ length: 600 }, (_, i) =>
      Float32Array.from({ length: DIMENSIONS }, (_, j) => normal(random) + ((i * 7 + j) % 12 === 0 ? 4 : 0)),
    );
    const path = writeRows(
      folder,
      'overlapping.f32',
      Float32Array.from(points.flatMap((point) => [...point])),
    );
    for (const seed of [1, 2, 3, 4, 5]) {
      const ours = await cluster(path, 600, 12, seed);
      const plain = plainKMeans(points, 12, seed, 50);
      expect(ours.inertia / plain.inertia, `seed ${seed}`).toBeCloseTo(1, 4);
      const agreeing = plain.assignment.filter((own, i) => own === ours.assignment[i]).length;
      expect(agreeing / 600, `seed ${seed}`).toBeGreaterThan(0.99);
    }
  });

  it('take only the rows asked for, from the offset on', async () => {
    const path = planted('two-layers.f32', [100, 100, 100, 100]);
    const rows = Int32Array.from({ length: 100 }, (_, i) => i * 2);
    const all = await cluster(path, 400, 4, 1, {
      rows: Int32Array.from({ length: 100 }, (_, i) => 200 + i * 2),
    });
    const layer = await cluster(path, 400, 4, 1, { rows, offset: 200 * DIMENSIONS * 4 });
    expect(layer).toEqual(all);
  });

  it('can be as many as the points, or one', async () => {
    const path = planted('few.f32', [4, 4]);
    expect(entropyBits((await cluster(path, 8, 8)).assignment)).toBeCloseTo(3, 12);
    expect(entropyBits((await cluster(path, 8, 1)).assignment)).toBe(0);
  });

  it('of equal points are one', async () => {
    const path = writeRows(folder, 'same.f32', new Float32Array(100 * DIMENSIONS).fill(2.5));
    const { assignment, inertia } = await cluster(path, 100, 10);
    expect(entropyBits(assignment)).toBe(0);
    expect(inertia).toBe(0);
  });

  it('cannot be more than the tokens', async () => {
    const path = planted('nine.f32', [9]);
    await expect(cluster(path, 9, 100)).rejects.toMatchObject({
      code: 'TOO_FEW_TOKENS',
      message: expect.stringMatching(/9 tokens.*100 clusters/) as string,
    });
  });

  it('cannot be found where the model overflowed, or the file ends', async () => {
    const broken = new Float32Array(10 * DIMENSIONS).fill(1);
    broken[77] = Number.NaN;
    await expect(cluster(writeRows(folder, 'nan.f32', broken), 10, 2)).rejects.toThrow(/not finite/);
    broken[77] = Number.POSITIVE_INFINITY;
    await expect(cluster(writeRows(folder, 'inf.f32', broken), 10, 2)).rejects.toThrow(/not finite/);
    await expect(cluster(writeRows(folder, 'short.f32', broken), 11, 2)).rejects.toMatchObject({
      code: 'FILE',
    });
    await expect(cluster(join(folder, 'missing.f32'), 11, 2)).rejects.toMatchObject({ code: 'FILE' });
  });

  it('can be stopped', async () => {
    const random = seededRandom(2);
    const path = writeRows(folder, 'long.f32', Float32Array.from({ length: 4000 * DIMENSIONS }, random));
    const flag = new addon.AbortFlag();
    const task = { path, offset: 0, dimensions: DIMENSIONS, rows: firstRows(4000), clusters: 500, seed: 1 };
    const running = addon.clusterTokens({ ...task, maxRounds: 10_000, threads: 1 }, flag);
    setTimeout(() => flag.set(), 20);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
