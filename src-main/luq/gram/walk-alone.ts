import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, statSync } from 'node:fs';
import { throwIfCancelled } from '../../contract/errors.ts';
import { callNative, useNative, withAbort } from '../../engine/native-calls.ts';
import type { TappedLayers } from '../../engine/native-evaluator.ts';
import type { NativeModel } from '../../engine/native-types.ts';
import { discard, publish, syncFile, writeFileAtomically } from '../../files/durable-files.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { insist } from '../../files/retry-refused.ts';
import { writeError } from '../../files/write-error.ts';
import { MOST_SEQUENCES } from '../calibrate/calibrate.ts';
import { largestLayerBytes, writeLayerFile, type StoredTensor } from './layer-file.ts';
import { GRAM_PARTS, tokensOf, weightsOf, type GramBatch } from './parts.ts';
import { dropGrams, gramsOfLayer, type StoredGram, type Visit, type Walk } from './walk.ts';

/**
 * A walk that runs one layer at a time, as a model of its own, over all tokens: what leaves a layer goes to a file, and from there into the
 * next. Memory holds one layer and its grams.
 */

export async function walkAlone(walk: Walk, visit: Visit): Promise<void> {
  await new AloneWalk(walk).run(visit);
}

interface LayerRun {
  readonly layer: number;
  readonly blocks?: ReadonlyMap<string, StoredTensor> | undefined;
  readonly sums: boolean;
  readonly outputs: boolean;
}

class AloneWalk {
  readonly #walk: Walk;
  readonly #tokens: number;
  readonly #total: number;
  #done = 0;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#tokens = tokensOf(walk.batches);
    this.#total = this.#tokens * (1 + walk.options.layers * this.#runsPerLayer);
  }

  get #runsPerLayer(): number {
    return this.#walk.options.inputs === 'quantized' ? 2 : 1;
  }

  async run(visit: Visit): Promise<void> {
    const { layers, inputs } = this.#walk.options;
    const first = this.#resumeAt();
    this.#prepare(first);
    if (first === 0) await this.#embed();
    this.#done = this.#tokens * (1 + first * this.#runsPerLayer);
    for (let layer = first; layer < layers; layer++) {
      const isLast = layer === layers - 1;
      const outputs = inputs === 'source' && !isLast;
      const grams = gramsOfLayer(await this.#runLayer({ layer, sums: true, outputs }), layer);
      const blocks = await visit(grams);
      if (inputs === 'quantized' && !isLast) {
        await this.#runLayer({ layer, blocks, sums: false, outputs: true });
      }
      // in this order: whatever a kill leaves, the walk finds its state and that layer's inputs
      this.#walk.setVisited(layer + 1);
      dropGrams(grams);
      discard(this.#hidden(layer));
    }
  }

  #hidden(layer: number): string {
    return this.#walk.path(`into-layer-${layer}.f32`);
  }

  #positions(): string {
    return this.#walk.path('positions.i32');
  }

  #hiddenBytes(): number {
    return this.#tokens * this.#walk.options.width * Float32Array.BYTES_PER_ELEMENT;
  }

  /** The layer to go on with: the first, where what goes into the next one is not there. */
  #resumeAt(): number {
    const visited = this.#walk.visited();
    const isThere = (path: string, bytes: number) => existsSync(path) && statSync(path).size === bytes;
    const has =
      isThere(this.#hidden(visited), this.#hiddenBytes()) &&
      isThere(this.#positions(), this.#tokens * 4 * Int32Array.BYTES_PER_ELEMENT);
    return has ? visited : 0;
  }

  #prepare(first: number): void {
    const files = first === 0 ? 2 : 1;
    const grams = this.#walk.gramBytes() * GRAM_PARTS.length;
    const layer = largestLayerBytes(this.#walk.options.source);
    const kept = first === 0 ? [] : [this.#hidden(first), this.#positions()];
    this.#walk.prepare(files * this.#hiddenBytes() + layer + grams, kept);
  }

  #report(layer: number, tokens: number): void {
    this.#done += tokens;
    this.#walk.options.onProgress?.({ done: this.#done, total: this.#total, layer });
  }

  /** Pictures through the encoder, words as their embeddings. */
  async #embed(): Promise<void> {
    const { addon, openSource, signal } = this.#walk.options;
    const path = this.#hidden(0);
    const temporary = `${path}.tmp`;
    makeEmpty(temporary, this.#hiddenBytes());
    using model = await openSource();
    const positions = new Int32Array(this.#tokens * 4);
    this.#report(0, 0);
    for (const { sequences, first, tokens } of this.#walk.batches) {
      throwIfCancelled(signal);
      const prepared = await Promise.all(sequences.map((sequence) => sequence.prepare()));
      const task = { sequences: prepared, path: temporary, first };
      const found = await withAbort(addon, signal, (abort) => addon.embedSequences(model, task, abort));
      positions.set(found, first * 4);
      this.#report(0, tokens);
    }
    writeFileAtomically(this.#positions(), new Uint8Array(positions.buffer));
    publish(temporary, path);
  }

  async #runLayer({ layer, blocks, sums, outputs }: LayerRun): Promise<StoredGram[]> {
    const { addon, source, layers, threads, signal } = this.#walk.options;
    const file = this.#walk.path('layer.gguf');
    await writeLayerFile({ source, layer, blocks, output: file, signal });
    try {
      const model = await withAbort(addon, signal, (abort) =>
        addon.openModel({ path: file, threads }, abort),
      );
      try {
        const andOutput = sums && layer === layers - 1;
        return await this.#runModel(
          model,
          { layer, outputs },
          { firstLayer: 0, lastLayer: 0, sums, andOutput, named: layer },
        );
      } finally {
        model.close();
      }
    } finally {
      discard(file);
    }
  }

  async #runModel(
    model: NativeModel,
    { layer, outputs }: Pick<LayerRun, 'layer' | 'outputs'>,
    grams: TappedLayers,
  ): Promise<StoredGram[]> {
    const { addon, batchTokens, threads, signal } = this.#walk.options;
    const options = { batchTokens, sequences: MOST_SEQUENCES, threads, grams };
    using inUse = useNative(() => new addon.Evaluator(model, options), signal);
    const next = this.#hidden(layer + 1);
    if (outputs) makeEmpty(next, this.#hiddenBytes());
    const stored: StoredGram[] = [];
    for (const part of GRAM_PARTS) {
      for (const batch of this.#walk.batches.filter((one) => one.part === part)) {
        throwIfCancelled(signal);
        const run = this.#rowsOf(batch, layer);
        await callNative(inUse.native.runRows({ ...run, ...(outputs ? { outputsPath: next } : {}) }));
        this.#report(layer, batch.tokens);
      }
      if (grams.sums) stored.push(...(await this.#walk.takeGrams(inUse.native, part)));
    }
    if (outputs) syncWritten(next);
    return stored;
  }

  #rowsOf({ sequences, first, tokens }: GramBatch, layer: number) {
    const all = insist(() => readFileSync(this.#positions()));
    const at = all.byteOffset + first * 4 * Int32Array.BYTES_PER_ELEMENT;
    return {
      path: this.#hidden(layer),
      first,
      lengths: Int32Array.from(sequences, (sequence) => sequence.tokens),
      positions: new Int32Array(all.buffer.slice(at, at + tokens * 4 * Int32Array.BYTES_PER_ELEMENT)),
      weights: weightsOf(sequences, this.#walk.options.weightOfPictures),
    };
  }
}

/** A file of zeros for native code to fill, which would make one that others may read. */
function makeEmpty(path: string, bytes: number): void {
  try {
    discard(path);
    const fd = insist(() => openSync(path, 'wx', PRIVATE_FILE));
    try {
      ftruncateSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw writeError(error, path);
  }
}

function syncWritten(path: string): void {
  try {
    syncFile(path);
  } catch (error) {
    // where the system found out only now that the disk is full
    throw writeError(error, path);
  }
}
