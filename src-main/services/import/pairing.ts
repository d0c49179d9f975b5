import { basename, dirname } from 'node:path';
import { hasCode } from '../../contract/errors.ts';
import type { ModelEntry } from '../../contract/model.ts';
import { realPath } from '../../files/paths.ts';
import type { ModelRepository, ModelRow } from '../../store/models.ts';
import type { ModelReader } from '../model-reader.ts';
import type { Refused } from './given-files.ts';

/**
 * The vision file of a model that is added: the one that its app keeps with it or that was given beside it, else the one in its folder,
 * else the only one given elsewhere; each only where it fits. undefined where there is none, or where a person has to choose.
 */
export async function mmprojFor(
  path: string,
  { kept, given }: { kept: string | undefined; given: readonly string[] },
  reader: ModelReader,
): Promise<string | undefined> {
  if (kept !== undefined && (await reader.fits({ path, mmprojPath: kept }))) return kept;
  const fitting: string[] = [];
  for (const mmprojPath of given) {
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

interface Parts {
  readonly models: ModelRepository;
  readonly reader: ModelReader;
  /** a row's entry, read if it was not yet */
  readonly entryOf: (row: ModelRow) => Promise<ModelEntry>;
}

/** Gives a vision file to the models that lack one and that it fits; says what came of it. */
export async function offer(
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
