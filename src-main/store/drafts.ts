import type { DraftContent } from '../contract/draft.ts';
import type { Connection } from './connection.ts';

export interface StoredDraft {
  readonly revision: number;
  /** pictures by their hashes */
  readonly content: DraftContent<string>;
}

const EMPTY: StoredDraft = { revision: 0, content: { text: '', pictures: [], edit: null } };

/** Questions being written, one a place; a picture of one is kept like a message's. */
export class DraftRepository {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get(place: string): StoredDraft {
    const row = this.#connection.one<{ revision: number; content: string }>(
      'SELECT revision, content FROM drafts WHERE place = ?',
      place,
    );
    if (!row) return EMPTY;
    return { revision: row.revision, content: JSON.parse(row.content) as DraftContent<string> };
  }

  /** Keeps it as the next revision, if `after` is the present one; whether it was. */
  keep(place: string, after: number, content: DraftContent<string>): boolean {
    return this.#connection.transaction(() => {
      if (this.get(place).revision !== after) return false;
      this.#connection.run(
        `INSERT INTO drafts (place, revision, content) VALUES (?, ?, ?)
         ON CONFLICT (place) DO UPDATE SET revision = excluded.revision, content = excluded.content`,
        place,
        after + 1,
        JSON.stringify(content),
      );
      return true;
    });
  }

  /** Forgets drafts in conversations that are gone for good; returns how many. */
  purge(others: readonly string[]): number {
    return this.#connection.run(
      `DELETE FROM drafts WHERE place NOT IN (SELECT id FROM conversations)
         AND place NOT IN (SELECT value FROM json_each(?))`,
      JSON.stringify(others),
    );
  }
}
