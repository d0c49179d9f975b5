import { z } from 'zod';
import { inspectionSchema } from './model.ts';
import { binarySchema } from './binary.ts';
import type { ReadOnly } from './read-only.ts';

/** What the files of a pair say that an export tells of. */
export const pairFactsSchema = z.object({
  inspection: inspectionSchema,
  /** the Jinja template that conversations with it are written with; null where nothing says how that is done */
  chatTemplate: z.string().nullable(),
  /** where converters wrote that it came from, and under which licence */
  repository: z.string().nullable(),
  licence: z.string().nullable(),
  licenceLink: z.string().nullable(),
  /** with which its vision file has to begin for llama.cpp, in the place of so many bytes of it; null where its own will do */
  visionHeader: z
    .object({ bytes: binarySchema, replaces: z.int().positive(), addedKeys: z.array(z.string()) })
    .nullable(),
});
export type PairFacts = ReadOnly<z.infer<typeof pairFactsSchema>>;

/**
 * How files came to lie in a second place: as copies that share their blocks until one is changed, as second names of the same files, or
 * as copies.
 */
export type Placed = 'cloned' | 'linked' | 'copied';

export interface ExportedPair {
  readonly folder: string;
  /** by their names in it */
  readonly files: readonly string[];
  readonly placed: Placed;
}

/** An export while it runs, in bytes that are brought there and read again. */
export interface ExportProgress {
  readonly modelId: string;
  readonly folder: string;
  readonly done: number;
  readonly total: number;
}

/** Fitted models leave Snug: with their vision file, how they are run, how they were made, and how they are made again. */
export interface ExportService {
  /**
   * Writes a fitted model into a new folder called after it, in the folder that is named. Throws CANNOT_WRITE where files of its names
   * are there already, unless they are to be replaced; what fails or is cancelled leaves nothing behind.
   */
  write(argument: { id: string; folder: string; replace?: boolean | undefined }): Promise<ExportedPair>;
  /** Ends the one that runs; does nothing when none does. */
  cancel(argument: Record<string, never>): Promise<void>;
  /** The one that runs, for a window that opens meanwhile; `exports.changed` tells how far it is. */
  running(argument: Record<string, never>): Promise<ExportProgress | null>;
}

export const exportArguments = {
  write: z.strictObject({
    id: z.string().min(1).max(64),
    folder: z.string().min(1).max(32_768),
    replace: z.boolean().optional(),
  }),
  cancel: z.strictObject({}),
  running: z.strictObject({}),
};
