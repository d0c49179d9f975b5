import { basename, join } from 'node:path';
import { formatBytes } from '../../contract/bytes.ts';
import type { ShownLicence, WantedFile } from '../../contract/downloads.ts';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { ModelSource } from '../../contract/model-source.ts';
import { freeDiskBytes } from '../../files/disk.ts';
import { makeFolder } from '../../files/durable-files.ts';
import { modesAt } from '../../files/private-files.ts';
import { writeError, type WritingAdvice } from '../../files/write-error.ts';
import { readSidecar, writeSidecar } from '../../models/sidecar.ts';
import { takeLock } from '../../store/lock.ts';
import type { HubFile, HubPort, Parts } from './hub-port.ts';
import { findPlace, folderOf, lockPath, rememberContent, type Place } from './place.ts';

/** What of a repository makes a model here. */
export interface ModelWanted {
  readonly repository: string;
  readonly revision: string;
  /** that of an earlier begin, which is gone on with; null for what the revision is now */
  readonly commit: string | null;
  /** that of an earlier begin */
  readonly folder: string | null;
  readonly files: readonly WantedFile[];
  readonly licence: ShownLicence | null;
  /** what the person was told that all of it has; null where nothing was said */
  readonly expectedBytes: number | null;
}

/** What a download has to tell while it runs. */
export type DownloadEvent =
  | {
      readonly kind: 'begun';
      readonly commit: string;
      readonly folder: string;
      /** of each file, in the order of the wanted ones */
      readonly bytes: readonly number[];
    }
  | { readonly kind: 'bytes'; readonly path: string; readonly done: number }
  | { readonly kind: 'waiting' | 'verifying' };

export interface DownloadedModel {
  readonly modelPath: string;
  readonly mmprojPath: string | undefined;
  /** all of them, where they lie */
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

export interface Downloading {
  readonly hub: HubPort;
  readonly parts: Parts;
  readonly modelsFolder: string;
  readonly home: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: DownloadEvent) => void;
  /** what is free on the disk of a folder */
  readonly freeBytes?: ((folder: string) => number) | undefined;
}

const WRITING_DOWNLOADS: WritingAdvice = {
  full: 'Free some space on this disk and go on; what was downloaded is kept.',
  refused: 'Make the folder for models writable, or choose another one.',
  elsewhere: [{ kind: 'choose-models-folder' }, { kind: 'choose-home' }],
};

type ListedFile = WantedFile & HubFile;

/**
 * Downloads a model's files into a folder of its own, goes on with what is here of them, and writes where they came from into the model's
 * sidecar. The model's first file comes last: until it is there no other is taken for a model.
 * @throws SnugError of the hub and of the disk; BUSY while another Snug downloads to that folder; CHANGED when the hub no longer has what
 *   the person was told of; CANCELLED
 */
export async function downloadModel(wanted: ModelWanted, parts: Downloading): Promise<DownloadedModel> {
  const { hub, signal, onEvent } = parts;
  const first = wanted.folder ?? join(parts.modelsFolder, folderOf(wanted.repository));
  using locks = new DisposableStack();
  locks.use(lockFolder(first, parts.home));
  const { commit, files: listed } = await hub.list(
    wanted.repository,
    wanted.commit ?? wanted.revision,
    signal,
  );
  const files = wanted.files.map(({ path, role }) => ({ role, ...fileIn(listed, path, wanted.repository) }));
  checkExpected(wanted, files);
  const place = await findPlace(files, { first, commit, ...parts });
  if (place.folder !== first) locks.use(lockFolder(place.folder, parts.home));
  onEvent({ kind: 'begun', commit, folder: place.folder, bytes: files.map(({ bytes }) => bytes) });
  checkRoom(files, place, parts);
  const hashes = await fetchAll(files, place, { commit, repository: wanted.repository }, parts);
  throwIfCancelled(signal);
  const model = finish(wanted, { commit, files, place, hashes, hub: hub.address });
  rememberContent(model.files, parts.home);
  return model;
}

/** What is here of a model is looked at and written by one process at a time. */
function lockFolder(folder: string, home: string): Disposable {
  makeItsFolder(folder, home);
  return takeLock(lockPath(folder), 'downloading this model', WRITING_DOWNLOADS);
}

function makeItsFolder(folder: string, home: string): void {
  try {
    makeFolder(folder, modesAt(folder, home));
  } catch (error) {
    throw writeError(error, folder, WRITING_DOWNLOADS);
  }
}

function fileIn(listed: readonly HubFile[], path: string, repository: string): HubFile {
  const found = listed.find((file) => file.path === path);
  if (found) return found;
  throw new SnugError('NOT_FOUND', `${repository} has no file ${path}`, {
    advice: 'It may have been renamed or taken away. Choose the model again to see what is there now.',
  });
}

function checkExpected({ expectedBytes, repository }: ModelWanted, files: readonly HubFile[]): void {
  const bytes = sumOf(files.map((file) => file.bytes));
  if (expectedBytes === null || expectedBytes === bytes) return;
  throw new SnugError(
    'CHANGED',
    `${repository} has other files than before: ${formatBytes(bytes)} instead of ${formatBytes(expectedBytes)}`,
    { advice: 'Choose the model again to see what is there now.' },
  );
}

function checkRoom(
  files: readonly ListedFile[],
  { folder, targets, here }: Place,
  { parts, freeBytes = freeDiskBytes }: Downloading,
): void {
  const missing = files.filter(({ path }) => !here.has(path));
  const needed = sumOf(
    missing.map(({ path, bytes }) => Math.max(0, bytes - parts.bytes(targets.get(path) ?? ''))),
  );
  const free = freeBytes(folder);
  if (needed <= free) return;
  throw new SnugError(
    'DISK_FULL',
    `${formatBytes(needed)} are still to come, and only ${formatBytes(free)} are free on the disk of ${folder}`,
    { advice: WRITING_DOWNLOADS.full, remedies: [{ kind: 'choose-models-folder' }] },
  );
}

/** The SHA-256 of every file, by its path in the repository. */
async function fetchAll(
  files: readonly ListedFile[],
  { targets, here }: Place,
  from: { readonly repository: string; readonly commit: string },
  { hub, signal, onEvent }: Downloading,
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map(here);
  for (const { path, bytes } of files.filter((file) => here.has(file.path)))
    onEvent({ kind: 'bytes', path, done: bytes });
  const missing = files.filter((file) => !here.has(file.path));
  const lastFirst = [...missing].sort((a, b) => Number(a.role === 'model') - Number(b.role === 'model'));
  for (const file of lastFirst) {
    const { path, bytes } = file;
    const sha256 = await hub.fetch({
      ...from,
      file,
      target: targets.get(path) ?? '',
      signal,
      onBytes: (done) => onEvent({ kind: 'bytes', path, done }),
      onState: (kind) => onEvent({ kind }),
    });
    onEvent({ kind: 'bytes', path, done: bytes });
    hashes.set(path, sha256);
  }
  return hashes;
}

/** Writes the sidecar; the model can be used with it. */
function finish(
  wanted: ModelWanted,
  got: {
    readonly commit: string;
    readonly files: readonly ListedFile[];
    readonly place: Place;
    readonly hashes: ReadonlyMap<string, string>;
    readonly hub: string;
  },
): DownloadedModel {
  const files = got.files.map(({ path, role, bytes }) => ({
    path,
    role,
    bytes,
    target: got.place.targets.get(path) ?? '',
    sha256: got.hashes.get(path) ?? '',
  }));
  const targetOf = (wantedRole: WantedFile['role']) => files.find(({ role }) => role === wantedRole)?.target;
  const modelPath = targetOf('model') ?? '';
  const mmprojPath = targetOf('vision');
  const source: ModelSource = {
    hub: got.hub,
    repository: wanted.repository,
    revision: wanted.revision,
    commit: got.commit,
    files: files.map(({ path, target, bytes, sha256 }) => ({ path, name: basename(target), bytes, sha256 })),
    ...(wanted.licence === null ? {} : { licence: wanted.licence }),
    downloadedAt: new Date().toISOString(),
  };
  writeSidecar(modelPath, {
    ...readSidecar(modelPath),
    ...(mmprojPath === undefined ? {} : { mmproj: mmprojPath }),
    source,
  });
  return {
    modelPath,
    mmprojPath,
    files: files.map(({ target: path, bytes, sha256 }) => ({ path, bytes, sha256 })),
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
