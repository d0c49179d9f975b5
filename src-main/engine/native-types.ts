import type { ComputeDevice } from '../contract/laptop.ts';
import type { EvaluatorOptions, NativeEvaluator } from './native-evaluator.ts';
import type {
  FedReport,
  FeedTask,
  LocalErrorTask,
  QuantizeTask,
  RivalReport,
  RivalTask,
} from './native-quantizing.ts';
import type { NativeProgress, NativeSequence, OnProgress, SequencePiece } from './native-sequences.ts';

export type { EvaluatorOptions, NativeEvaluator } from './native-evaluator.ts';
export type { NativeImage, NativeProgress, NativeSequence, SequencePiece } from './native-sequences.ts';

/**
 * What the compiled addon offers (native/), as types. An argument of the wrong kind or out of range throws a TypeError at once; what else
 * goes wrong throws or rejects with an Error whose `code` is a NativeCode (native-errors.ts). The codes that follow from what a call is
 * given stand beside it. Each may fail with OUT_OF_MEMORY or NATIVE, what computes with COMPUTE_FAILED, what is closed with CLOSED.
 */

export interface AbortFlag {
  /** the calls that were given it reject with CANCELLED, unless they end before */
  set(): void;
}

/** `done`, `total`: tokens in the cache and of the prompt. */
interface NativePromptProgress extends NativeProgress {
  /** a picture is about to go through the vision encoder */
  readonly encoding?: true;
}
interface ModelDescription {
  readonly layers: number;
  readonly embeddingLength: number;
  readonly vocabularySize: number;
  readonly trainingContextTokens: number;
  readonly canSee: boolean;
  readonly mediaMarker: string;
  /** lines in which llama.cpp warned as it loaded the files */
  readonly warnings: readonly string[];
}

/** What a context takes as llama.cpp reserves it, beside the weights that it maps or holds. */
interface ContextMemory {
  readonly weightsBytes: number;
  readonly kvCacheBytes: number;
  readonly computeBytes: number;
}

export interface NativeModel {
  describe(): ModelDescription;
  /** the text's token ids */
  tokenize(text: string, addSpecial: boolean, parseSpecial: boolean): Int32Array;
  /** its bytes, perhaps a part of a character; none for a control token */
  piece(token: number): Buffer;
  /** what a sequence becomes, in its order; nothing is encoded. @throws TOKENIZE, CANNOT_SEE, PICTURE, UNSUPPORTED */
  layout(sequence: NativeSequence): SequencePiece[];
  /** of a context that is not kept; allocates nothing for a model opened with metadataOnly. @throws CONTEXT_FAILED */
  memory(options: { contextTokens: number; batchTokens: number; threads: number }): Promise<ContextMemory>;
  close(): void;
}

interface PromptReport {
  readonly promptTokens: number;
  readonly reusedTokens: number;
  readonly encodedImages: number;
  readonly encodeSeconds: number;
  readonly promptSeconds: number;
}

interface Sampling {
  readonly maxTokens: number;
  /** 0 is greedy */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  /** goes on after the model would stop: for measuring speed */
  readonly ignoreEnd?: boolean;
}

interface AnswerReport {
  /** end: the model finished; length: maxTokens; context: no room left; cancelled: abort was called */
  readonly reason: 'end' | 'length' | 'context' | 'cancelled';
  readonly tokens: number;
  readonly seconds: number;
}

export interface NativeChat {
  /**
   * Brings the context to hold this sequence: what it shares with the one before is not computed again.
   * @throws TOKENIZE, CANNOT_SEE, PICTURE, UNSUPPORTED, CONTEXT_FULL, INCOHERENT, CANCELLED; the context then holds what was run
   */
  prompt(sequence: NativeSequence, onProgress?: (event: NativePromptProgress) => void): Promise<PromptReport>;
  /** goes on from the prompt; `bytes` of a token may be a part of a character. @throws NO_PROMPT, INCOHERENT */
  answer(
    sampling: Sampling,
    onToken?: (event: { token: number; bytes: Buffer }) => void,
  ): Promise<AnswerReport>;
  /** of the next token [vocabulary]. @throws NO_PROMPT; BUSY while a prompt or an answer runs */
  logits(): Float32Array;
  abort(): void;
  close(): void;
}

export interface ClusterTask {
  readonly path: string;
  readonly offset: number;
  readonly dimensions: number;
  readonly rows: Int32Array;
  readonly clusters: number;
  readonly seed: number;
  readonly maxRounds: number;
  readonly threads: number;
}

interface Device extends ComputeDevice {
  readonly description: string;
  readonly memoryBytes: number;
}

export interface Backends {
  readonly devices: readonly Device[];
  /** vector features of the CPU variant that was loaded: AVX2, AVX512, NEON, … */
  readonly cpuFeatures: readonly string[];
  /** llama.cpp's build for this processor, as in "haswell"; "generic" where there is one for all */
  readonly cpuVariant: string;
  /** the kernels of Snug's own that multiply with the lowest types, as in "AVX2"; empty where llama.cpp's do */
  readonly ownKernels: string;
  /** those that they multiply with */
  readonly ownKernelTypes: readonly number[];
  /** why llama.cpp's do although Snug's were wanted, as a clause; empty where nothing is to be said */
  readonly whyNoOwnKernels: string;
}

export interface OpenModelOptions {
  readonly path: string;
  /** of a split model the files after the first, in order */
  readonly otherParts?: readonly string[];
  readonly mmprojPath?: string;
  readonly threads: number;
  /** reads no weights: for sizes, tensor types and counting the tokens of a prompt */
  readonly metadataOnly?: boolean;
  /**
   * default true: weights are pages of the file, which the system may drop and read again; else they are read into memory, and arranged
   * for this processor where that is quicker (`loadedWeight`)
   */
  readonly mapped?: boolean;
  /** whether weights that are read into memory may take much more room there, where that is faster; default false */
  readonly wide?: boolean;
  /** default 0; with more, the vision encoder goes to the graphics processor too */
  readonly gpuLayers?: number;
  readonly imageMinTokens?: number;
  readonly imageMaxTokens?: number;
}

/** Whether the blocks that Snug's quantizer to a type made were ggml's to the bit. */
export interface ComparedQuantizer {
  readonly type: number;
  readonly same: boolean;
}

export interface Addon {
  readonly AbortFlag: new () => AbortFlag;
  /** both reserve the memory of their context. @throws CONTEXT_FAILED */
  readonly Evaluator: new (model: NativeModel, options: EvaluatorOptions) => NativeEvaluator;
  readonly Chat: new (
    model: NativeModel,
    options: { contextTokens: number; batchTokens: number; threads: number },
  ) => NativeChat;
  /** for a process that ends: every job stops as if aborted, and none starts */
  abortEverything(): void;
  /** the best of a folder's CPU variants that this processor runs, or the one named; what it was asked first holds for the process */
  loadBackends(folder: string, cpuVariant?: string, ownKernels?: boolean): Backends;
  /** @throws MODEL_LOAD, MMPROJ_LOAD, NO_CPU_BACKEND, CANCELLED */
  openModel(options: OpenModelOptions, abort?: AbortFlag, onProgress?: OnProgress): Promise<NativeModel>;
  /** bytes of scratch to encode a picture of this size in pixels, or of the size the encoder warms up with. @throws MMPROJ_LOAD */
  visionMemory(options: { mmprojPath: string; width?: number; height?: number }): Promise<number>;
  /**
   * Writes what goes into the model's first layer to [tokens × embedding] floats, from row `first` on. Gives where each token stands
   * [tokens × 4]: time, y, x, unused.
   * @throws TOKENIZE, CANNOT_SEE, PICTURE, UNSUPPORTED, INCOHERENT, FILE, DISK_FULL, CANNOT_WRITE, CANCELLED
   */
  embedSequences(
    model: NativeModel,
    task: { sequences: readonly NativeSequence[]; path: string; first: number },
    abort?: AbortFlag,
  ): Promise<Int32Array>;
  tensorTypes(): {
    id: number;
    name: string;
    blockSize: number;
    blockBytes: number;
    quantized: boolean;
    needsImportance: boolean;
  }[];
  /** ggml type id per tensor, in llama.cpp's mixture of that file type; tensors in llama.cpp's order */
  mixtureTypes(
    model: NativeModel,
    fileType: number,
    tensors: readonly { name: string; type: number; shape: readonly number[] }[],
  ): number[];
  /**
   * Writes a tensor's blocks to a file; onProgress counts rows.
   * @throws QUANTIZE, NEEDS_IMPORTANCE, INCOHERENT, FILE, DISK_FULL, CANNOT_WRITE, CANCELLED
   */
  quantizeTensor(task: QuantizeTask, abort?: AbortFlag, onProgress?: OnProgress): Promise<void>;
  /**
   * Writes a tensor's blocks with its errors fed on, or the plain ones where those are as good; onProgress counts tries and rows.
   * @throws what quantizeTensor throws; INCOHERENT also for sums that are not finite
   */
  quantizeFed(
    task: QuantizeTask & { readonly feed: FeedTask },
    abort?: AbortFlag,
    onProgress?: OnProgress,
  ): Promise<FedReport>;
  /**
   * What each type does to a tensor's outputs: tr((W − Q)·H·(W − Q)ᵀ) / tr(W·H·Wᵀ) and the standard error of the sample; onProgress counts
   * types.
   * @throws QUANTIZE, NEEDS_IMPORTANCE, INCOHERENT, FILE, CANCELLED
   */
  localErrors(
    task: LocalErrorTask,
    abort?: AbortFlag,
    onProgress?: OnProgress,
  ): Promise<{ type: number; error: number; standardError: number }[]>;
  /** blocks with their codes chosen again for what they stand for, for tests; undefined for a type whose codes are never chosen anew */
  recode(type: number, bytes: Uint8Array, count: number): Uint8Array | undefined;
  /**
   * Writes the weights that are left of a matrix quantized by a rival's method.
   * @throws QUANTIZE, INCOHERENT, FILE, DISK_FULL, CANNOT_WRITE, CANCELLED
   */
  rivalTensor(task: RivalTask, abort?: AbortFlag, onProgress?: OnProgress): Promise<RivalReport>;
  /** AWQ's output error with each alpha, tr((W − Q)·H·(W − Q)ᵀ) [alphas]; writes nothing. @throws as rivalTensor */
  awqErrors(task: RivalTask, alphas: Float32Array, abort?: AbortFlag): Promise<Float64Array>;
  /** whether code of Snug's own makes the blocks of a type here, the same as ggml's in less time; for tests */
  quantizesItself(type: number): boolean;
  /** whether ggml's quantizer to a type was called in this process, which builds the tables of a type with a grid; for tests */
  wasMadeByGgml(type: number): boolean;
  /** what makes blocks here, Snug's and ggml's: the files that were loaded, and the C library */
  quantizerFiles(): { readonly files: readonly string[]; readonly cLibrary: string };
  /** which of Snug's quantizers were compared with ggml's by now, in this process or by what it was told */
  comparedQuantizers(): ComparedQuantizer[];
  /** what another process found with the same files on the same processor; what this one found counts more */
  trustQuantizers(compared: readonly ComparedQuantizer[]): void;
  /** `count` values */
  dequantize(type: number, bytes: Uint8Array, count: number): Float32Array;
  /**
   * K-means of a layer's outputs; `assignment`: each row's cluster, `inertia`: Σ squared distance to the own centre.
   * @throws TOO_FEW_TOKENS, FILE, INCOHERENT, CANCELLED
   */
  clusterTokens(
    task: ClusterTask,
    abort?: AbortFlag,
  ): Promise<{ assignment: Int32Array; rounds: number; inertia: number }>;
  /** what a weight that is multiplied with takes once it was read into memory, and whether it is arranged anew for this processor */
  loadedWeight(weight: { type: number; columns: number; rows: number; wide?: boolean }): {
    bytes: number;
    rearranged: boolean;
  };
  /** whether the system lets this file be mapped; some network drives do not, and its weights are read into memory then */
  canMap(path: string): boolean;
  /** bytes of weights (as they are in a file) multiplied per second. @throws PROBE, CANCELLED */
  probeProduct(
    task: {
      type: number;
      columns: number;
      rows: number;
      workingSetBytes: number;
      seconds: number;
      threads: number;
      /** default 1, which is decoding */
      tokens?: number;
      /** in ggml's blocks, also where a model's weights are arranged anew; default false */
      asStored?: boolean;
      /** as `OpenModelOptions.wide` */
      wide?: boolean | undefined;
    },
    abort?: AbortFlag,
  ): Promise<number>;
  /** bytes per second that so many threads read from memory together, each a part of so many bytes. @throws OUT_OF_MEMORY, CANCELLED */
  readMemory(task: { bytes: number; seconds: number; threads: number }, abort?: AbortFlag): Promise<number>;
  /** one matrix in ggml's blocks times tokens [tokens × columns], for tests: [tokens × rows]. `asStored` and `wide` as in probeProduct */
  multiply(product: {
    type: number;
    columns: number;
    rows: number;
    tokens: number;
    threads: number;
    asStored?: boolean;
    wide?: boolean;
    blocks: Uint8Array;
    inputs: Float32Array;
  }): Promise<Float32Array>;
  /** the ways to look sums up that this processor has, the fastest first: each timed, and held against sums made without tables */
  tableKernels(): readonly { name: string; isRight: boolean; lookUpsPerSecond: number }[];
}
