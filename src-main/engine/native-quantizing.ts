/** What the addon quantizes, and how; see native-types.ts. */

export interface QuantizeTask {
  readonly sourcePath: string;
  readonly sourceOffset: number;
  readonly sourceType: number;
  readonly targetPath: string;
  /** of the first block; default 0 */
  readonly targetOffset?: number;
  readonly targetType: number;
  readonly columns: number;
  readonly rows: number;
  readonly rowsPerMatrix?: number;
  /** mean x² per input channel [columns × matrices] */
  readonly importance?: Float32Array | undefined;
  readonly threads: number;
  /** without Snug's own quicker way to the same blocks, to compare with it */
  readonly onlyGgml?: boolean;
}

/** A tensor of `QuantizeTask`, stored in none of its types. */
export interface LocalErrorTask extends Omit<
  QuantizeTask,
  'targetPath' | 'targetOffset' | 'targetType' | 'onlyGgml'
> {
  readonly types: readonly number[];
  /** numbers of the rows that are looked at */
  readonly sample: Int32Array;
  /** a file of the mean of x·xᵀ of its inputs, and the columns of each block in it */
  readonly gramPath?: string;
  readonly blocks?: readonly number[];
  /** without such a file: what each column counts [columns]; without both all count the same */
  readonly diagonal?: Float32Array | undefined;
}

/** How a tensor's errors may be fed on, to be chosen from by held-out error. */
export interface FeedTask {
  /** of the tensor, for errors */
  readonly name: string;
  /** mean x·xᵀ of blocks of columns, float32, one block after the other; of the calibration's sequences, and of those held out of it */
  readonly gramPath: string;
  readonly heldOutPath: string;
  /** columns of each block */
  readonly blocks: readonly number[];
  /** shares of the mean diagonal, ascending */
  readonly dampings: Float32Array;
  /** of the sampled rows */
  readonly seed: number;
}

export interface FedReport {
  /** plain where fed blocks were no better: the bytes are quantizeTensor's then */
  readonly rounding: 'plain' | 'fed';
  /** tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ) with the held-out H, of the sampled rows; equal where plain blocks were kept */
  readonly plainError: number;
  readonly fedError: number;
  readonly sampledRows: number;
  /** what was chosen for each block of columns; none where plain blocks were kept */
  readonly parts: readonly {
    readonly damping: number;
    readonly order: 'natural' | 'by-trace';
    /** whether codes were chosen anew within ggml's blocks */
    readonly within: boolean;
  }[];
}

/** A matrix to quantize as one of the methods does that LUQ's paper compares with; the target is of 16-bit floats. */
export interface RivalTask extends Omit<QuantizeTask, 'importance' | 'onlyGgml' | 'rowsPerMatrix'> {
  readonly method: 'gptq' | 'awq' | 'billm';
  /** of a code; BiLLM has none */
  readonly bits?: number;
  /** scales for each 128 columns, instead of for a row */
  readonly groups?: boolean;
  /** AWQ's */
  readonly alpha?: number;
  /** mean x·xᵀ of blocks of columns, float32, one block after the other */
  readonly gramPath: string;
  /** columns of each block */
  readonly blocks: readonly number[];
}

export interface RivalReport {
  /** BiLLM's: salient columns, summed over the blocks of 128 */
  readonly salientColumns: number;
  /** tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ), of some rows spread evenly */
  readonly error: number;
}
