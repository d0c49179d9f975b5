import type { Migration } from './migration.ts';

// Rows that the search indexes point at have a number of their own: VACUUM may renumber rows without one.

const CONVERSATIONS = `
  CREATE TABLE conversations (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    model_id TEXT,
    options TEXT NOT NULL CHECK (json_valid(options)),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    removed_at TEXT
  ) STRICT;

  CREATE TABLE messages (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'streaming', 'stopped', 'length', 'cut', 'failed')),
    error TEXT CHECK (json_valid(error)),
    model_id TEXT,
    model_name TEXT,
    statistics TEXT CHECK (json_valid(statistics)),
    notes TEXT NOT NULL CHECK (json_valid(notes)),
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX messages_of_conversation ON messages (conversation_id, number);
  CREATE INDEX messages_streaming ON messages (number) WHERE state = 'streaming';

  CREATE TABLE pictures (
    hash TEXT PRIMARY KEY CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    name TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- the name is the one it had when it was sent: the same picture may come again under another
  CREATE TABLE message_pictures (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    hash TEXT NOT NULL REFERENCES pictures (hash),
    name TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX message_pictures_by_hash ON message_pictures (hash);
`;

// An answer enters the index once it is finished: indexing it anew at each token would cost more than the token.
const SEARCH = `
  CREATE VIEW finished_messages AS SELECT number, text FROM messages WHERE state <> 'streaming';
  CREATE VIRTUAL TABLE messages_index USING fts5 (
    text, content = 'finished_messages', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE TRIGGER messages_inserted AFTER INSERT ON messages WHEN new.state <> 'streaming' BEGIN
    INSERT INTO messages_index (rowid, text) VALUES (new.number, new.text);
  END;
  CREATE TRIGGER messages_deleted AFTER DELETE ON messages WHEN old.state <> 'streaming' BEGIN
    INSERT INTO messages_index (messages_index, rowid, text) VALUES ('delete', old.number, old.text);
  END;
  CREATE TRIGGER messages_changed AFTER UPDATE OF text, state ON messages
  WHEN old.state <> 'streaming' OR new.state <> 'streaming' BEGIN
    INSERT INTO messages_index (messages_index, rowid, text)
      SELECT 'delete', old.number, old.text WHERE old.state <> 'streaming';
    INSERT INTO messages_index (rowid, text)
      SELECT new.number, new.text WHERE new.state <> 'streaming';
  END;

  CREATE VIRTUAL TABLE titles_index USING fts5 (
    title, content = 'conversations', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE TRIGGER titles_inserted AFTER INSERT ON conversations BEGIN
    INSERT INTO titles_index (rowid, title) VALUES (new.number, new.title);
  END;
  CREATE TRIGGER titles_deleted AFTER DELETE ON conversations BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.number, old.title);
  END;
  CREATE TRIGGER titles_changed AFTER UPDATE OF title ON conversations BEGIN
    INSERT INTO titles_index (titles_index, rowid, title) VALUES ('delete', old.number, old.title);
    INSERT INTO titles_index (rowid, title) VALUES (new.number, new.title);
  END;
`;

const MODELS_AND_FITS = `
  CREATE TABLE models (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL UNIQUE,
    mmproj_path TEXT,
    added_at TEXT NOT NULL,
    made_from TEXT REFERENCES models (id) ON DELETE SET NULL,
    built_in INTEGER NOT NULL CHECK (built_in IN (0, 1)),
    removed_at TEXT,
    trashed_path TEXT
  ) STRICT;
  CREATE INDEX models_made_from ON models (made_from);

  CREATE TABLE fit_jobs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    model_id TEXT NOT NULL,
    model_name TEXT NOT NULL,
    budget_bytes INTEGER NOT NULL,
    context_tokens INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'cancelled', 'failed', 'done')),
    progress TEXT CHECK (json_valid(progress)),
    share REAL NOT NULL,
    seconds_left REAL,
    entropies TEXT NOT NULL CHECK (json_valid(entropies)),
    low_layers INTEGER,
    error TEXT CHECK (json_valid(error)),
    report TEXT CHECK (json_valid(report)),
    output_id TEXT,
    request TEXT NOT NULL CHECK (json_valid(request)),
    started_at TEXT NOT NULL,
    ended_at TEXT
  ) STRICT;

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL CHECK (json_valid(value))
  ) STRICT, WITHOUT ROWID;
`;

/** Conversations with their pictures and search, the library, fits and settings. */
export const first: Migration = {
  version: 1,
  apply(connection) {
    connection.exec(CONVERSATIONS);
    connection.exec(SEARCH);
    connection.exec(MODELS_AND_FITS);
  },
};
