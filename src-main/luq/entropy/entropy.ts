import { counted } from '../../contract/counted.ts';
import { join } from 'node:path';
import { z } from 'zod';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import { entropyBitsSchema } from '../../contract/fit-report.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { withAbort } from '../../engine/native-calls.ts';
import type { Addon } from '../../engine/native-types.ts';
import { readKept } from '../../files/json-file.ts';
import { writeFileAtomically } from '../../files/durable-files.ts';
import { kendallTau } from './kendall.ts';
import { seededRandom, shuffled } from '../random.ts';

/** Clusters per layer (LUQ, step 3: chosen where the ranking of layers settles). */
export const CLUSTERS = 100;
/** Rounds of Lloyd's algorithm; the assignments of a few thousand tokens settle within some tens. */
const MOST_ROUNDS = 50;
/** The second seed is only for saying how much the order depends on the first. */
const SECOND_SEED_OFFSET = 1000;

export const layerEntropySchema = entropyBitsSchema.extend({
  otherSeed: z.number(),
  /** of the two halves of the sample; null where a half has fewer tokens than clusters */
  firstHalf: z.number().nullable(),
  secondHalf: z.number().nullable(),
});
export type LayerEntropy = z.infer<typeof layerEntropySchema>;

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
  /** [layer][slot][embedding] floats */
  readonly samplePath: string;
  /** per slot 1 for a picture's token */
  readonly isImage: Uint8Array;
  readonly layers: number;
  readonly embeddingLength: number;
  readonly folder: string;
  readonly seed: number;
  readonly clusters: number;
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
  const { addon, clusters, threads, embeddingLength } = options;
  const rowBytes = embeddingLength * Float32Array.BYTES_PER_ELEMENT;
  const entropyOf = async (rows: Int32Array, seed: number): Promise<number> => {
    const { assignment } = await withAbort(addon, options.signal, (abort) =>
      addon.clusterTokens(
        {
          path: options.samplePath,
          offset: layer * options.isImage.length * rowBytes,
          dimensions: embeddingLength,
          rows,
          clusters,
          seed,
          maxRounds: MOST_ROUNDS,
          threads,
        },
        abort,
      ),
    );
    return shannonEntropyBits(assignment, clusters);
  };
  // a text-only model has no picture tokens; few of them say nothing
  const entropyOrNull = (rows: Int32Array) => (rows.length < clusters ? null : entropyOf(rows, options.seed));
  return {
    both: await entropyOf(subsets.both, options.seed),
    image: await entropyOrNull(subsets.image),
    text: await entropyOrNull(subsets.text),
    otherSeed: await entropyOf(subsets.both, options.seed + SECOND_SEED_OFFSET),
    firstHalf: await entropyOrNull(subsets.firstHalf),
    secondHalf: await entropyOrNull(subsets.secondHalf),
  };
}

/** How far the order can be trusted: Kendall's τ against another seed, and between two halves of the sample. */
export function orderStability(entropies: readonly LayerEntropy[]): {
  kendallTauSeeds: number;
  /** null when the halves were too small to be measured */
  kendallTauHalves: number | null;
} {
  const both = entropies.map((entropy) => entropy.both);
  const first = entropies.flatMap((entropy) => entropy.firstHalf ?? []);
  const second = entropies.flatMap((entropy) => entropy.secondHalf ?? []);
  const measured = first.length === entropies.length && second.length === entropies.length;
  return {
    kendallTauSeeds: kendallTau(
      both,
      entropies.map((entropy) => entropy.otherSeed),
    ),
    kendallTauHalves: measured ? kendallTau(first, second) : null,
  };
}
