import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { throwIfCancelled } from '../../contract/errors.ts';
import { withAbort } from '../../engine/native-calls.ts';
import type { RivalTask } from '../../engine/native-quantizing.ts';
import { discard, writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import type { GgufTensor } from '../../gguf/gguf.ts';
import { tensorTypeId } from '../../gguf/tensor-types.ts';
import { layerOf } from '../../models/model-file.ts';
import type { StoredTensor } from '../gram/layer-file.ts';
import { walkLayers } from '../gram/walk-layers.ts';
import type { InputGram, Visit, WalkOptions } from '../gram/walk.ts';
import { Bank } from '../quantize/bank.ts';
import type { RivalMethod } from './methods.ts';
import { paperBits, storedBits, type RivalMatrix } from './stored-bits.ts';

/** What a rival's method leaves of a model's matrices, made in a walk over its layers and kept in the bank. */

/** 0, 0.05, … 1: "a fast grid search over the interval of [0, 1]" (AWQ, section 3.2). */
const ALPHAS = Float32Array.from({ length: 21 }, (_, index) => index / 20);
/** Columns that native products go in steps of: rows that don't divide stay as they are. */
const STEP = 32;
/** Raised when the same method gives other weights than before. */
const VERSION = 1;

const FACTS = 'rival.json';
const factsSchema = z.object({
  /** whether a walk has come to its end */
  complete: z.boolean(),
  /** by the tensor's name */
  matrices: z.record(
    z.string(),
    z.object({ salientColumns: z.int().nonnegative(), error: z.number(), alpha: z.number().optional() }),
  ),
});
type Facts = z.infer<typeof factsSchema>;

export interface RivalOptions {
  readonly method: RivalMethod;
  readonly walk: Omit<WalkOptions, 'folder' | 'inputs' | 'onProgress'>;
  /** the bank's folder */
  readonly bank: string;
  /** names the calibration that the walk goes over */
  readonly calibrationKey: string;
  /** how much is done, 0 to 1 */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** Makes what is missing; what was made before is read. */
export async function rivalWeights(options: RivalOptions): Promise<RivalWeights> {
  const weights = new RivalWeights(options);
  await weights.complete();
  return weights;
}

export class RivalWeights {
  readonly #options: RivalOptions;
  readonly #folder: string;
  readonly #bank: Bank;
  #facts: Facts;
  readonly #warnings = new Set<string>();
  /** names the weights by everything that they depend on */
  readonly key: string;

  constructor(options: RivalOptions) {
    const { method, walk, bank, calibrationKey } = options;
    const parts = [VERSION, method, walk.weightOfPictures, calibrationKey];
    this.key = `rival-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)}`;
    this.#options = options;
    this.#folder = join(bank, this.key);
    this.#bank = new Bank(bank, this.key);
    this.#facts = readKept(join(this.#folder, FACTS), factsSchema) ?? { complete: false, matrices: {} };
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** Whether the method made this tensor anew. */
  replaces({ name }: Pick<GgufTensor, 'name'>): boolean {
    return this.#facts.matrices[name] !== undefined;
  }

  path(tensor: GgufTensor, type: number): string {
    return this.#bank.path(tensor, type);
  }

  sha256(tensor: GgufTensor, type: number): string | undefined {
    return this.#bank.sha256(tensor, type);
  }

  drop(tensor: GgufTensor, type: number): void {
    this.#bank.drop(tensor, type);
  }

  /** Bits that the method's format stores of a matrix, and that its paper counts. */
  bitsOf(tensor: GgufTensor): { readonly stored: number; readonly paper: number } {
    const { method } = this.#options;
    const [columns = 0] = tensor.shape;
    const { salientColumns = 0 } = this.#facts.matrices[tensor.name] ?? {};
    const matrix: RivalMatrix = { rows: tensor.elements / columns, columns, salientColumns };
    return { stored: storedBits(method, matrix), paper: paperBits(method, matrix) };
  }

  /** Walks over the layers, more than once only where what was kept has gone in the middle. */
  async complete(): Promise<void> {
    const { method, walk, onShare } = this.#options;
    this.#bank.removeUnfinished();
    while (!this.#isComplete()) {
      const walked = await walkLayers(
        {
          ...walk,
          inputs: method.inputs,
          folder: join(this.#folder, 'walk'),
          onProgress: ({ done, total }) => onShare?.(total > 0 ? done / total : 0),
        },
        this.#visit,
      );
      for (const warning of walked.warnings) this.#warnings.add(warning);
      this.#note({ ...this.#facts, complete: true });
    }
  }

  #isComplete(): boolean {
    const type = tensorTypeId('F16');
    const made = this.#options.walk.source.tensors.filter((tensor) => this.replaces(tensor));
    return this.#facts.complete && made.every((tensor) => this.#bank.has(tensor, type));
  }

  #note(facts: Facts): void {
    this.#facts = facts;
    writeFileAtomically(join(this.#folder, FACTS), JSON.stringify(facts));
  }

  readonly #visit: Visit = async ({ layer, inputs }) => {
    const type = tensorTypeId('F16');
    const blocks = new Map<string, StoredTensor>();
    for (const input of inputs) {
      const tensors = this.#options.walk.source.tensors.filter(
        (tensor) =>
          input.tensors.includes(tensor.name) &&
          layerOf(tensor.name) === layer &&
          (tensor.shape[0] ?? 0) % STEP === 0,
      );
      const missing = tensors.filter((tensor) => !this.replaces(tensor) || !this.#bank.has(tensor, type));
      const alpha = missing.length > 0 ? await this.#alpha(layer, tensors, input) : undefined;
      for (const tensor of missing) await this.#quantize(tensor, input, alpha);
      for (const tensor of tensors) {
        blocks.set(tensor.name, { path: this.#bank.path(tensor, type), offset: 0, type });
      }
    }
    return blocks;
  };

  #task(tensor: GgufTensor, { head, path }: InputGram, targetPath: string): RivalTask {
    const [columns = 0] = tensor.shape;
    return {
      ...this.#options.method.native,
      sourcePath: tensor.path,
      sourceOffset: tensor.offset,
      sourceType: tensor.type,
      targetPath,
      targetType: tensorTypeId('F16'),
      columns,
      rows: tensor.elements / columns,
      gramPath: path.train,
      blocks: head.train.blocks,
      threads: this.#options.walk.threads,
    };
  }

  /**
   * AWQ's: one for all matrices of an input, whose channels have one scale, of least error. 0 where the scale has no place to go to: that
   * of attn_output's input goes into the rows of attn_v, unless several heads share one.
   */
  async #alpha(layer: number, tensors: readonly GgufTensor[], input: InputGram): Promise<number | undefined> {
    const { method, walk } = this.#options;
    if (method.native.method !== 'awq') return undefined;
    const isOutput = tensors.some(({ name }) => name.endsWith('attn_output.weight'));
    const value = walk.source.tensors.find(({ name }) => name === `blk.${layer}.attn_v.weight`);
    if (isOutput && value?.shape[1] !== tensors[0]?.shape[0]) return 0;
    const sums = new Float64Array(ALPHAS.length);
    for (const tensor of tensors) {
      throwIfCancelled(walk.signal);
      const task = this.#task(tensor, input, '');
      const errors = await withAbort(walk.addon, walk.signal, (abort) =>
        walk.addon.awqErrors(task, ALPHAS, abort),
      );
      errors.forEach((error, index) => (sums[index] = (sums[index] ?? 0) + error));
    }
    return ALPHAS[sums.indexOf(Math.min(...sums))];
  }

  async #quantize(tensor: GgufTensor, input: InputGram, alpha: number | undefined): Promise<void> {
    const { addon, signal } = this.#options.walk;
    const type = tensorTypeId('F16');
    throwIfCancelled(signal);
    try {
      const task = {
        ...this.#task(tensor, input, this.#bank.begin(tensor, type)),
        ...(alpha === undefined ? {} : { alpha }),
      };
      const { salientColumns, error } = await withAbort(addon, signal, (abort) =>
        addon.rivalTensor(task, abort),
      );
      await this.#bank.add(tensor, type);
      const facts = { salientColumns, error, ...(alpha === undefined ? {} : { alpha }) };
      this.#note({ ...this.#facts, matrices: { ...this.#facts.matrices, [tensor.name]: facts } });
    } catch (error) {
      discard(this.#bank.unfinishedPath(tensor, type));
      throw error;
    }
  }
}
