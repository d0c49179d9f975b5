import {
  FOREIGN_APPS,
  type ForeignAppId,
  type ForeignModel,
  type ForeignModels,
} from '../../contract/elsewhere.ts';
import { isCancelled, toErrorData } from '../../contract/errors.ts';
import type { ModelEntry } from '../../contract/model.ts';
import { isInside, realPath } from '../../files/paths.ts';
import { APP_STORES } from '../../models/import/app-stores.ts';
import type { Machine } from '../../models/import/machine.ts';
import { oncePerModel, pathsOfParts } from '../../gguf/part-names.ts';
import type { FoundModel } from '../../models/import/store.ts';
import { visibleLine } from '../../text/visible-text.ts';
import type { ModelReader } from '../model-reader.ts';

/** Enough for the headers of some hundred models; a disk that is slower than that is not waited for. */
const LIMIT_MILLISECONDS = 30_000;
const LONGEST_NAME = 200;
const LONGEST_PROBLEM = 500;

interface Parts {
  readonly machine: Machine;
  readonly reader: ModelReader;
  readonly entries: () => readonly Pick<ModelEntry, 'id' | 'path' | 'alsoAt'>[];
  readonly signal?: AbortSignal | undefined;
}

/** The models of other apps on this machine, app by app; those that have no folder here are left out. */
export async function findElsewhere(parts: Parts): Promise<readonly ForeignModels[]> {
  const limit = AbortSignal.timeout(LIMIT_MILLISECONDS);
  const signal = parts.signal ? AbortSignal.any([parts.signal, limit]) : limit;
  const known = await knownPlaces(parts);
  const found: ForeignModels[] = [];
  for (const app of Object.keys(FOREIGN_APPS) as ForeignAppId[]) {
    const one = await modelsOf(app, { ...parts, signal }, known);
    if (one) found.push(one);
  }
  return found;
}

/** Which entry lies at which place, without links. */
async function knownPlaces({ machine, entries }: Parts): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  for (const { id, path, alsoAt } of entries()) {
    for (const place of [path, ...alsoAt]) {
      const real = await machine.realPath(place);
      if (real !== undefined) known.set(real, id);
    }
  }
  return known;
}

async function modelsOf(
  app: ForeignAppId,
  parts: Parts & { readonly signal: AbortSignal },
  known: ReadonlyMap<string, string>,
): Promise<ForeignModels | undefined> {
  const { machine, signal } = parts;
  const store = APP_STORES[app];
  const folders: string[] = [];
  const models: ForeignModel[] = [];
  let isPartial = false;
  for (const folder of store.folders(machine)) {
    if ((await machine.look(folder))?.kind !== 'folder') continue;
    folders.push(folder);
    const found = await store.find(machine, folder, signal);
    isPartial ||= found.isPartial;
    for (const model of withoutParts(found.models)) {
      isPartial ||= signal.aborted;
      if (signal.aborted || models.some(({ path }) => path === model.path)) continue;
      const read = await readModel(model, parts, known);
      if (read) models.push(read);
    }
  }
  return folders.length === 0 ? undefined : { app, folders, models, isPartial };
}

/** Of a model that is split one part, the first that is here. */
function withoutParts(models: readonly FoundModel[]): FoundModel[] {
  const once = new Set(oncePerModel(models.map(({ path }) => path)));
  return models.filter(({ path }) => once.has(path));
}

/** undefined for a vision file: it is told with its model. */
async function readModel(
  found: FoundModel,
  { machine, reader }: Parts,
  known: ReadonlyMap<string, string>,
): Promise<ForeignModel | undefined> {
  const { path, visionPath } = found;
  const name = visibleLine(found.name ?? machine.path.basename(path), LONGEST_NAME);
  const knownAs = known.get((await machine.realPath(path)) ?? path) ?? null;
  const told = { path, name, knownAs, bytes: await bytesOf(pathsOfParts(path), machine) };
  const unusable = (problem: string) => ({ ...told, visionPath: null, kind: null, problem });
  if (found.problem !== undefined) return unusable(found.problem);
  try {
    if ((await reader.kind({ path })) === 'vision') return undefined;
    const isKept = visionPath !== undefined && (await reader.fits({ path, mmprojPath: visionPath }));
    const { description } = await reader.describe({ path, mmprojPath: isKept ? visionPath : null });
    const { kind, mmproj } = description;
    return {
      ...told,
      kind,
      visionPath: mmproj?.path ?? null,
      bytes: told.bytes + (mmproj?.bytes ?? 0),
      problem: null,
    };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return unusable(visibleLine(toErrorData(error).message.replaceAll(path, 'it'), LONGEST_PROBLEM));
  }
}

async function bytesOf(paths: readonly string[], machine: Machine): Promise<number> {
  let sum = 0;
  for (const path of paths) sum += (await machine.look(path))?.bytes ?? 0;
  return sum;
}

/** Where other apps keep models, as they say it now. */
export function foreignFolders(machine: Machine): ReadonlyMap<string, ForeignAppId> {
  const folders = (Object.keys(FOREIGN_APPS) as ForeignAppId[]).flatMap((app) =>
    APP_STORES[app]
      .folders(machine)
      .flatMap((folder) => [[folder, app] as const, [realPath(folder), app] as const]),
  );
  return new Map(folders);
}

/** The app in whose folder a file lies. */
export function keeperOf(path: string, folders: ReadonlyMap<string, ForeignAppId>): ForeignAppId | null {
  for (const [folder, app] of folders) if (isInside(folder, path)) return app;
  return null;
}
