import { totalmem } from 'node:os';
import { throwIfCancelled } from '../../contract/errors.ts';
import { callNative, useNative } from '../../engine/native-calls.ts';
import type { NativeModel } from '../../engine/native-types.ts';
import { MOST_SEQUENCES } from '../calibrate/calibrate.ts';
import { GRAM_PARTS, tokensOf, weightsOf } from './parts.ts';
import { dropGrams, gramsOfLayer, type StoredGram, type Visit, type Walk } from './walk.ts';

/**
 * A walk through a model whose layers don't run alone: the whole model runs up to the last of some layers, as many as have room for their
 * grams in memory.
 */

/** Of the memory, for the grams of one run. */
const GRAMS_SHARE = 0.125;

export async function walkWhole(walk: Walk, visit: Visit): Promise<void> {
  const { layers } = walk.options;
  const visited = walk.visited();
  const atOnce = layersAtOnce(walk.gramBytes(), layers - visited);
  walk.prepare(walk.gramBytes() * GRAM_PARTS.length * atOnce);
  const model = await walk.options.openSource();
  try {
    const progress = { done: 0, total: totalTokens(walk, visited, atOnce) };
    for (let first = visited; first < layers; first += atOnce) {
      const last = Math.min(first + atOnce, layers) - 1;
      const stored = await runTo(walk, model, { first, last }, progress);
      for (let layer = first; layer <= last; layer++) {
        const grams = gramsOfLayer(stored, layer);
        await visit(grams);
        walk.setVisited(layer + 1);
        dropGrams(grams);
      }
    }
  } finally {
    model[Symbol.dispose]();
  }
}

function layersAtOnce(bytesPerLayer: number, layers: number): number {
  const room = Math.floor((totalmem() * GRAMS_SHARE) / Math.max(1, bytesPerLayer));
  return Math.min(Math.max(1, room), layers);
}

/** A run goes through all layers below its last. */
function totalTokens(walk: Walk, visited: number, atOnce: number): number {
  const { layers } = walk.options;
  let through = 0;
  for (let first = visited; first < layers; first += atOnce) through += Math.min(first + atOnce, layers);
  return through * tokensOf(walk.batches);
}

async function runTo(
  walk: Walk,
  model: NativeModel,
  { first, last }: { readonly first: number; readonly last: number },
  progress: { done: number; readonly total: number },
): Promise<StoredGram[]> {
  const { addon, layers, batchTokens, threads, weightOfPictures, signal, onProgress } = walk.options;
  const grams = { firstLayer: first, lastLayer: last, andOutput: last === layers - 1 };
  const options = { batchTokens, sequences: MOST_SEQUENCES, threads, grams };
  using inUse = useNative(() => new addon.Evaluator(model, options), signal);
  const stored: StoredGram[] = [];
  for (const part of GRAM_PARTS) {
    for (const { sequences, tokens } of walk.batches.filter((batch) => batch.part === part)) {
      throwIfCancelled(signal);
      const weights = weightsOf(sequences, weightOfPictures);
      const prepared = await Promise.all(sequences.map((sequence) => sequence.prepare()));
      await callNative(inUse.native.run({ sequences: prepared, ...(weights ? { weights } : {}) }));
      progress.done += tokens * (last + 1);
      onProgress?.({ ...progress, layer: last });
    }
    stored.push(...(await walk.takeGrams(inUse.native, part)));
  }
  return stored;
}
