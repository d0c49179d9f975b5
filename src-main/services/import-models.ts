import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { hasCode, toErrorData } from '../contract/errors.ts';
import type { ImportResult, ModelEntry } from '../contract/model.ts';
import { realPath } from '../files/paths.ts';
import { oncePerModel, partName } from '../gguf/part-names.ts';
import { addressRefusal } from '../models/hub-address.ts';
import { pastedPaths } from '../files/pasted-paths.ts';
import type { ModelRepository, ModelRow } from '../store/models.ts';
import { modelFilesBelow } from '../models/import/files-below.ts';
import type { ModelReader } from './model-reader.ts';

type Refused = ImportResult['refused'][number];

interface Parts {
  readonly models: ModelRepository;
  readonly reader: ModelReader;
  /** a row's entry, read if it was not yet */
  readonly entryOf: (row: ModelRow) => Promise<ModelEntry>;
}

interface Imported {
  readonly added: readonly ModelRow[];
  readonly known: readonly ModelRow[];
  readonly notes: readonly string[];
  readonly refused: readonly Refused[];
}

/** Takes files, and those of folders, into the library, each where it lies; vision files go to the models that they fit. */
export async function importModels(given: readonly string[], parts: Parts): Promise<Imported> {
  const { files, notes, refused } = await filesOf(given, parts.reader);
  const texts: string[] = [];
  const mmprojPaths: string[] = [];
  for (const path of files) {
    try {
      const kind = await parts.reader.kind({ path });
      (kind === 'vision' ? mmprojPaths : texts).push(path);
    } catch (error) {
      refused.push(refusalOf(path, error));
    }
  }
  const added: ModelRow[] = [];
  const known: ModelRow[] = [];
  const taken = new Set<string>();
  for (const path of texts) {
    const mmprojPath = await mmprojFor(path, mmprojPaths, parts.reader);
    if (mmprojPath !== undefined) taken.add(mmprojPath);
    const there = knownRow(path, parts.models);
    if (!there) added.push(parts.models.add({ path, ...(mmprojPath === undefined ? {} : { mmprojPath }) }));
    else {
      known.push(there);
      if (mmprojPath !== undefined && (await parts.entryOf(there)).mmproj === null)
        parts.models.setMmproj(there.id, mmprojPath);
    }
  }
  for (const path of mmprojPaths) {
    if (taken.has(path)) continue;
    // models that came with it have theirs, or a person has to choose
    const told = await offer(path, new Set([...added, ...known].map(({ id }) => id)), parts);
    // beside models, one more vision file that nothing needs is nothing to tell
    if (told.isTaken || texts.length === 0) notes.push(...told.notes);
    if (texts.length === 0) refused.push(...told.refused);
  }
  return { added, known, notes, refused };
}

function refusalOf(path: string, error: unknown): Refused {
  const { message, advice } = toErrorData(error);
  return { path, message, advice: advice ?? null };
}

/** The models' files that were given, and those in folders that were; of a split model the first part, whichever was given. */
async function filesOf(given: readonly string[], reader: ModelReader) {
  const files = new Set<string>();
  const notes: string[] = [];
  const refused: Refused[] = [];
  for (const text of given) {
    const address = addressRefusal(text);
    if (address) refused.push(refusalOf(text, address));
    for (const path of address ? [] : pathsIn(text)) {
      if (!(await isFolder(path))) {
        files.add(await firstFile(path, reader));
        continue;
      }
      const found = await modelFilesBelow(path);
      const models = oncePerModel(found.paths);
      for (const file of models) files.add(file);
      notes.push(folderNote(path, models.length, found.isPartial));
    }
  }
  return { files, notes, refused };
}

async function firstFile(path: string, reader: ModelReader): Promise<string> {
  if (!partName(path)) return path;
  const [first = path] = await reader.files({ path }).catch(() => [path]);
  return first;
}

function pathsIn(text: string): string[] {
  const paths = existsSync(text) ? [text] : pastedPaths(text);
  return paths.map((path) => resolve(path));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function folderNote(folder: string, count: number, isPartial: boolean): string {
  const found = count === 0 ? 'no GGUF files' : count === 1 ? 'one GGUF file' : `${count} GGUF files`;
  const rest = isPartial
    ? ' The folder holds more than Snug looks through: give it one further down for the rest.'
    : '';
  return `${found.charAt(0).toUpperCase()}${found.slice(1)} found in ${folder}.${rest}`;
}

/** The row of a file that the library has, by whatever path. */
function knownRow(path: string, models: ModelRepository): ModelRow | undefined {
  const real = realPath(path);
  return models.list().find((row) => row.path === path || realPath(row.path) === real);
}

/**
 * The vision file of a model that is added: the one given beside it, else the one in its folder, else the only one given elsewhere.
 * undefined where there is none, or where a person has to choose.
 */
async function mmprojFor(
  path: string,
  mmprojPaths: readonly string[],
  reader: ModelReader,
): Promise<string | undefined> {
  const fitting: string[] = [];
  for (const mmprojPath of mmprojPaths) {
    if (await reader.fits({ path, mmprojPath })) fitting.push(mmprojPath);
  }
  const beside = fitting.filter((mmprojPath) => dirname(mmprojPath) === dirname(path));
  if (beside.length === 1) return beside[0];
  try {
    const found = await reader.findMmproj({ path });
    return found ?? (fitting.length === 1 ? fitting[0] : undefined);
  } catch (error) {
    // several fit, or the one kept with the model cannot be read: the person chooses on the models page
    if (!hasCode(error, 'BAD_ARGUMENT', 'FILE')) throw error;
    return undefined;
  }
}

/** Gives a vision file to the models that lack one and that it fits; says what came of it. */
async function offer(
  mmprojPath: string,
  except: ReadonlySet<string>,
  { models, reader, entryOf }: Parts,
): Promise<{ isTaken: boolean; notes: readonly string[]; refused: readonly Refused[] }> {
  const name = basename(mmprojPath);
  const [taken, used, others]: [string[], string[], string[]] = [[], [], []];
  for (const row of models.list().filter(({ id }) => !except.has(id))) {
    const entry = await entryOf(row);
    if (entry.problem !== null) continue;
    if (entry.mmproj && realPath(entry.mmproj.path) === realPath(mmprojPath)) used.push(entry.name);
    else if (!(await reader.fits({ path: row.path, mmprojPath }))) continue;
    else if (entry.mmproj) others.push(entry.name);
    else {
      models.setMmproj(row.id, mmprojPath);
      taken.push(entry.name);
    }
  }
  const isTaken = taken.length > 0;
  if (isTaken)
    return { isTaken, notes: [`${name} is now the vision file of ${listed(taken)}.`], refused: [] };
  const note =
    used.length > 0
      ? `${name} is here already, as the vision file of ${listed(used)}.`
      : `${name} fits ${listed(others)}, which can see pictures already; it was not needed.`;
  if (used.length + others.length > 0) return { isTaken, notes: [note], refused: [] };
  const message = `${name} is a vision file (mmproj), and fits no model here`;
  const advice = 'Add its text model together with it.';
  return { isTaken, notes: [], refused: [{ path: mmprojPath, message, advice }] };
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}
