import { basename } from 'node:path';
import { toErrorData } from '../contract/errors.ts';
import type { Description, LibraryService } from '../contract/model.ts';
import type { ModelSource } from '../contract/model-source.ts';
import { forkWorker } from '../engine/fork-worker.ts';
import { RunningWorkers } from '../engine/running-workers.ts';
import { readSidecar } from '../models/sidecar.ts';
import { openStore } from '../store/database.ts';
import { lookIntoStore } from '../store/look.ts';
import { ModelFiles } from '../store/model-files.ts';
import type { ModelRow } from '../store/models.ts';
import { Activity } from './activity.ts';
import { WorkingParts } from './closing.ts';
import { EventBus } from './event-bus.ts';
import { ModelReader } from './model-reader.ts';
import { openModels } from './parts.ts';
import { StoredSettings } from './settings.ts';

/** A model of the library as a terminal lists it. */
export interface ListedModel extends Pick<Description, 'name' | 'kind' | 'bytes'> {
  readonly id: string;
  readonly path: string;
  readonly builtIn: boolean;
  /** where it was downloaded from */
  readonly source: ModelSource | null;
  /** why it cannot be used */
  readonly problem: string | null;
}

/** The library's models, whoever has it open. */
export async function listModels(home: string): Promise<readonly ListedModel[]> {
  using look = lookIntoStore(home);
  if (!look) return [];
  await using reader = new ModelReader();
  const rows = look.models.list();
  // the reader ends once all are read
  return await Promise.all(rows.map((row) => listedModel(row, reader)));
}

async function listedModel(row: ModelRow, reader: ModelReader): Promise<ListedModel> {
  const { id, path, builtIn } = row;
  const source = sourceOf(path);
  try {
    const { description } = await reader.describe({ path, mmprojPath: row.mmprojPath });
    const { name, kind, bytes, problem } = description;
    return { id, path, builtIn, source, name, kind, bytes, problem };
  } catch (error) {
    const problem = toErrorData(error).message;
    return { id, path, builtIn, source, name: basename(path), kind: 'quantized', bytes: 0, problem };
  }
}

function sourceOf(path: string): ModelSource | null {
  try {
    return readSidecar(path).source ?? null;
  } catch {
    return null;
  }
}

export interface OpenLibrary extends AsyncDisposable {
  readonly library: LibraryService;
  readonly events: EventBus;
}

/**
 * The library to work with, while no window has it open.
 * @throws SnugError BUSY while one has
 */
export async function openLibrary(home: string): Promise<OpenLibrary> {
  await using opening = new AsyncDisposableStack();
  const store = opening.use(openStore(home));
  const files = opening.use(ModelFiles.open(home));
  const events = new EventBus();
  const workers = new RunningWorkers(forkWorker);
  const working = opening.use(new WorkingParts(workers));
  const { start } = workers;
  const settings = new StoredSettings(store.settings, events);
  const activity = new Activity(events);
  const ground = { home, store, files, events, settings, activity, working, start };
  const { library, folder } = openModels(ground, undefined);
  folder.prepare();
  const opened = opening.move();
  return { library, events, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
