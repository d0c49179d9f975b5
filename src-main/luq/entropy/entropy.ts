import { counted } from '../../contract/counted.ts';
import { join } from 'node:path';
import { z } from 'zod';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { withAbort } from '../../engine/native-calls.ts';
import type { Addon } from '../../engine/native-types.ts';
import { readKept } from '../../files/json-file.ts';
import { writeFileAtomically } from '../../files/durable-files.ts';
import { seededRandom, shuffled } from '../random.ts';
import { HALF_SEEDS, KIND_SEEDS, SEEDS } from './effort.ts';
import { layerEntropySchema, type LayerEntropy } from './statistics.ts';

/** Clusters per layer (LUQ, step 3: chosen where the ranking of layers settles). */
export const CLUSTERS = 100;
/** Rounds of Lloyd's algorithm; the assignments of a few thousand tokens settle within some tens. */
const MOST_ROUNDS = 50;
/** H = −Σ p log2 p of the clusters' shares, in bits. */
export function shannonEntropyBits(assignment: Int32Array, clusters: number): number {
  const sizes = new Float64Array(clusters);
  for (const cluster of assignment) sizes[cluster] = (sizes[cluster] ?? 0) + 1;
  let bits = 0;
  for (const size of sizes) {
    if (size > 0) bits -= (size / assignment.length) * Math.log2(size / assignment.length);
  }
  return bits;
}

export interface EntropyOptions {
  readonly addon: Addon;
  /** [layer][slot][dimension] floats */
  readonly samplePath: string;
  /** per slot 1 for a picture's token */
  readonly isImage: Uint8Array;
  readonly layers: number;
  readonly dimensions: number;
  readonly folder: string;
  readonly seed: number;
  readonly clusters: number;
  /** clusterings at a time */
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onLayer?: ((layer: number, entropy: LayerEntropy) => void) | undefined;
}

/** One cluster says nothing. */
const LEAST_CLUSTERS = 2;

/** Entropy of every layer's output tokens; layers that are done are kept on disk and not done again. */
export async function measureEntropies(options: EntropyOptions): Promise<LayerEntropy[]> {
  const slots = Int32Array.from(options.isImage, (_, slot) => slot);
  if (slots.length < options.clusters) {
    throw new SnugError(
      'TOO_FEW_TOKENS',
      `calibration kept ${counted(slots.length, 'token')} per layer, and ${options.clusters} clusters need at least ${options.clusters}`,
      {
        advice: 'Use a larger calibration set, or fewer clusters.',
        remedies: [
          { kind: 'choose-calibration' },
          ...(slots.length < LEAST_CLUSTERS
            ? []
            : [{ kind: 'set-clusters', clusters: slots.length } as const]),
        ],
      },
    );
  }
  const path = join(options.folder, `entropy-k${options.clusters}-seed${options.seed}.json`);
  const entropies = readKept(path, z.array(layerEntropySchema)) ?? [];
  const subsets = splitSlots(slots, options);
  entropies.forEach((entropy, layer) => options.onLayer?.(layer, entropy));
  const report = () =>
    options.onProgress?.({ stage: 'entropy', done: entropies.length, total: options.layers, unit: 'layers' });
  report();
  while (entropies.length < options.layers) {
    throwIfCancelled(options.signal);
    const layer = entropies.length;
    const entropy = await measureLayer(layer, subsets, options);
    entropies.push(entropy);
    options.onLayer?.(layer, entropy);
    writeFileAtomically(path, JSON.stringify(entropies));
    report();
  }
  return entropies;
}

interface Subsets {
  readonly both: Int32Array;
  readonly image: Int32Array;
  readonly text: Int32Array;
  readonly firstHalf: Int32Array;
  readonly secondHalf: Int32Array;
}

function splitSlots(slots: Int32Array, { isImage, seed }: EntropyOptions): Subsets {
  const mixed = shuffled([...slots], seededRandom(seed));
  const middle = mixed.length >> 1;
  return {
    both: slots,
    image: slots.filter((slot) => isImage[slot] === 1),
    text: slots.filter((slot) => isImage[slot] !== 1),
    firstHalf: Int32Array.from(mixed.slice(0, middle)),
    secondHalf: Int32Array.from(mixed.slice(middle)),
  };
}

async function measureLayer(layer: number, subsets: Subsets, options: EntropyOptions): Promise<LayerEntropy> {
  const tasks: (() => Promise<void>)[] = [];
  const entropiesOf = (rows: Int32Array, count: number): number[] => {
    const entropies: number[] = [];
    for (let i = 0; i < count; i++)
      tasks.push(async () => {
        entropies[i] = await entropyOf(layer, rows, seedOf(options.seed, i), options);
      });
    return entropies;
  };
  // a text-only model has no picture tokens; few of them say nothing
  const entropiesOrNull = (rows: Int32Array, count: number) =>
    rows.length < options.clusters ? null : entropiesOf(rows, count);
  const measured = {
    seeds: entropiesOf(subsets.both, SEEDS),
    firstHalf: entropiesOrNull(subsets.firstHalf, HALF_SEEDS),
    secondHalf: entropiesOrNull(subsets.secondHalf, HALF_SEEDS),
    image: entropiesOrNull(subsets.image, KIND_SEEDS),
    text: entropiesOrNull(subsets.text, KIND_SEEDS),
  };
  await allOf(tasks, options.threads);
  return measured;
}

/**
 * Runs tasks, so many at a time: a clustering is too small for several threads, which spend more time waiting for each other. After one
 * that failed no other begins.
 */
async function allOf(tasks: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let task = tasks[next++]; task; task = tasks[next++]) await task();
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } catch (error) {
    next = tasks.length;
    throw error;
  }
}

/** Seeds of k-means that belong to a person's one; no two of theirs share any. */
function seedOf(seed: number, i: number): number {
  return (seed % 2 ** 28) * SEEDS + i;
}

/** Of one clustering. */
async function entropyOf(
  layer: number,
  rows: Int32Array,
  seed: number,
  options: EntropyOptions,
): Promise<number> {
  const { addon, clusters, dimensions, samplePath: path } = options;
  const offset = layer * options.isImage.length * dimensions * Float32Array.BYTES_PER_ELEMENT;
  const { assignment } = await withAbort(addon, options.signal, (abort) =>
    addon.clusterTokens(
      { path, offset, dimensions, rows, clusters, seed, maxRounds: MOST_ROUNDS, threads: 1 },
      abort,
    ),
  );
  return shannonEntropyBits(assignment, clusters);
}
