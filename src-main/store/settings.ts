import { z } from 'zod';
import {
  DEFAULT_SETTINGS,
  settingsSchema,
  type Settings,
  type SettingsChange,
} from '../contract/settings.ts';
import type { Connection } from './connection.ts';

/** not one of the choices of the settings page, but kept beside them */
const MODELS_FOLDER = 'modelsFolder';

/** What the person chose. Only what differs from the defaults by choice is stored, a row a setting. */
export class SettingsRepository {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The stored settings; where one is missing, or no longer something that may be chosen, its default. */
  get(): Settings {
    const rows = this.#connection.all<{ key: string; value: string }>('SELECT key, value FROM settings');
    const stored = new Map(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown]));
    const valid = Object.entries(settingsSchema.shape).flatMap(([key, schema]) => {
      const parsed = schema.safeParse(stored.get(key));
      return stored.has(key) && parsed.success ? [[key, parsed.data] as const] : [];
    });
    return { ...DEFAULT_SETTINGS, ...Object.fromEntries(valid) };
  }

  set(change: SettingsChange): Settings {
    this.#connection.transaction(() => {
      for (const [key, value] of Object.entries(change)) {
        if (value !== undefined) this.#put(key, value);
      }
    });
    return this.get();
  }

  reset(): Settings {
    this.#connection.run('DELETE FROM settings WHERE key <> ?', MODELS_FOLDER);
    return this.get();
  }

  /** The folder that models were moved to; null: the one in Snug's own. It is changed by a move alone, so a reset keeps it. */
  get modelsFolder(): string | null {
    const row = this.#connection.one<{ value: string }>(
      'SELECT value FROM settings WHERE key = ?',
      MODELS_FOLDER,
    );
    const parsed = z
      .string()
      .min(1)
      .nullable()
      .safeParse(JSON.parse(row?.value ?? 'null'));
    return parsed.success ? parsed.data : null;
  }

  setModelsFolder(folder: string | null): void {
    this.#put(MODELS_FOLDER, folder);
  }

  #put(key: string, value: unknown): void {
    this.#connection.run(
      'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      key,
      JSON.stringify(value),
    );
  }
}
