import { z } from 'zod';

export interface AppInfo {
  readonly version: string;
  readonly llamaCpp: string;
  /** which door serves the window */
  readonly door: 'electron' | 'browser';
  readonly modelsFolder: string;
  readonly dataFolder: string;
  /** what the app did, by code and size; no file names, no words of a chat */
  readonly logsFolder: string;
  /** something the store had to say at start: a broken database was set aside, … */
  readonly notices: readonly string[];
}

export interface AppService {
  info(argument: Record<string, never>): Promise<AppInfo>;
  /** For a bug report: versions, laptop, settings, errors; no file names, no words of a chat. */
  diagnostics(argument: Record<string, never>): Promise<string>;
}

export const appArguments = { info: z.strictObject({}), diagnostics: z.strictObject({}) };
