import { z } from 'zod';
import { PLAN_FAMILIES } from './fit-report.ts';
import { ADDING, type Adding, type ForeignAppId, type ForeignModels, type ModelsCopy } from './elsewhere.ts';
import { ORDERINGS } from './fit-request.ts';
import type { ModelSource } from './model-source.ts';
import type { ReadOnly } from './read-only.ts';
import type { Verification } from './verification.ts';

const tokenRange = z.object({ min: z.number(), max: z.number() });

/** What a model's files say of it. Bytes are bytes. */
const descriptionSchema = z.object({
  name: z.string(),
  architecture: z.string(),
  /** `source`: may be fitted (F32, F16, BF16, Q8_0); `fitted`: made by Snug; `quantized`: made by others */
  kind: z.enum(['source', 'fitted', 'quantized']),
  bytes: z.number(),
  parameters: z.number(),
  bitsPerWeight: z.number(),
  layers: z.number(),
  trainingContextTokens: z.number(),
  /** its vision file, when it has one that can be used */
  mmproj: z.object({ path: z.string(), bytes: z.number() }).nullable(),
  /** whether it was made to see pictures, and only lacks its vision file where it has none */
  expectsVision: z.boolean(),
  /** why it has no vision file, though one lies there */
  visionProblem: z.string().nullable(),
  /** different vision files beside it that would do: a person has to choose */
  visionChoices: z.array(z.string()),
  /** tokens a picture may take */
  imageTokens: tokenRange.nullable(),
  /** the order in which its layers go low unless another is asked for; null: the paper's */
  ordering: z.enum(ORDERINGS).nullable(),
  /** how Snug made it */
  plan: z
    .object({
      lowLayers: z.number(),
      rungs: z.object({ high: z.string(), low: z.string() }),
      /** what the plan is made of; absent in what earlier versions kept */
      family: z.enum(PLAN_FAMILIES).optional(),
    })
    .nullable(),
  /** why it can't be used right now: its file is gone, broken or not read yet */
  problem: z.string().nullable(),
});
export type Description = ReadOnly<z.infer<typeof descriptionSchema>>;

export const describedFilesSchema = z.object({
  description: descriptionSchema,
  /** the model's own files, of a split model all parts in order */
  files: z.array(z.string()),
  /** what else it was read from, whether it is there or not: vision files, or the folder where one may come to lie */
  alsoRead: z.array(z.string()),
});
export type DescribedFiles = ReadOnly<z.infer<typeof describedFilesSchema>>;

/** `problem` of a model whose file, or first part, is not where it was: it may be looked for. */
export const FILE_GONE = 'its file is gone';

/** A model in the library, as the window shows it. Dates are ISO 8601. */
export interface ModelEntry extends Description {
  readonly id: string;
  readonly path: string;
  /** what the app that it came from calls it, where its file says less: Ollama's have no names */
  readonly title: string | null;
  /** other places where the same file lies; should this one vanish, the model is found there */
  readonly alsoAt: readonly string[];
  /** the app in whose folder it lies: what that app deletes is gone here too */
  readonly keptBy: ForeignAppId | null;
  /** the entry it was made from, while that is in the library */
  readonly madeFrom: string | null;
  readonly addedAt: string;
  /** the demo model that comes with the app; its files are not deleted */
  readonly builtIn: boolean;
}

const typeSumSchema = z.object({ tensors: z.number(), parameters: z.number(), bytes: z.number() });

/** What a GGUF is, which tensor types its layers have, and how it was made. */
export const inspectionSchema = z.object({
  path: z.string(),
  kind: z.enum(['text', 'vision']),
  name: z.string(),
  architecture: z.string(),
  bytes: z.number(),
  parameters: z.number(),
  bitsPerWeight: z.number(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** tensor type → how much of the file has it */
  types: z.record(z.string(), typeSumSchema),
  /** tensor type → tensors of that type, by layer */
  layers: z.array(
    z.object({
      index: z.number(),
      types: z.record(z.string(), z.number()),
      bytes: z.number(),
      parameters: z.number(),
    }),
  ),
  /** what a fit wrote into the file about itself (`luq.*`) */
  luq: z.record(z.string(), z.unknown()),
});
export type Inspection = ReadOnly<z.infer<typeof inspectionSchema>>;

/** Where a model came from. */
export type ModelOrigin =
  | { readonly kind: 'builtIn' }
  /** `from`: the library's entry, while that is there */
  | { readonly kind: 'fit'; readonly from: Pick<ModelEntry, 'id' | 'name'> | null }
  | { readonly kind: 'hub'; readonly source: ModelSource }
  /** it lies in the folder of another app */
  | { readonly kind: 'app'; readonly app: ForeignAppId }
  | { readonly kind: 'file' };

/** What a model file holds, where it came from and what was made from it. */
export interface ModelDetails extends Pick<Inspection, 'facts' | 'types' | 'luq'> {
  readonly entry: ModelEntry;
  readonly layerTypes: Inspection['layers'];
  readonly origin: ModelOrigin;
  /** its own, of a split model all parts, and its vision file */
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly role: 'model' | 'vision';
    /** as long as it has not changed since it was read whole */
    readonly sha256: string | null;
  }[];
  /** what was fitted from it and is still here */
  readonly fits: readonly Pick<ModelEntry, 'id' | 'name' | 'bytes'>[];
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
   * were pasted: in quotes, as file:// addresses, with ~. `copy` copies them into the folder of the models instead.
   */
  add(argument: { paths: readonly string[]; how?: Adding | undefined }): Promise<ImportResult>;
  /** Looks through the folders of other apps, some seconds long; they are only read. */
  elsewhere(argument: Record<string, never>): Promise<readonly ForeignModels[]>;
  /** The copying that runs, for a window that opens meanwhile. */
  copying(argument: Record<string, never>): Promise<ModelsCopy | null>;
  /** Ends it; models that were copied wholly stay. */
  cancelCopying(argument: Record<string, never>): Promise<void>;
  /** Looks for the vision file in the model's folder and the library's; throws with advice when there is none. */
  findMmproj(argument: { id: string }): Promise<ModelEntry>;
  setMmproj(argument: { id: string; mmprojPath: string }): Promise<ModelEntry>;
  /** Takes a model out of the library. With `deleteFile` its file is renamed, and deleted for good when the app next starts. */
  remove(argument: { id: string; deleteFile: boolean }): Promise<{ freedBytes: number }>;
  /** Brings a removed model back, its file included. */
  restore(argument: { id: string }): Promise<ModelEntry>;
  /**
   * Reads all files of a model whole and says whether they hold what they held when they came, or what their hub publishes. How far it is
   * comes as `library.checking`.
   */
  verify(argument: { id: string }): Promise<Verification>;
  /**
   * Looks for a model whose file is gone by its size and content: in the models folder and around where it lay, or in a folder that the
   * person chose. The entry, its vision file and companion file follow. Throws FILE where it is not found.
   */
  lookFor(argument: { id: string; folder?: string | undefined }): Promise<ModelEntry>;
  /** Stops `verify` or `lookFor` of a model, which then throws CANCELLED. */
  cancelCheck(argument: { id: string }): Promise<void>;
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
  add: z.strictObject({ paths, how: z.enum(ADDING).optional() }),
  elsewhere: nothing,
  copying: nothing,
  cancelCopying: nothing,
  findMmproj: z.strictObject({ id }),
  setMmproj: z.strictObject({ id, mmprojPath: path }),
  remove: z.strictObject({ id, deleteFile: z.boolean() }),
  restore: z.strictObject({ id }),
  verify: z.strictObject({ id }),
  lookFor: z.strictObject({ id, folder: path.optional() }),
  cancelCheck: z.strictObject({ id }),
  bank: nothing,
  cleanBank: nothing,
};
