import { z } from 'zod';
import type { ErrorData } from './errors.ts';
import type { ReadOnly } from './read-only.ts';

/** What a file of a repository is to the model: `part` for the parts of a split model after its first. */
const FILE_ROLES = ['model', 'vision', 'part'] as const;

/**
 * How far a download is. `queued` waits for the one before it; `waiting` for the network, or for a hub that asked to, and goes on by
 * itself; `paused` waits for a person; `verifying` has all bytes and is compared with the hub's hash; `failed` says why in `error`, and
 * keeps what it has.
 */
type DownloadState = 'queued' | 'downloading' | 'waiting' | 'paused' | 'verifying' | 'done' | 'failed';

/** A name of a hub's repository: owner/name, as Hugging Face allows it. */
const repository = z
  .string()
  .max(200)
  .regex(/^[a-z\d][\w.-]*\/[a-z\d][\w.-]*$/i, { error: 'a repository is named like owner/name' })
  .refine((name) => !/--|\.\./.test(name), { error: 'a repository is named like owner/name' });
/** A branch, a tag or a commit. */
const revision = z
  .string()
  .max(200)
  .regex(/^\w[\w./-]*$/, { error: 'this is no branch, tag or commit' })
  .refine((name) => !name.includes('..'), { error: 'this is no branch, tag or commit' });
/** A file's path in its repository; what it is called here is made safe. */
const filePath = z
  .string()
  .min(1)
  .max(1024)
  .refine((path) => !/[\0-\x1f\x7f\\]/.test(path) && !path.split('/').some((name) => /^\.*$/.test(name)), {
    error: 'this is no path of a file in a repository',
  })
  .refine((path) => /\.gguf$/i.test(path), { error: 'only GGUF files are downloaded' });

const wantedFileSchema = z.strictObject({ path: filePath, role: z.enum(FILE_ROLES) });
export type WantedFile = ReadOnly<z.infer<typeof wantedFileSchema>>;

const licence = z.strictObject({
  name: z.string().min(1).max(100),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
});
export type ShownLicence = ReadOnly<z.infer<typeof licence>>;

/** Parts of a model, each of gigabytes. */
const MOST_FILES = 500;
const MOST_NAME_LETTERS = 200;

const startSchema = z.strictObject({
  /** how the window calls it, cut to a line; the model's own name comes from its file */
  name: z
    .string()
    .trim()
    .min(1)
    .max(10_000)
    .transform((name) => [...name].slice(0, MOST_NAME_LETTERS).join('')),
  repository,
  /** default: the main branch */
  revision: revision.optional(),
  /** the model first, then its other parts in order, then its vision file */
  files: z
    .array(wantedFileSchema)
    .min(1)
    .max(MOST_FILES)
    .refine((files) => files.filter(({ role }) => role === 'model').length === 1, {
      error: 'a download has one model',
    })
    .refine((files) => files.filter(({ role }) => role === 'vision').length <= 1, {
      error: 'a model has one vision file',
    })
    .refine((files) => new Set(files.map(({ path }) => path)).size === files.length, {
      error: 'a file is named twice',
    }),
  /** the licence as the person was shown it; kept with the model */
  licence: licence.optional(),
  /** what the person was told: it does not begin where the hub says otherwise by then */
  expected: z.strictObject({ bytes: z.int().positive() }).optional(),
});
export type DownloadStart = ReadOnly<z.infer<typeof startSchema>>;

export interface DownloadedFile extends WantedFile {
  /** null until the hub was asked */
  readonly bytes: number | null;
  readonly doneBytes: number;
}

/** A model on its way here; kept over restarts. Dates are ISO 8601. */
export interface Download {
  readonly id: string;
  readonly name: string;
  readonly repository: string;
  readonly revision: string;
  /** what the revision was when it began: all files are of this commit; null until the hub was asked */
  readonly commit: string | null;
  readonly licence: ShownLicence | null;
  readonly files: readonly DownloadedFile[];
  readonly state: DownloadState;
  /** of all files; null until the hub was asked */
  readonly bytes: number | null;
  readonly doneBytes: number;
  /** null while it does not run, or too little is known */
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** why it failed, or what it waits for */
  readonly error: ErrorData | null;
  /** the library's entry, once it is done */
  readonly modelId: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/**
 * Models from a hub. One is downloaded at a time, the others wait; one that Snug was closed over goes on at the next start. All files of a
 * model lie in a folder of their own in the models folder; where they came from (repository, commit, paths, SHA-256, licence) is kept in
 * the model's sidecar, as `source`. Until all of it is there and its hashes are right, no file has a model's name.
 */
export interface DownloadService {
  /** Begins, or queues; what is on the list already goes on. What is here already is not fetched again. */
  start(argument: DownloadStart): Promise<Download>;
  /** in the order they were started */
  list(argument: Record<string, never>): Promise<readonly Download[]>;
  /** Stops it and keeps what is here. */
  pause(argument: { id: string }): Promise<Download>;
  /** Lets a paused or failed one go on where it was. */
  resume(argument: { id: string }): Promise<Download>;
  /** Stops it, deletes what is here of it, and takes it off the list. The files of a finished one stay. */
  cancel(argument: { id: string }): Promise<void>;
  /** Takes finished ones off the list; without an id all of them. Their models stay. */
  clear(argument: { id?: string | undefined }): Promise<void>;
}

const one = z.strictObject({ id: z.string().min(1).max(64) });

export const downloadArguments = {
  start: startSchema,
  list: z.strictObject({}),
  pause: one,
  resume: one,
  cancel: one,
  clear: one.partial(),
};
