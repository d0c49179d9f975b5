import { z } from 'zod';
import { KERNELS } from './kernels.ts';
import { DEFAULT_HUB, hubAddressSchema } from './hub-setting.ts';
import {
  DEFAULT_CONTEXT_TOKENS,
  LEAST_CONTEXT_TOKENS,
  MOST_ANSWER_TOKENS,
  MOST_CONTEXT_TOKENS,
} from './token-limits.ts';

export const MOST_THREADS = 1024;
export const MOST_GPU_LAYERS = 1000;
export const MOST_TEMPERATURE = 2;
export const MOST_PROMPT_LETTERS = 20_000;
/** Slower than this a hub takes a connection for one that has died. */
export const LEAST_DOWNLOAD_SPEED = 64 * 2 ** 10;

export const settingsSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  /** null: as many as the laptop has fast cores */
  threads: z.int().positive().max(MOST_THREADS).nullable(),
  /** layers of a chat's model that go to a graphics processor, where there is one; null or 0: none */
  gpuLayers: z.int().min(0).max(MOST_GPU_LAYERS).nullable(),
  /** what models that are loaded from now on compute with */
  kernels: z.enum(KERNELS),
  /** context of new conversations and fits */
  contextTokens: z.int().min(LEAST_CONTEXT_TOKENS).max(MOST_CONTEXT_TOKENS),
  systemPrompt: z.string().max(MOST_PROMPT_LETTERS),
  temperature: z.number().min(0).max(MOST_TEMPERATURE),
  /** longest answer */
  maxTokens: z.int().min(1).max(MOST_ANSWER_TOKENS),
  /** where models are downloaded from: Hugging Face, or a mirror of it */
  hubAddress: hubAddressSchema,
  /** what downloads take of the connection at most; null: all there is */
  downloadBytesPerSecond: z.int().min(LEAST_DOWNLOAD_SPEED).nullable(),
});
export type Settings = z.infer<typeof settingsSchema>;
const changeSchema = settingsSchema.partial();
export type SettingsChange = z.infer<typeof changeSchema>;

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  threads: null,
  gpuLayers: null,
  kernels: 'auto',
  contextTokens: DEFAULT_CONTEXT_TOKENS,
  systemPrompt: '',
  temperature: 0.2,
  maxTokens: 1024,
  hubAddress: DEFAULT_HUB,
  downloadBytesPerSecond: null,
};

export interface SettingsService {
  get(argument: Record<string, never>): Promise<Settings>;
  set(argument: SettingsChange): Promise<Settings>;
  reset(argument: Record<string, never>): Promise<Settings>;
}

export const settingsArguments = {
  get: z.strictObject({}),
  set: changeSchema,
  reset: z.strictObject({}),
};
