import type { Download, DownloadedFile, ShownLicence } from '../contract/downloads.ts';
import type { Connection } from './connection.ts';
import { notFound } from './errors.ts';
import { fromJson, toJson } from './json.ts';

/** A download as it is kept: how fast it is counts only while it runs. */
export interface StoredDownload extends Omit<
  Download,
  'bytes' | 'doneBytes' | 'bytesPerSecond' | 'secondsLeft'
> {
  /** what the person was told that all of it has; null where nothing was said */
  readonly expectedBytes: number | null;
  /** where its files go; null until the hub was asked */
  readonly folder: string | null;
}

type JsonField = 'licence' | 'files' | 'error';
type DownloadRow = Omit<StoredDownload, JsonField> & {
  readonly licence: string | null;
  readonly files: string;
  readonly error: string | null;
};

const SELECT = `
  SELECT id, name, repository, revision, commit_id AS "commit", licence, expected_bytes AS expectedBytes, folder, files, state,
    error, model_id AS modelId, started_at AS startedAt, ended_at AS endedAt
  FROM downloads`;

/** Downloads as they are kept over restarts. */
export class DownloadRepository {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Stores a download as it is now, in place of what was stored of it. */
  save(download: StoredDownload): void {
    this.#connection.run(
      `INSERT INTO downloads (id, name, repository, revision, commit_id, licence, expected_bytes, folder, files, state, error,
         model_id, started_at, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET commit_id = excluded.commit_id, folder = excluded.folder, files = excluded.files,
         state = excluded.state, error = excluded.error, model_id = excluded.model_id, ended_at = excluded.ended_at`,
      download.id,
      download.name,
      download.repository,
      download.revision,
      download.commit,
      toJson(download.licence),
      download.expectedBytes,
      download.folder,
      JSON.stringify(download.files),
      download.state,
      toJson(download.error),
      download.modelId,
      download.startedAt,
      download.endedAt,
    );
  }

  /** in the order they were started */
  list(): StoredDownload[] {
    return this.#connection.all<DownloadRow>(`${SELECT} ORDER BY number`).map(asStored);
  }

  /** Throws NOT_FOUND when there is no such download. */
  get(id: string): StoredDownload {
    const row = this.#connection.one<DownloadRow>(`${SELECT} WHERE id = ?`, id);
    if (!row) throw notFound('download');
    return asStored(row);
  }

  remove(id: string): void {
    this.#connection.run('DELETE FROM downloads WHERE id = ?', id);
  }
}

function asStored(row: DownloadRow): StoredDownload {
  return {
    ...row,
    licence: fromJson<ShownLicence>(row.licence),
    files: JSON.parse(row.files) as readonly DownloadedFile[],
    error: fromJson<NonNullable<Download['error']>>(row.error),
  };
}
