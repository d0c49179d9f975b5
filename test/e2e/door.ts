import type { Page } from 'playwright-core';
import type { Api } from '../../src-main/contract/api.ts';
import type { Workers } from './workers.ts';

/** An open app, however its window is shown. */
export interface Door {
  readonly page: Page;
  /** to look at what came of it; what a person does is done on the page */
  readonly api: Api;
  /** undefined where the app's processes are not ours to hold: specs that need it are left out there */
  readonly workers: Workers | undefined;
  /** a second window on the same app */
  anotherWindow(): Promise<Page>;
  /** ends the app and starts it again on the same home folder */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface DoorKind {
  readonly name: string;
  readonly available: boolean;
  /** whether workers can be held at a moment */
  readonly holds: boolean;
  open(options: DoorOptions): Promise<Door>;
}

/**
 * How long something may take to be shown. A fit that is paused ends its stage first, in 15 seconds at most, and a busy machine takes
 * as long again to start the app and its browser.
 */
export const PAGE_MILLISECONDS = 90_000;

export interface DoorOptions {
  readonly home: string;
  /** another model for the one that Snug comes with; the installed app has its own */
  readonly builtIn?: string | undefined;
  /** another list of models to download; the installed app has its own */
  readonly catalogue?: string | undefined;
  /** sees every page before it loads anything */
  readonly watch: (page: Page) => void;
}
