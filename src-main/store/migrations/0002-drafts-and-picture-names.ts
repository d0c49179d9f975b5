import type { Migration } from './migration.ts';

// A question being written, by the place it is written in: a conversation, or the side-by-side view. Its pictures are hashes; those whose
// rows are gone are left out when it is read.
const DRAFTS = `
  CREATE TABLE drafts (
    place TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    content TEXT NOT NULL CHECK (json_valid(content))
  ) STRICT, WITHOUT ROWID;
`;

// The index of names points at rows by their number, which the table did not have.
const PICTURE_NAMES = `
  CREATE TABLE sent_pictures (
    number INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    hash TEXT NOT NULL REFERENCES pictures (hash),
    name TEXT NOT NULL,
    UNIQUE (message_id, position)
  ) STRICT;
  INSERT INTO sent_pictures (message_id, position, hash, name)
    SELECT message_id, position, hash, name FROM message_pictures;
  DROP TABLE message_pictures;
  ALTER TABLE sent_pictures RENAME TO message_pictures;
  CREATE INDEX message_pictures_by_hash ON message_pictures (hash);

  CREATE VIRTUAL TABLE picture_names_index USING fts5 (
    name, content = 'message_pictures', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2'
  );
  INSERT INTO picture_names_index (picture_names_index) VALUES ('rebuild');
  CREATE TRIGGER picture_names_inserted AFTER INSERT ON message_pictures BEGIN
    INSERT INTO picture_names_index (rowid, name) VALUES (new.number, new.name);
  END;
  CREATE TRIGGER picture_names_deleted AFTER DELETE ON message_pictures BEGIN
    INSERT INTO picture_names_index (picture_names_index, rowid, name) VALUES ('delete', old.number, old.name);
  END;
`;

/** Drafts, and a search index of the names of pictures. */
export const draftsAndPictureNames: Migration = {
  version: 2,
  apply(connection) {
    connection.exec(DRAFTS);
    connection.exec(PICTURE_NAMES);
  },
};
