import { existsSync, lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PictureView } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import { discard, writeFileAtomically } from '../files/durable-files.ts';
import { writeError } from '../files/write-error.ts';
import type { Connection } from './connection.ts';
import { hasSetAside } from './damage.ts';
import { badArgument, notFound, WRITING_STORE } from './errors.ts';

export interface NewPicture extends PictureView {
  readonly bytes: Uint8Array;
}

/** How long a picture that no message and no draft has may wait before it counts as given up. */
const UNSENT_MILLISECONDS = 60 * 60 * 1000;

const HASH = /^[0-9a-f]{64}$/;
/** What browsers call a picture that was copied as such, and not as a file. */
const CLIPBOARD_NAME = /^image\.(png|jpe?g|tiff?)$/i;

/** Pictures of conversations: a row each, and a file each in `pictures/`, named by the SHA-256 of its bytes. */
export class PictureRepository {
  readonly #connection: Connection;
  readonly #folder: string;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#folder = join(dirname(connection.path), 'pictures');
  }

  /** Keeps a picture; one that is there already is taken to be new again, under the better of its names. */
  add({ bytes, hash, name, width, height }: NewPicture): PictureView {
    // the hash becomes a file's name: nothing else may
    if (!HASH.test(hash)) throw badArgument(`"${hash}" is not the SHA-256 of a picture`);
    const path = join(this.#folder, hash);
    // first the file, then the row: a file without a row is swept, a row without a file would show nothing
    const kept = statsAt(path);
    if (!kept?.isFile() || kept.size !== bytes.length) this.#write(path, bytes);
    this.#connection.run(
      `INSERT INTO pictures (hash, name, width, height, bytes, created_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET name = excluded.name, created_at = excluded.created_at`,
      hash,
      this.#nameFor(hash, name),
      width,
      height,
      bytes.length,
      new Date().toISOString(),
    );
    return this.get(hash);
  }

  /** A clipboard gives no name of its own; one that waits to be sent keeps the name it came with. */
  #nameFor(hash: string, name: string): string {
    const known = this.#connection.one<{ name: string; sent: number }>(
      `SELECT name, hash IN (SELECT hash FROM message_pictures) AS sent FROM pictures WHERE hash = ?`,
      hash,
    );
    if (!known || CLIPBOARD_NAME.test(known.name)) return name;
    return known.sent === 0 || CLIPBOARD_NAME.test(name) ? known.name : name;
  }

  /** Throws NOT_FOUND when there is no such picture. */
  get(hash: string): PictureView {
    const picture = this.find(hash);
    if (!picture) throw notFound('picture');
    return picture;
  }

  find(hash: string): PictureView | undefined {
    return this.#connection.one<PictureView>(
      'SELECT hash, name, width, height FROM pictures WHERE hash = ?',
      hash,
    );
  }

  /** The file of a picture; throws NOT_FOUND when there is no such picture, FILE when something else lies in its place. */
  path(hash: string): string {
    const path = join(this.#folder, this.get(hash).hash);
    if (statsAt(path)?.isFile() !== false) return path;
    throw new SnugError('FILE', `the picture ${path} is no file any more`, {
      advice: 'Remove what is there and add the picture again.',
    });
  }

  /**
   * Deletes pictures that no message and no draft has and that have waited for an hour, and files that no row knows. Those stay while a
   * database that was set aside lies here: it may know them. Returns the bytes freed.
   */
  sweep(): number {
    const waitedSince = new Date(Date.now() - UNSENT_MILLISECONDS).toISOString();
    const unused = this.#connection.all<{ hash: string }>(
      `DELETE FROM pictures WHERE created_at < ? AND hash NOT IN (
         SELECT hash FROM message_pictures
         UNION SELECT value FROM drafts, json_each(drafts.content, '$.pictures')
         UNION SELECT value FROM drafts, json_each(drafts.content, '$.edit.pictures')
       )
       RETURNING hash`,
      waitedSince,
    );
    const doomed = new Set(unused.map(({ hash }) => hash));
    if (!hasSetAside(this.#connection.path)) for (const name of this.#strays()) doomed.add(name);
    return [...doomed].reduce((freed, name) => freed + this.#delete(join(this.#folder, name)), 0);
  }

  #strays(): string[] {
    if (!existsSync(this.#folder)) return [];
    const rows = this.#connection.all<{ hash: string }>('SELECT hash FROM pictures');
    const known = new Set(rows.map(({ hash }) => hash));
    return readdirSync(this.#folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !known.has(entry.name))
      .map(({ name }) => name);
  }

  #write(path: string, bytes: Uint8Array): void {
    try {
      writeFileAtomically(path, bytes);
    } catch (error) {
      throw writeError(error, path, WRITING_STORE);
    }
  }

  /** Deletes a file and returns its size; 0 for one that cannot go yet (Windows, while it is shown): the next sweep takes it. */
  #delete(path: string): number {
    const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    discard(path);
    return existsSync(path) ? 0 : bytes;
  }
}

/** Of what lies there itself, not of what a link leads to. */
function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // nothing there, or nothing that can be looked at: whoever opens it says why
    return undefined;
  }
}
