import type { Machine } from './machine.ts';

/** A model in another app's folder, as far as names and the app's own notes tell; its header says the rest. */
export interface FoundModel {
  /** the text model's file, of one that is split its first part */
  readonly path: string;
  /** what its app calls it, where that is more than its file's name */
  readonly name?: string | undefined;
  /** the vision file that its app keeps with it */
  readonly visionPath?: string | undefined;
  /** why it can't be used, where its header would not say so */
  readonly problem?: string | undefined;
}

export interface Found {
  readonly models: readonly FoundModel[];
  /** it ended before everything was looked at */
  readonly isPartial: boolean;
}

/** How one app keeps its models. */
export interface AppStore {
  /** Folders where it may have some, by its own rules and settings, whether they are there or not. */
  folders(machine: Machine): string[];
  /** What is in one of them. Files that may be vision files are among it: names do not tell. */
  find(machine: Machine, folder: string, signal?: AbortSignal): Promise<Found>;
}

/** Most models that are told of one folder. */
export const MOST_MODELS = 500;
