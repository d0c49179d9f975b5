import { createHash } from 'node:crypto';
import { z } from 'zod';
import { throwIfCancelled } from '../../contract/errors.ts';
import { withAbort } from '../../engine/native-calls.ts';
import type { FedReport, FeedTask } from '../../engine/native-quantizing.ts';
import { discard, writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import type { GgufTensor } from '../../gguf/gguf.ts';
import { blockSize, isFloatType, tensorTypeName } from '../../gguf/tensor-types.ts';
import { layerOf } from '../../models/model-file.ts';
import type { StoredTensor } from '../gram/layer-file.ts';
import type { InputGram, Visit, WalkInputs } from '../gram/walk.ts';
import { checkDisk, fillBank, nativeTask, wantedBlocks, type Bank, type QuantizeOptions } from './bank.ts';
import { naming } from '../naming.ts';

/**
 * A bank of blocks whose errors were fed on (native/feed.cpp): filled on a walk through the model, as the sums that are needed for a layer
 * are too large to be kept for all. A tensor whose blocks are here is not quantized again for another plan.
 */

/** Shares of the mean of H's diagonal that are tried as damping, from many tokens to few. */
const DAMPINGS: readonly number[] = [0.003, 0.01, 0.03, 0.1, 0.3];
/** Changes with whatever changes fed blocks, so that those of earlier versions are not taken for them. */
const VERSION = 1;
/** Of the rows that ways to feed errors on are compared on. */
const SEED = 1;
/** Columns that are multiplied at a time; native/feed_products.h. */
const PANEL = 32;
/** What a walk takes beside quantizing, as a share of the source's bytes: a guess, for a line that moves. */
const WALK_SHARE = 0.25;

/**
 * Names a bank of fed blocks by the importance matrix, whose sequences are those of the sums, and what a picture's token counts; where
 * inputs are those of quantized layers, by the types that these have as well.
 */
export function fedBankKey(
  imatrixKey: string,
  weightOfPictures: number,
  { inputs, types }: Pick<FedOptions, 'inputs' | 'types'>,
): string {
  const key = `${imatrixKey}-fed${VERSION}-${weightOfPictures}`;
  if (inputs === 'source') return key;
  const plan = createHash('sha256').update(JSON.stringify([...types].sort()));
  return `${key}-${plan.digest('hex').slice(0, 16)}`;
}

/** Whether the blocks of a bank are of use to one plan alone. */
export function isOfOnePlan(key: string): boolean {
  return /-fed\d+-[\d.]+-[0-9a-f]{16}$/.test(key);
}

const fedTensorSchema = z.object({
  rounding: z.enum(['plain', 'fed']),
  plainError: z.number().nonnegative(),
  fedError: z.number().nonnegative(),
});
type FedTensor = z.infer<typeof fedTensorSchema>;

export interface WalkEvents {
  readonly visit: Visit;
  readonly onShare: (share: number) => void;
}

export interface FedOptions extends QuantizeOptions {
  /** what the walk's grams are of; of quantized layers those of this bank */
  readonly inputs: WalkInputs;
  /** goes through the source layer by layer; returns warnings */
  readonly walk: (events: WalkEvents) => Promise<readonly string[]>;
}

/** What feeding errors on did to a plan's tensors. */
export interface FedSummary {
  /** tensors that were quantized */
  readonly tensors: number;
  /** of them those whose blocks are not the plain ones */
  readonly fed: number;
  /** mean over those of 1 − the held-out output error relative to plain rounding's; null without any */
  readonly meanGain: number | null;
  readonly warnings: readonly string[];
}

/** Quantizes what the types ask for and the bank lacks, with errors fed on where that is better; the rest plainly. */
export async function fillBankFed(options: FedOptions): Promise<FedSummary> {
  const warnings = await new FedFilling(options).run();
  const { bank } = options;
  const wanted = wantedBlocks(options);
  const gains = wanted.flatMap(({ tensor, type }) => {
    const report = readKept(reportPath(bank, tensor, type), fedTensorSchema);
    return report?.rounding === 'fed' ? [1 - report.fedError / report.plainError] : [];
  });
  const sum = gains.reduce((total, gain) => total + gain, 0);
  return {
    tensors: wanted.length,
    fed: gains.length,
    meanGain: gains.length === 0 ? null : sum / gains.length,
    warnings,
  };
}

class FedFilling {
  readonly #options: FedOptions;
  readonly #missing: Map<string, { readonly tensor: GgufTensor; readonly type: number }>;
  readonly #total: number;
  readonly #walks: boolean;
  readonly #walkBytes: number;
  #walked = 0;
  #done: number;

  constructor(options: FedOptions) {
    this.#options = options;
    const wanted = wantedBlocks(options);
    const missing = wanted.filter(({ tensor, type }) => !options.bank.has(tensor, type));
    const bytesOf = (blocks: typeof wanted) => blocks.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
    this.#missing = new Map(missing.map((one) => [one.tensor.name, one]));
    this.#walks = missing.some(({ tensor }) => isReached(tensor));
    this.#walkBytes = this.#walks ? Math.round(bytesOf(wanted) * WALK_SHARE) : 0;
    this.#total = bytesOf(wanted) + this.#walkBytes;
    this.#done = bytesOf(wanted) - bytesOf(missing);
  }

  async run(): Promise<readonly string[]> {
    const { bank } = this.#options;
    bank.removeUnfinished();
    checkDisk(bank, [...this.#missing.values()]);
    this.#report(0);
    if (this.#missing.size === 0) return [];
    const warnings = this.#walks ? await this.#walk() : [];
    // what no sums are of: embeddings, an expert's matrices, types that are hardly rounded at all
    const { onProgress: _, ...plainly } = this.#options;
    await fillBank(plainly);
    this.#done = this.#total - this.#walkBytes;
    this.#report(0);
    return warnings;
  }

  async #walk(): Promise<readonly string[]> {
    const warnings = await this.#options.walk({
      visit: async ({ layer, inputs }) => {
        for (const input of inputs) await this.#take(input);
        return this.#options.inputs === 'quantized' ? this.#storedLayer(layer) : undefined;
      },
      onShare: (share) => {
        this.#walked = Math.max(this.#walked, share);
        this.#report(0);
      },
    });
    this.#walked = 1;
    return warnings;
  }

  /** A layer as it will be: what its grams were not for is rounded plainly. */
  async #storedLayer(layer: number): Promise<ReadonlyMap<string, StoredTensor>> {
    const { bank } = this.#options;
    const wanted = wantedBlocks(this.#options).filter(({ tensor }) => layerOf(tensor.name) === layer);
    const { onProgress: _, ...plainly } = this.#options;
    await fillBank({ ...plainly, types: new Map(wanted.map(({ tensor, type }) => [tensor.name, type])) });
    return new Map(
      wanted.map(({ tensor, type }) => [tensor.name, { path: bank.path(tensor, type), offset: 0, type }]),
    );
  }

  async #take(input: InputGram): Promise<void> {
    let dampings = DAMPINGS;
    for (const name of input.tensors) {
      const wanted = this.#missing.get(name);
      if (!wanted || !canBeFed(wanted.tensor, wanted.type, input)) continue;
      const { parts } = await this.#quantize(wanted.tensor, wanted.type, input, dampings);
      // what suits one matrix suits the others of the same input; whether it is better than plain rounding is asked for each
      const [only] = parts;
      if (only && parts.length === 1) dampings = [only.damping];
      this.#missing.delete(name);
      this.#done += wanted.tensor.bytes;
      this.#report(0);
    }
  }

  async #quantize(
    tensor: GgufTensor,
    type: number,
    input: InputGram,
    dampings: readonly number[],
  ): Promise<FedReport> {
    const { addon, bank, signal } = this.#options;
    const detail = `${tensor.name} → ${tensorTypeName(type)}`;
    const feed = feedTask(tensor.name, input, dampings);
    const task = { ...nativeTask(tensor, type, this.#options), feed };
    throwIfCancelled(signal);
    try {
      const report = await withAbort(addon, signal, (abort) =>
        addon.quantizeFed(task, abort, ({ done, total }) =>
          this.#report((done / total) * tensor.bytes, detail),
        ),
      );
      const { rounding, plainError, fedError } = report;
      const kept: FedTensor = { rounding, plainError, fedError };
      // before the blocks count: what is in the bank says how it came there
      writeFileAtomically(reportPath(bank, tensor, type), JSON.stringify(kept));
      await bank.add(tensor, type);
      return report;
    } catch (error) {
      discard(bank.unfinishedPath(tensor, type));
      throw naming(tensor, error);
    }
  }

  #report(within: number, detail?: string): void {
    this.#options.onProgress?.({
      stage: 'quantize',
      done: Math.round(this.#done + within + this.#walked * this.#walkBytes),
      total: this.#total,
      unit: 'bytes',
      ...(detail === undefined ? {} : { detail }),
    });
  }
}

/** Whether a walk shows what goes into it. */
function isReached({ name }: GgufTensor): boolean {
  return layerOf(name) !== undefined || name === 'output.weight';
}

function reportPath(bank: Bank, tensor: GgufTensor, type: number): string {
  return `${bank.path(tensor, type)}.fed.json`;
}

function feedTask(name: string, { path, head }: InputGram, dampings: readonly number[]): FeedTask {
  return {
    name,
    gramPath: path.train,
    heldOutPath: path.heldOut,
    blocks: head.train.blocks,
    dampings: Float32Array.from(dampings),
    seed: SEED,
  };
}

/** One matrix, rounded to blocks, that multiplies just this input: embeddings are looked up by rows as well. */
function canBeFed({ name, shape }: GgufTensor, type: number, { head }: InputGram): boolean {
  const isMatrix = shape.slice(2).every((length) => length === 1);
  const divides = head.train.blocks.every((block) => block % PANEL === 0 && block % blockSize(type) === 0);
  return name !== 'token_embd.weight' && isMatrix && !isFloatType(type) && divides;
}
