import type { Migration } from './migration.ts';

// The bytes that are here of a file are counted on disk; what the table says of them is shown until that was done.
const DOWNLOADS = `
  CREATE TABLE downloads (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    repository TEXT NOT NULL,
    revision TEXT NOT NULL,
    commit_id TEXT,
    licence TEXT CHECK (json_valid(licence)),
    expected_bytes INTEGER,
    folder TEXT,
    files TEXT NOT NULL CHECK (json_valid(files)),
    state TEXT NOT NULL CHECK (state IN ('queued', 'downloading', 'waiting', 'paused', 'verifying', 'done', 'failed')),
    error TEXT CHECK (json_valid(error)),
    model_id TEXT,
    started_at TEXT NOT NULL,
    ended_at TEXT
  ) STRICT;
`;

/** Models on their way from a hub. */
export const downloads: Migration = {
  version: 3,
  apply(connection) {
    connection.exec(DOWNLOADS);
  },
};
