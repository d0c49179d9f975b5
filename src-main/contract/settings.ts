import { z } from 'zod';

export const settingsSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  /** null: as many as the laptop has fast cores */
  threads: z.int().positive().max(1024).nullable(),
  /** layers of a chat's model that go to a graphics processor, where there is one; null or 0: none */
  gpuLayers: z.int().min(0).max(1000).nullable(),
  /** context of new conversations and fits */
  contextTokens: z.int().min(256).max(1_048_576),
  systemPrompt: z.string().max(20_000),
  temperature: z.number().min(0).max(2),
  /** longest answer */
  maxTokens: z.int().min(1).max(65_536),
});
export type Settings = z.infer<typeof settingsSchema>;
const changeSchema = settingsSchema.partial();
export type SettingsChange = z.infer<typeof changeSchema>;

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  threads: null,
  gpuLayers: null,
  contextTokens: 4096,
  systemPrompt: '',
  temperature: 0.2,
  maxTokens: 1024,
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
