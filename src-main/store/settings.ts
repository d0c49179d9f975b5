import {
  DEFAULT_SETTINGS,
  settingsSchema,
  type Settings,
  type SettingsChange,
} from '../contract/settings.ts';
import type { Connection } from './connection.ts';

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
        if (value === undefined) continue;
        this.#connection.run(
          'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
          key,
          JSON.stringify(value),
        );
      }
    });
    return this.get();
  }

  reset(): Settings {
    this.#connection.run('DELETE FROM settings');
    return this.get();
  }
}
