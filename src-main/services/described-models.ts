import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { isCancelled, SnugError, toErrorData, type ErrorCode } from '../contract/errors.ts';
import {
  describedFilesSchema,
  FILE_GONE,
  type DescribedFiles,
  type Description,
  type ModelEntry,
} from '../contract/model.ts';
import type { ReadOnly } from '../contract/read-only.ts';
import { writeFileAtomically } from '../files/durable-files.ts';
import { readKept } from '../files/json-file.ts';
import { statsOf } from '../files/stats.ts';
import { pathsOfParts } from '../gguf/part-names.ts';
import { UNNAMED } from '../models/model-file.ts';
import { sidecarPath } from '../models/sidecar.ts';
import type { ModelRow } from '../store/models.ts';
import { visibleLine } from '../text/visible-text.ts';
import type { ModelReader } from './model-reader.ts';

/** Raised when a description says something else of the same file, so that what was kept before is read again. */
const VERSION = 4;

const keptSchema = z.object({
  version: z.literal(VERSION),
  models: z.record(z.string(), z.object({ stamp: z.string(), files: describedFilesSchema })),
});
type Kept = ReadOnly<z.infer<typeof keptSchema>>['models'];

/** What is wrong with the content of a file stays so until it changes; a disk or its permissions may come right by themselves. */
const OF_CONTENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_GGUF',
  'BROKEN_GGUF',
  'UNSUPPORTED_MODEL',
  'WRONG_PAIR',
]);

export const UNREAD = 'Snug is still reading its file';

/** Whether nothing is known that stands against it. */
export function mayBeUsed({ problem }: Pick<Description, 'problem'>): boolean {
  return problem === null || problem === UNREAD;
}

/** What the library's files say, each read once and kept over restarts, also that one is bad; read again when a file changes. */
export class DescribedModels {
  readonly #path: string;
  readonly #reader: Pick<ModelReader, 'describe' | 'files'>;
  readonly #known: Map<string, Kept[string]>;
  /** what may be kept; a failure of the disk is only remembered */
  readonly #lasting: Map<string, Kept[string]>;
  readonly #reading = new Map<string, { stamp: string; done: Promise<void> }>();

  constructor(path: string, reader: Pick<ModelReader, 'describe' | 'files'>) {
    this.#path = path;
    this.#reader = reader;
    const kept = Object.entries(readKept(path, keptSchema)?.models ?? {});
    this.#known = new Map(kept);
    this.#lasting = new Map(kept);
  }

  /** undefined for what has not been read since it last changed. */
  known(row: ModelRow): Description | undefined {
    if (!existsSync(row.path)) return { ...nameless(row), problem: FILE_GONE };
    const found = this.#known.get(row.id);
    return found?.stamp === stampOf(row, found?.files) ? found?.files.description : undefined;
  }

  /** The model's own files, as far as is known without reading them. */
  files(row: ModelRow): readonly string[] {
    return this.#known.get(row.id)?.files.files ?? [row.path];
  }

  /** The same of a model that is not read yet: where it lies and how large it is. */
  unread(row: ModelRow): Description {
    const bytes = statsOf(row.path)?.size ?? 0;
    return { ...nameless(row), bytes, problem: UNREAD };
  }

  /** Reads what is not known; ends when it is known, and never throws. */
  async read(row: ModelRow): Promise<void> {
    if (this.known(row)) return;
    const stamp = stampOf(row);
    const reading = this.#reading.get(row.id);
    if (reading?.stamp === stamp) return reading.done;
    const done = this.#read(row, stamp).finally(() => {
      if (this.#reading.get(row.id)?.done === done) this.#reading.delete(row.id);
      if (this.#reading.size === 0) this.#keep();
    });
    this.#reading.set(row.id, { stamp, done });
    return done;
  }

  async #read(row: ModelRow, before: string): Promise<void> {
    try {
      const { path, mmprojPath } = row;
      const files = named(row, await this.#reader.describe({ path, mmprojPath }));
      // what is written meanwhile is read again when it is asked for again
      if (stampOf(row) === before) this.#remember(row, files, true);
    } catch (error) {
      if (isCancelled(error)) return;
      const { message, code } = toErrorData(error);
      const description = { ...nameless(row), problem: visibleLine(message, LONGEST_PROBLEM) };
      const lasts = error instanceof SnugError && OF_CONTENT.has(code);
      this.#remember(row, { description, files: await this.#files(row), alsoRead: [] }, lasts);
    }
  }

  /** Of a split model that lacks a part, the others. */
  async #files({ path }: ModelRow): Promise<string[]> {
    if (pathsOfParts(path).length === 1) return [path];
    try {
      return [...(await this.#reader.files({ path }))];
    } catch {
      return [path];
    }
  }

  #remember(row: ModelRow, files: DescribedFiles, lasts: boolean): void {
    const record = { stamp: stampOf(row, files), files };
    this.#known.set(row.id, record);
    if (lasts) this.#lasting.set(row.id, record);
    else this.#lasting.delete(row.id);
  }

  /** Forgets models that the library no longer has. */
  forget(id: string): void {
    this.#known.delete(id);
    this.#lasting.delete(id);
  }

  #keep(): void {
    const kept: ReadOnly<z.infer<typeof keptSchema>> = {
      version: VERSION,
      models: Object.fromEntries(this.#lasting),
    };
    try {
      writeFileAtomically(this.#path, JSON.stringify(kept));
    } catch {
      // on a full disk the next start reads the files again
    }
  }
}

const LONGEST_PROBLEM = 1000;

const UNREADABLE: Omit<Description, 'name' | 'problem'> = {
  architecture: '',
  kind: 'quantized',
  bytes: 0,
  parameters: 0,
  bitsPerWeight: 0,
  layers: 0,
  trainingContextTokens: 0,
  mmproj: null,
  expectsVision: false,
  visionProblem: null,
  visionChoices: [],
  imageTokens: null,
  ordering: null,
  plan: null,
};

function nameless(row: ModelRow): Omit<Description, 'problem'> {
  return { ...UNREADABLE, name: visibleLine(row.title ?? basename(row.path)) };
}

/** A model whose file does not say what it is called goes by what its app calls it. */
function named({ title }: ModelRow, files: DescribedFiles): DescribedFiles {
  const { description } = files;
  if (title === null || description.name !== UNNAMED) return files;
  return { ...files, description: { ...description, name: visibleLine(title) } };
}

/** Changes when a file of the model does: its own, its sidecar, its vision file, or what lies in the place of one. */
function stampOf(row: ModelRow, files?: DescribedFiles): string {
  // of a split model also parts that are yet to come
  const own = pathsOfParts(row.path);
  const paths = [...own, sidecarPath(row.path), row.mmprojPath, ...(files?.alsoRead ?? [])];
  return paths.map(stampOfFile).join(' ');
}

/** Changes when a file of a model does. */
export function stampOfModel(path: string): string {
  return pathsOfParts(path).map(stampOfFile).join(' ');
}

/** Changes when a file does. */
export function stampOfFile(path: string | null): string {
  if (path === null) return 'none';
  const found = statsOf(path);
  return found ? `${path} ${found.size} ${found.mtimeMs} ${found.ctimeMs}` : `${path} gone`;
}

/** What was fitted last, else what came last. */
export function newestOf(entries: readonly ModelEntry[]): ModelEntry | undefined {
  const byDate = entries.toSorted((a, b) => b.addedAt.localeCompare(a.addedAt));
  return byDate.find(({ kind }) => kind === 'fitted') ?? byDate[0];
}
