import { withAbort } from '../../engine/native-calls.ts';
import type { Addon } from '../../engine/native-types.ts';
import type { GgufTensor } from '../../gguf/gguf.ts';
import { meanSquares, type Imatrix } from '../../gguf/imatrix.ts';
import { seededRandom, shuffled } from '../random.ts';
import type { TensorErrors } from './error-schema.ts';
import type { InputGram } from './walk.ts';

/**
 * How much of each tensor is quantized for its errors: so many values, in so many rows. What that leaves open is in `standardError`; long
 * rows differ less, so that few of them say as much.
 */
const SAMPLED_VALUES = 1 << 19;
const LEAST_ROWS = 32;
const MOST_ROWS = 128;

/** Names the rule by which rows are sampled. */
export const SAMPLE_OF_ROWS = [SAMPLED_VALUES, LEAST_ROWS, MOST_ROWS].join('-');

export interface TensorErrorOptions {
  readonly addon: Addon;
  readonly imatrix: Imatrix;
  /** ggml ids of the types that a matrix may be stored in; its rows divide into blocks of each */
  readonly typesFor: (tensor: GgufTensor) => readonly number[];
  readonly seed: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/** Measures what types do to what single matrices put out. */
export class TensorErrorMeter {
  readonly #options: TensorErrorOptions;
  readonly #needsImportance: ReadonlySet<number>;

  constructor(options: TensorErrorOptions) {
    this.#options = options;
    const types = options.addon.tensorTypes();
    this.#needsImportance = new Set(types.filter((type) => type.needsImportance).map(({ id }) => id));
  }

  /** Without those that llama.cpp makes with an importance only, for a tensor that has none. */
  typesFor(tensor: GgufTensor): number[] {
    const hasImportance = this.#options.imatrix.entries.has(tensor.name);
    return this.#options.typesFor(tensor).filter((type) => hasImportance || !this.#needsImportance.has(type));
  }

  /**
   * By the tensor's inputs where there is a gram of them, else by its importance matrix, else all columns alike.
   * @throws SnugError QUANTIZE, INCOHERENT, FILE, CANCELLED
   */
  async measure(tensor: GgufTensor, gram?: InputGram): Promise<TensorErrors> {
    const { addon, imatrix, seed, threads, signal } = this.#options;
    const [columns = 0, rowsPerMatrix = 1] = tensor.shape;
    const entry = imatrix.entries.get(tensor.name);
    const importance = entry && meanSquares(entry);
    const diagonal = importance?.length === columns ? importance : undefined;
    const sample = sampleRows(tensor, seed);
    const inputs = gram && { gramPath: gram.path.heldOut, blocks: gram.head.heldOut.blocks };
    const task = {
      ...{ sourcePath: tensor.path, sourceOffset: tensor.offset, sourceType: tensor.type },
      ...{ columns, rows: tensor.elements / columns, rowsPerMatrix, importance, sample, threads },
      types: this.typesFor(tensor),
      ...(inputs ?? { diagonal }),
    };
    const types = await withAbort(addon, signal, (abort) => addon.localErrors(task, abort));
    const weighed = inputs ? 'inputs' : diagonal ? 'importance' : 'evenly';
    return { name: tensor.name, weighed, sampledRows: sample.length, types };
  }
}

export function isMatrix({ shape }: Pick<GgufTensor, 'shape'>): boolean {
  return (shape[1] ?? 1) > 1;
}

/** The same rows for every type, so that types are compared on the same weights. */
function sampleRows(
  { shape: [columns = 1], elements }: Pick<GgufTensor, 'shape' | 'elements'>,
  seed: number,
): Int32Array {
  const count = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.round(SAMPLED_VALUES / columns)));
  const all = Array.from({ length: elements / columns }, (_, row) => row);
  return Int32Array.from(shuffled(all, seededRandom(seed)).slice(0, count)).sort();
}
