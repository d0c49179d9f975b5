import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { formatBytes } from '../../contract/bytes.ts';
import { SnugError } from '../../contract/errors.ts';
import type { Addon, NativeEvaluator } from '../../engine/native-types.ts';
import { callNative } from '../../engine/native-calls.ts';
import { freeDiskBytes } from '../../files/disk.ts';
import { discard, makeFolder, writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import { insist } from '../../files/retry-refused.ts';
import { writeError } from '../../files/write-error.ts';
import type { Gguf } from '../../gguf/gguf.ts';
import { layerOf } from '../../models/model-file.ts';
import type { OpenModel } from '../../models/open-model.ts';
import type { PlannedSequence } from '../calibrate/sequences.ts';
import { dropGram, gramBytes, storeGram, type GramHead } from './gram-file.ts';
import type { StoredTensor } from './layer-file.ts';
import { GRAM_PARTS, batchesOf, tokensOf, type GramBatch, type GramPart } from './parts.ts';

/** What the two ways of walking through a model share (`walk-layers.ts`). */

/** Where a layer's input comes from: the layers below as the source has them, or as the visitor left them. */
export type WalkInputs = 'source' | 'quantized';

export interface WalkOptions {
  readonly addon: Addon;
  readonly source: Gguf;
  readonly layers: number;
  readonly width: number;
  readonly sequences: readonly PlannedSequence[];
  /** whether what is made with some of them is checked with others; undefined as true */
  readonly split?: boolean | undefined;
  /** the source with its vision encoder; closed as soon as it is no longer needed */
  readonly openSource: () => Promise<OpenModel>;
  readonly inputs: WalkInputs;
  /** what a token of a picture counts, where a text's counts 1 */
  readonly weightOfPictures: number;
  /** of this walk alone, named by everything that it depends on */
  readonly folder: string;
  readonly batchTokens: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: WalkProgress) => void) | undefined;
}

/** In tokens, each counted for every layer that it goes through. */
interface WalkProgress {
  readonly done: number;
  readonly total: number;
  readonly layer: number;
}

/** What several matrices multiply: its grams on tokens of both parts. */
export interface InputGram {
  /** names of the tensors that multiply it */
  readonly tensors: readonly string[];
  readonly head: Readonly<Record<GramPart, GramHead>>;
  /** of the gram files; the same ones where nothing was split */
  readonly path: Readonly<Record<GramPart, string>>;
}

export interface LayerGrams {
  readonly layer: number;
  /** of the last layer also that of the output head */
  readonly inputs: readonly InputGram[];
}

/** Gives the layer's tensors as they will be, where inputs are to be those of quantized layers; what it found it has to keep itself. */
export type Visit = (grams: LayerGrams) => Promise<ReadonlyMap<string, StoredTensor> | undefined>;

const STATE = 'walk.json';
const stateSchema = z.object({ visited: z.int().nonnegative(), layers: z.int(), tokens: z.int() });

/** Columns of the widest gram that is one block, and of a block of a wider one; native/gram.h. */
const WIDEST_WHOLE = 4096;
const BLOCK_COLUMNS = 2048;

export function gramBlocks(columns: number): number[] {
  const size = columns <= WIDEST_WHOLE ? columns : BLOCK_COLUMNS;
  return Array.from({ length: Math.ceil(columns / size) }, (_, i) => Math.min(size, columns - i * size));
}

/** Of the tensors that share an input the one that goes by it. */
const INPUTS = /^blk\.\d+\.(attn_q|attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/;

/** A walk's folder, how far it is, and what its two ways share. */
export class Walk {
  readonly options: WalkOptions;
  readonly batches: readonly GramBatch[];

  constructor(options: WalkOptions) {
    this.options = options;
    this.batches = batchesOf(options.sequences, options.batchTokens, options.split);
  }

  path(name: string): string {
    return join(this.options.folder, name);
  }

  end(): void {
    insist(() => rmSync(this.options.folder, { recursive: true, force: true }));
  }

  /** layers that were visited */
  visited(): number {
    const state = readKept(this.path(STATE), stateSchema);
    const isOurs = state?.layers === this.options.layers && state.tokens === tokensOf(this.batches);
    return isOurs ? state.visited : 0;
  }

  setVisited(visited: number): void {
    const state = { visited, layers: this.options.layers, tokens: tokensOf(this.batches) };
    writeFileAtomically(this.path(STATE), JSON.stringify(state));
  }

  /** Bytes of one part's grams of the largest layer, in memory or on disk. */
  gramBytes(): number {
    const { source, layers } = this.options;
    const sums = new Float64Array(layers);
    for (const { name, shape } of source.tensors) {
      const layer = layerOf(name);
      if (layer !== undefined && INPUTS.test(name)) {
        sums[layer] = (sums[layer] ?? 0) + gramBytes(gramBlocks(shape[0] ?? 0));
      }
    }
    return Math.max(0, ...sums);
  }

  /**
   * Makes the folder, and leaves of a stopped walk in it how far it is and the files named.
   * @throws SnugError DISK_FULL where it has no room for so many bytes more
   */
  prepare(bytes: number, kept: readonly string[] = []): void {
    const { folder } = this.options;
    try {
      makeFolder(folder);
      for (const name of readdirSync(folder)) {
        if (name !== STATE && !kept.includes(this.path(name))) discard(this.path(name));
      }
    } catch (error) {
      throw writeError(error, folder);
    }
    const free = freeDiskBytes(folder);
    if (free >= bytes) return;
    throw new SnugError(
      'DISK_FULL',
      `the inputs of layers need ${formatBytes(bytes)} of disk in ${folder}, and ${formatBytes(free)} are free`,
      {
        advice: 'Free some space and try again; layers that are done are kept.',
        remedies: [{ kind: 'choose-home' }],
      },
    );
  }

  /** Stores what an evaluator has gathered of a part, and empties it: by layer, in the order of the weights. */
  async takeGrams(evaluator: NativeEvaluator, part: GramPart): Promise<StoredGram[]> {
    const { weightOfPictures, layers } = this.options;
    const stored: StoredGram[] = [];
    for (const [index, gram] of evaluator.grams().entries()) {
      const { columns, blocks, tokens, zeroColumns } = gram;
      const tensors = gram.weights.flatMap((name) => this.#tensorsOf(name));
      const layer = layerOf(tensors[0] ?? '') ?? layers - 1;
      const path = this.path(`layer-${layer}-${tensors[0] ?? index}.${part}.gram`);
      const head = { columns, blocks: [...blocks], tokens, weightOfPictures, zeroColumns };
      await storeGram(path, head, (temporary) => callNative(evaluator.writeGram(index, temporary)));
      stored.push({ layer, tensors, part, path, head });
    }
    evaluator.clearGrams();
    return stored;
  }

  /** What goes into the output head is multiplied by a matrix of its own, or by the token embeddings. */
  #tensorsOf(name: string): string[] {
    if (layerOf(name) !== undefined) return [name];
    const head = this.options.source.tensors.find((tensor) => tensor.name === 'output.weight');
    return [head ? head.name : 'token_embd.weight'];
  }

  warnings(inputs: WalkInputs): string[] {
    const tokens = tokensOf(this.batches, 'train');
    const columns = Math.max(
      0,
      ...this.options.source.tensors
        .filter(({ name }) => INPUTS.test(name))
        .flatMap(({ shape }) => gramBlocks(shape[0] ?? 0)),
    );
    return [
      ...(this.options.split !== false && tokens < columns
        ? [
            `The calibration has ${tokens} tokens for up to ${columns} columns that are rounded together: what it says of them is weak.`,
          ]
        : []),
      ...(inputs === this.options.inputs
        ? []
        : ['The layers of this model do not run alone: their inputs are those of the source.']),
    ];
  }
}

export interface StoredGram {
  readonly layer: number;
  readonly tensors: readonly string[];
  readonly part: GramPart;
  readonly path: string;
  readonly head: GramHead;
}

/** The grams of one layer, those of both parts together. */
export function gramsOfLayer(stored: readonly StoredGram[], layer: number): LayerGrams {
  const [train, heldOut] = GRAM_PARTS.map((part) =>
    stored.filter((gram) => gram.layer === layer && gram.part === part),
  );
  const isSplit = train !== undefined && train.length > 0;
  const inputs = (heldOut ?? []).map((one) => {
    const other = isSplit ? train.find(({ tensors }) => tensors[0] === one.tensors[0]) : one;
    if (!other) throw new SnugError('BUG', `${one.tensors[0]} has a held-out gram alone`);
    return {
      tensors: one.tensors,
      head: { train: other.head, heldOut: one.head },
      path: { train: other.path, heldOut: one.path },
    };
  });
  return { layer, inputs };
}

export function dropGrams({ inputs }: LayerGrams): void {
  for (const { path } of inputs) for (const part of GRAM_PARTS) dropGram(path[part]);
}
