import type { Migration } from './migration.ts';

/** What the app that a model came from calls it: Ollama's files have no names. */
export const titlesOfModels: Migration = {
  version: 4,
  apply(connection) {
    connection.exec('ALTER TABLE models ADD COLUMN title TEXT');
  },
};
