import { basename } from 'node:path';
import type { ModelEntry } from '../../contract/model.ts';
import { realPath } from '../../files/paths.ts';
import { notedBy } from '../../models/import/app-stores.ts';
import type { FoundModel } from '../../models/import/store.ts';
import type { ModelRepository, ModelRow } from '../../store/models.ts';
import type { ModelReader } from '../model-reader.ts';
import { filesOf, refusalOf, type Refused } from './given-files.ts';
import { mmprojFor, offer } from './pairing.ts';
import type { SameContent } from './same-content.ts';

/** A text model that is about to be added, with the vision file that it goes with. */
export interface NewPair {
  readonly path: string;
  readonly mmprojPath: string | undefined;
  /** what the app in whose folder it lies calls it */
  readonly title: string | undefined;
}

interface Parts {
  readonly models: ModelRepository;
  readonly reader: ModelReader;
  readonly same: Pick<SameContent, 'as'>;
  /** a row's entry, read if it was not yet */
  readonly entryOf: (row: ModelRow) => Promise<ModelEntry>;
  /** Brings models to where they are to lie, and adds each; tells those that could not be brought. */
  readonly place: (pairs: readonly NewPair[]) => Promise<{
    readonly added: readonly ModelRow[];
    readonly refused: readonly Refused[];
  }>;
}

interface Imported {
  readonly added: readonly ModelRow[];
  readonly known: readonly ModelRow[];
  readonly notes: readonly string[];
  readonly refused: readonly Refused[];
}

/** Takes files, and those of folders, into the library; vision files go to the models that they fit. */
export async function importModels(given: readonly string[], parts: Parts): Promise<Imported> {
  const { files, ...told } = await filesOf(given, parts.reader);
  const [notes, refused] = [[...told.notes], [...told.refused]];
  const { texts, mmprojPaths } = await sorted(files, parts.reader, refused);
  const known: ModelRow[] = [];
  const pairs: NewPair[] = [];
  const taken = new Set<string>();
  for (const path of texts) {
    const noted = await notedBy(path);
    const mmprojPath = await mmprojFor(path, { kept: noted?.visionPath, given: mmprojPaths }, parts.reader);
    if (mmprojPath !== undefined) taken.add(mmprojPath);
    const there = knownRow(path, parts.models);
    const same = there ? undefined : await parts.same.as(path);
    if (same) notes.push(await sameNote(path, same, parts));
    const row = there ?? same;
    if (!row) pairs.push({ path, mmprojPath, title: titleOf(path, noted) });
    else {
      known.push(row);
      if (mmprojPath !== undefined && (await parts.entryOf(row)).mmproj === null)
        parts.models.setMmproj(row.id, mmprojPath);
    }
  }
  const placed = await parts.place(pairs);
  refused.push(...placed.refused);
  const came = new Set([...placed.added, ...known].map(({ id }) => id));
  for (const path of mmprojPaths) {
    if (taken.has(path)) continue;
    // models that came with it have theirs, or a person has to choose
    const offered = await offer(path, came, parts);
    // beside models, one more vision file that nothing needs is nothing to tell
    if (offered.isTaken || texts.length === 0) notes.push(...offered.notes);
    if (texts.length === 0) refused.push(...offered.refused);
  }
  return { added: placed.added, known, notes, refused };
}

/** Text models and vision files apart, as their headers tell. */
async function sorted(files: ReadonlySet<string>, reader: ModelReader, refused: Refused[]) {
  const texts: string[] = [];
  const mmprojPaths: string[] = [];
  for (const path of files) {
    try {
      const kind = await reader.kind({ path });
      (kind === 'vision' ? mmprojPaths : texts).push(path);
    } catch (error) {
      refused.push(refusalOf(path, error));
    }
  }
  return { texts, mmprojPaths };
}

/** The row of a file that the library has, by whatever path. */
function knownRow(path: string, models: ModelRepository): ModelRow | undefined {
  const real = realPath(path);
  return models.list().find((row) => row.path === path || realPath(row.path) === real);
}

/** Only a file without a name of its own needs another one. */
function titleOf(path: string, noted: FoundModel | undefined): string | undefined {
  return /\.gguf$/i.test(path) ? undefined : noted?.name;
}

async function sameNote(path: string, row: ModelRow, { entryOf }: Parts): Promise<string> {
  const { name } = await entryOf(row);
  return `${basename(path)} is the same file as that of ${name}, which is here already; Snug remembers both places.`;
}
