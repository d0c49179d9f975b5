import { z } from 'zod';

/** A move of the models to another folder while it runs. */
export interface FolderMove {
  readonly from: string;
  readonly to: string;
  readonly doneFiles: number;
  readonly totalFiles: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface MovedFolder {
  /** where new models go from now on */
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  /** files that are in the new folder but could not be deleted from the old one; that is tried again at the next start */
  readonly leftBehind: readonly string[];
}

/** The folder in which the models that Snug makes lie. */
export interface FolderService {
  /**
   * Takes the library's models from the folder to another one, which is made when it is missing, and puts new ones there; null
   * goes back to the folder in Snug's own. Throws with advice when that folder can't be used. What was moved before it failed or
   * was cancelled stays moved and is found there; the rest stays where it was.
   */
  move(argument: { to: string | null }): Promise<MovedFolder>;
  /** Ends the move after the bytes being written now; does nothing when none runs. */
  cancel(argument: Record<string, never>): Promise<void>;
  /** The move that runs, for a window that opens meanwhile. */
  moving(argument: Record<string, never>): Promise<FolderMove | null>;
}

export const folderArguments = {
  move: z.strictObject({ to: z.string().min(1).max(32_768).nullable() }),
  cancel: z.strictObject({}),
  moving: z.strictObject({}),
};
