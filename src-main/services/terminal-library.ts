import { basename } from 'node:path';
import type { ForeignModels } from '../contract/elsewhere.ts';
import { SnugError, toErrorData } from '../contract/errors.ts';
import type { Description, LibraryService } from '../contract/model.ts';
import type { ModelSource } from '../contract/model-source.ts';
import type { Verification } from '../contract/verification.ts';
import { forkWorker } from '../engine/fork-worker.ts';
import { RunningWorkers } from '../engine/running-workers.ts';
import { pathsOfParts } from '../gguf/part-names.ts';
import { thisMachine } from '../models/import/machine.ts';
import { readSidecar } from '../models/sidecar.ts';
import { openStore, type Store } from '../store/database.ts';
import { lookIntoStore } from '../store/look.ts';
import { ModelFiles } from '../store/model-files.ts';
import type { ModelRow } from '../store/models.ts';
import { Activity } from './activity.ts';
import { WorkingParts } from './closing.ts';
import { WholeFileHasher, type HashRun } from './hashing/whole-files.ts';
import { EventBus } from './event-bus.ts';
import { findElsewhere } from './import/elsewhere.ts';
import { ModelReader } from './model-reader.ts';
import { openModels } from './parts.ts';
import { StoredSettings } from './settings.ts';
import { verifyFiles } from './verify-files.ts';

/** A model of the library as a terminal lists it. */
export interface ListedModel extends Pick<Description, 'name' | 'kind' | 'bytes'> {
  readonly id: string;
  readonly path: string;
  /** all of its own, and its vision file */
  readonly files: readonly string[];
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
    const { description, files: own } = await reader.describe({ path, mmprojPath: row.mmprojPath });
    const { name, kind, bytes, problem, mmproj } = description;
    const files = mmproj ? [...own, mmproj.path] : own;
    return { id, path, files, builtIn, source, name, kind, bytes, problem };
  } catch (error) {
    const problem = toErrorData(error).message;
    const files = [...pathsOfParts(path), ...(row.mmprojPath === null ? [] : [row.mmprojPath])];
    return { id, path, files, builtIn, source, name: basename(path), kind: 'quantized', bytes: 0, problem };
  }
}

/** Reads all files of a listed model and compares them with what they held, whoever has the library open. */
export async function verifyModel(
  { files, source }: Pick<ListedModel, 'files' | 'source'>,
  home: string,
  run: HashRun,
): Promise<Verification> {
  return await verifyFiles({ paths: files, source: source ?? undefined }, new WholeFileHasher(home), run);
}

/** The models of other apps, whoever has the library open. */
export async function listElsewhere(home: string): Promise<readonly ForeignModels[]> {
  const entries = knownEntries(home);
  await using reader = new ModelReader();
  return await findElsewhere({ machine: thisMachine(), reader, entries: () => entries });
}

function knownEntries(home: string) {
  using look = lookIntoStore(home);
  if (!look) return [];
  using files = ModelFiles.open(home);
  return look.models.list().map(({ id, path }) => {
    const sha256 = files.known(path);
    return { id, path, alsoAt: sha256 === undefined ? [] : files.places(sha256) };
  });
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
 * The library to change, while no window has it open.
 * @throws SnugError BUSY while one has
 */
export async function openLibrary(home: string): Promise<OpenLibrary> {
  await using opening = new AsyncDisposableStack();
  const store = opening.use(openToChange(home));
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

function openToChange(home: string): Store {
  try {
    return openStore(home);
  } catch (error) {
    if (!(error instanceof SnugError && error.code === 'BUSY')) throw error;
    throw new SnugError('BUSY', error.message, {
      advice: 'Change the library there, on its page of models; or close that Snug and try again.',
      cause: error,
    });
  }
}
