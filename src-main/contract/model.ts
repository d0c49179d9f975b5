import { z } from 'zod';
import type { Ordering } from './fit-request.ts';

/** A model in the library, as the window shows it. Bytes are bytes; dates are ISO 8601. */
export interface ModelEntry {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly architecture: string;
  /** `source`: may be fitted (F32, F16, BF16, Q8_0); `fitted`: made by Snug; `quantized`: made by others */
  readonly kind: 'source' | 'fitted' | 'quantized';
  readonly bytes: number;
  readonly parameters: number;
  readonly bitsPerWeight: number;
  readonly layers: number;
  readonly trainingContextTokens: number;
  /** its vision file, when it has one that can be used */
  readonly mmproj: { readonly path: string; readonly bytes: number } | null;
  /** whether it was made to see pictures, and only lacks its vision file where it has none */
  readonly expectsVision: boolean;
  /** why it has no vision file, though one lies there */
  readonly visionProblem: string | null;
  /** different vision files beside it that would do: a person has to choose */
  readonly visionChoices: readonly string[];
  /** tokens a picture may take */
  readonly imageTokens: { readonly min: number; readonly max: number } | null;
  /** the order in which its layers go low unless another is asked for; null: the paper's */
  readonly ordering: Ordering | null;
  /** how Snug made it */
  readonly plan: {
    readonly lowLayers: number;
    readonly rungs: { readonly high: string; readonly low: string };
  } | null;
  /** the entry it was made from, while that is in the library */
  readonly madeFrom: string | null;
  readonly addedAt: string;
  /** the demo model that comes with the app; its files are not deleted */
  readonly builtIn: boolean;
  /** why it can't be used right now: its file is gone, broken or not read yet */
  readonly problem: string | null;
}

export interface TypeSum {
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** What a model file holds. */
export interface ModelDetails {
  readonly entry: ModelEntry;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  /** tensor type → how much of the file has it */
  readonly types: Readonly<Record<string, TypeSum>>;
  /** tensor type → tensors of that type, by layer */
  readonly layerTypes: readonly {
    readonly index: number;
    readonly bytes: number;
    readonly parameters: number;
    readonly types: Readonly<Record<string, number>>;
  }[];
  /** what a fit wrote into the file about itself (`luq.*`) */
  readonly luq: Readonly<Record<string, unknown>>;
}

export interface ImportResult {
  readonly added: readonly ModelEntry[];
  /** what was given and is in the library already */
  readonly known: readonly ModelEntry[];
  /** what else was found and done, in sentences: what a folder held, whose vision file was added */
  readonly notes: readonly string[];
  /** files that could not be taken, each with why and what to do */
  readonly refused: readonly {
    readonly path: string;
    readonly message: string;
    readonly advice: string | null;
  }[];
}

export interface BankUse {
  /** what is kept so that a refit takes seconds, by model */
  readonly sources: readonly { readonly name: string; readonly bytes: number }[];
  readonly bytes: number;
}

/** The models on this machine. */
export interface LibraryService {
  list(argument: Record<string, never>): Promise<readonly ModelEntry[]>;
  inspect(argument: { id: string }): Promise<ModelDetails>;
  /**
   * Takes GGUF files where they lie, also those of folders; vision files among them are paired by their metadata. Paths may be as they
   * were pasted: in quotes, as file:// addresses, with ~.
   */
  add(argument: { paths: readonly string[] }): Promise<ImportResult>;
  /** Looks for the vision encoder in the model's folder and the library's; throws with advice when there is none. */
  findVisionFile(argument: { id: string }): Promise<ModelEntry>;
  setVisionFile(argument: { id: string; mmprojPath: string }): Promise<ModelEntry>;
  /** Takes a model out of the library. With `deleteFile` its file is renamed, and deleted for good when the app next starts. */
  remove(argument: { id: string; deleteFile: boolean }): Promise<{ freedBytes: number }>;
  /** Brings a removed model back, its file included. */
  restore(argument: { id: string }): Promise<ModelEntry>;
  bank(argument: Record<string, never>): Promise<BankUse>;
  /** Deletes what refits would reuse; models stay. */
  cleanBank(argument: Record<string, never>): Promise<{ freedBytes: number }>;
}

const nothing = z.strictObject({});
const id = z.string().min(1).max(64);
const path = z.string().min(1).max(32_768);
/** Letters of all paths added at once: a message holds them as JSON. */
const MOST_PATH_LETTERS = 1_000_000;
const paths = z
  .array(path)
  .min(1)
  .max(1000)
  .refine((all) => all.reduce((sum, one) => sum + one.length, 0) <= MOST_PATH_LETTERS, {
    error: 'these are too many files at once; add fewer',
  });

export const libraryArguments = {
  list: nothing,
  inspect: z.strictObject({ id }),
  add: z.strictObject({ paths }),
  findVisionFile: z.strictObject({ id }),
  setVisionFile: z.strictObject({ id, mmprojPath: path }),
  remove: z.strictObject({ id, deleteFile: z.boolean() }),
  restore: z.strictObject({ id }),
  bank: nothing,
  cleanBank: nothing,
};
