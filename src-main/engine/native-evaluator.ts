import type { Importance } from '../gguf/imatrix.ts';
import type { NativeSequence, OnProgress } from './native-sequences.ts';

/** What the addon computes of many sequences at once; see native-types.ts. */

export interface EvaluatorOptions {
  readonly batchTokens: number;
  readonly sequences: number;
  readonly threads: number;
  /** gathers importance and layer outputs instead of logits */
  readonly tap?: boolean;
  /** gathers grams (Σ w·x·xᵀ over the inputs x of matrix multiplications) instead of logits */
  readonly grams?: TappedLayers;
  /** most tokens whose logits one run may ask for; needed without tap and grams */
  readonly outputs?: number;
}

interface EvaluatorRun {
  readonly sequences: readonly (NativeSequence & { logitsFirst?: number; logitsCount?: number })[];
  /** per token of the batch its slot in the sample file, or -1 */
  readonly sampleSlots?: Int32Array;
  readonly samplePath?: string;
  readonly slotsPerLayer?: number;
  /** rows of more are projected to so many dimensions by random signs; as they are without */
  readonly sampleDimensions?: number;
  readonly sampleSeed?: number;
  /** per token what it counts in sums; without: each counts once */
  readonly weights?: Float32Array;
}

export interface NativeEvaluator {
  /**
   * All sequences in one batch. `logits`: [wanted tokens × vocabulary].
   * @throws BATCH_SIZE, TOKENIZE, CANNOT_SEE, PICTURE, UNSUPPORTED, INCOHERENT, CANCELLED; DISK_FULL, CANNOT_WRITE for the samples
   */
  run(
    run: EvaluatorRun,
    onProgress?: OnProgress,
  ): Promise<{ logits: Float32Array; tokens: number; imageTokens: number }>;
  /** for an evaluator with a tap. @throws BATCH_SIZE, NO_TAP, INCOHERENT, FILE, DISK_FULL, CANNOT_WRITE, CANCELLED */
  runRows(run: RowsRun): Promise<void>;
  /** @throws BUSY while a run is under way, as do all below; NO_TAP where nothing of the kind is gathered */
  grams(): NativeGram[];
  /** the mean over tokens, block after block, each [b × b] of float32. @throws FILE, DISK_FULL, CANNOT_WRITE */
  writeGram(index: number, path: string): Promise<void>;
  clearGrams(): void;
  importance(): Record<string, Importance>;
  restoreImportance(entries: Record<string, Importance>): void;
  abort(): void;
  close(): void;
}

/** Layers whose inputs and outputs are tapped; a run ends behind the last of them. */
export interface TappedLayers {
  readonly firstLayer: number;
  readonly lastLayer: number;
  /** default true: sums up the inputs; else only passes on the outputs */
  readonly sums?: boolean;
  /** what the output head multiplies as well, named result_norm; only with the model's last layer */
  readonly andOutput?: boolean;
  /** added to a layer's number in names: a file of one layer calls it 0 */
  readonly named?: number;
}

/** Sequences as what goes into the first layer, one after the other in a file of [tokens × embedding] floats. */
interface RowsRun {
  readonly path: string;
  /** row of the first token; in the outputs as well */
  readonly first: number;
  /** tokens of each sequence */
  readonly lengths: Int32Array;
  /** [tokens × 4] as `embedSequences` gives them */
  readonly positions: Int32Array;
  readonly weights?: Float32Array | undefined;
  /** takes the layer's outputs [tokens × embedding] */
  readonly outputsPath?: string;
}

/** One input of matrix multiplications, and what was summed up of it. */
interface NativeGram {
  /** names of the weights that multiply it, or result_norm */
  readonly weights: readonly string[];
  readonly columns: number;
  /** columns of each block along the diagonal */
  readonly blocks: readonly number[];
  readonly tokens: number;
  /** columns that were zero in every token */
  readonly zeroColumns: number;
}
