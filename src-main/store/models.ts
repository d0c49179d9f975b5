import { randomUUID } from 'node:crypto';
import type { Connection, Value } from './connection.ts';
import { badArgument, notFound } from './errors.ts';

/** A model file that the library knows. What the file holds is read from the file, never from here. */
export interface ModelRow {
  readonly id: string;
  readonly path: string;
  readonly mmprojPath: string | null;
  /** what the app that it came from calls it, where its file says less */
  readonly title: string | null;
  readonly addedAt: string;
  /** the model it was fitted from, while the library knows that one */
  readonly madeFrom: string | null;
  readonly builtIn: boolean;
  readonly removedAt: string | null;
  /** where its file lies since it was removed with it */
  readonly trashedPath: string | null;
}

export interface NewModel {
  readonly path: string;
  readonly mmprojPath?: string | null | undefined;
  readonly title?: string | null | undefined;
  readonly madeFrom?: string | null | undefined;
  readonly builtIn?: boolean | undefined;
}

type StoredModel = Omit<ModelRow, 'builtIn'> & { readonly builtIn: number };

const SELECT = `
  SELECT id, path, mmproj_path AS mmprojPath, title, added_at AS addedAt, made_from AS madeFrom, built_in AS builtIn,
    removed_at AS removedAt, trashed_path AS trashedPath
  FROM models`;

/** Where others name a model by its id. */
const REFERENCES = [
  'UPDATE models SET made_from = ? WHERE made_from = ?',
  'UPDATE conversations SET model_id = ? WHERE model_id = ?',
  'UPDATE messages SET model_id = ? WHERE model_id = ?',
  'UPDATE fit_jobs SET model_id = ? WHERE model_id = ?',
  'UPDATE fit_jobs SET output_id = ? WHERE output_id = ?',
  `UPDATE fit_jobs SET request = json_set(request, '$.modelId', ?) WHERE json_extract(request, '$.modelId') = ?`,
  'UPDATE downloads SET model_id = ? WHERE model_id = ?',
];

/** The model files of the library, in the order in which they came. */
export class ModelRepository {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds a file. One that was there before is the same model as then, brought back if it was removed. */
  add(model: NewModel): ModelRow {
    const id = randomUUID();
    this.#connection.run(
      // a fit takes an hour, and its source may have left the library meanwhile: then it is made from nothing known
      `INSERT INTO models (id, path, mmproj_path, title, added_at, made_from, built_in)
       VALUES (?, ?, ?, ?, ?, (SELECT id FROM models WHERE id = ?), ?)
       ON CONFLICT (path) DO UPDATE SET
         mmproj_path = coalesce(excluded.mmproj_path, mmproj_path), title = coalesce(excluded.title, title),
         made_from = coalesce(excluded.made_from, made_from),
         built_in = max(excluded.built_in, built_in), removed_at = NULL, trashed_path = NULL`,
      id,
      model.path,
      model.mmprojPath ?? null,
      model.title ?? null,
      new Date().toISOString(),
      model.madeFrom ?? null,
      model.builtIn ? 1 : 0,
    );
    return this.#one(`${SELECT} WHERE path = ?`, model.path);
  }

  /** A model, removed or not; throws NOT_FOUND when it is not known. */
  get(id: string): ModelRow {
    return this.#one(`${SELECT} WHERE id = ?`, id);
  }

  /** A model by its file, removed or not. */
  findByPath(path: string): ModelRow | undefined {
    const row = this.#connection.one<StoredModel>(`${SELECT} WHERE path = ?`, path);
    return row && asModel(row);
  }

  /** The library as the person sees it: without what was removed. */
  list(): ModelRow[] {
    return this.#connection
      .all<StoredModel>(`${SELECT} WHERE removed_at IS NULL ORDER BY number`)
      .map(asModel);
  }

  /** What was removed and can still be brought back. */
  removed(): ModelRow[] {
    return this.#connection
      .all<StoredModel>(`${SELECT} WHERE removed_at IS NOT NULL ORDER BY number`)
      .map(asModel);
  }

  setMmproj(id: string, mmprojPath: string | null): ModelRow {
    return this.#change(id, 'UPDATE models SET mmproj_path = ? WHERE id = ?', mmprojPath);
  }

  /** Follows a file that was moved; throws BAD_ARGUMENT when the library has another model there. */
  setPath(id: string, path: string): ModelRow {
    const there = this.findByPath(path);
    if (there && there.id !== id) throw badArgument(`another model of the library is at ${path}`);
    return this.#change(id, 'UPDATE models SET path = ? WHERE id = ?', path);
  }

  /** Makes two models one, of which everything else knows as `into` from then on; what is known of the other is forgotten. */
  merge(id: string, into: string): ModelRow {
    return this.#connection.transaction(() => {
      const { mmprojPath, title } = this.get(id);
      for (const sql of REFERENCES) this.#connection.run(sql, into, id);
      this.#change(into, 'UPDATE models SET mmproj_path = coalesce(mmproj_path, ?) WHERE id = ?', mmprojPath);
      this.#change(into, 'UPDATE models SET title = coalesce(title, ?) WHERE id = ?', title);
      // it was made from the one that it is the same as
      this.#connection.run('UPDATE models SET made_from = NULL WHERE id = ? AND made_from = id', into);
      this.forget(id);
      return this.get(into);
    });
  }

  /** Hides a model; `trashedPath` says where its file went, when it went with it. */
  remove(id: string, trashedPath: string | null = null): ModelRow {
    return this.#change(
      id,
      'UPDATE models SET removed_at = ?, trashed_path = coalesce(?, trashed_path) WHERE id = ?',
      new Date().toISOString(),
      trashedPath,
    );
  }

  restore(id: string): ModelRow {
    return this.#change(id, 'UPDATE models SET removed_at = NULL, trashed_path = NULL WHERE id = ?');
  }

  /** Deletes what is known of a model; its file is not touched. */
  forget(id: string): void {
    if (this.#connection.run('DELETE FROM models WHERE id = ?', id) === 0) throw noModel();
  }

  #change(id: string, sql: string, ...values: Value[]): ModelRow {
    this.#connection.run(sql, ...values, id);
    return this.get(id);
  }

  #one(sql: string, value: string): ModelRow {
    const row = this.#connection.one<StoredModel>(sql, value);
    if (!row) throw noModel();
    return asModel(row);
  }
}

function noModel() {
  return notFound('model in the library');
}

function asModel(row: StoredModel): ModelRow {
  return { ...row, builtIn: row.builtIn === 1 };
}
