import { existsSync, lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { CancelledError, hasCode, SnugError, throwIfCancelled } from '../contract/errors.ts';
import { formatBytes } from '../contract/bytes.ts';
import { freeDiskBytes, takenDiskBytes } from '../files/disk.ts';
import { discard, makeFolder } from '../files/durable-files.ts';
import type { Modes } from '../files/private-files.ts';
import { writeError, type WritingAdvice } from '../files/write-error.ts';
import { takeLock } from '../store/lock.ts';
import { FollowingHash } from './following-hash.ts';
import { portal } from './hub-errors.ts';
import type { Hub, HubFile } from './hub.ts';
import { journalPath, PartFile, partPath, removePart } from './part-file.ts';
import { ProgressMeter, type DownloadProgress } from './progress-meter.ts';
import { changed, RemoteSource } from './remote-source.ts';
import { LONG_PATIENCE, withRetries, type RetryPolicy } from './retry.ts';
import { SpeedLimit } from './speed-limit.ts';
import { Transfer } from './transfer.ts';

/** What a person may want to know of a download that goes on: the bytes of it that were there, and why it begins anew. */
export type DownloadNotice =
  | { readonly kind: 'resumed'; readonly bytes: number }
  | { readonly kind: 'anew'; readonly why: 'changed' | 'wrong-hash' };

export interface DownloadAsked {
  readonly hub: Hub;
  readonly file: HubFile;
  /** its place; its folder is made, and what is there must be this very file */
  readonly to: string;
  /** how files and folders are made there */
  readonly modes: Modes;
  /** what the person was told; it does not begin where the hub says otherwise now */
  readonly expected?: { readonly bytes: number; readonly sha256?: string | undefined } | undefined;
  /** ends it and keeps what is there: the same call again goes on */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  readonly onNotice?: ((notice: DownloadNotice) => void) | undefined;
  /** shared by downloads */
  readonly limit?: SpeedLimit | undefined;
  readonly connections?: number | undefined;
  readonly patience?: RetryPolicy | undefined;
}

export interface DownloadedFile {
  readonly bytes: number;
  readonly sha256: string;
  /** whether the hub told a hash to compare it with, as it does for every model */
  readonly isChecked: boolean;
  readonly commit: string | undefined;
}

/** More do not make it faster where the line is full, and hubs count them. */
const CONNECTIONS = 4;
/** A full disk harms more than a download. */
const LEFT_FREE_BYTES = 64 * 2 ** 20;
/** … while it runs, and others write as well. */
const KEPT_FREE_BYTES = LEFT_FREE_BYTES / 2;

const WRITING: WritingAdvice = {
  full: 'Free some space and try again; what was downloaded is kept.',
  refused: 'Make that place writable, or choose another folder for models.',
  elsewhere: [{ kind: 'choose-models-folder' }],
};

/**
 * Downloads a file of a hub to a place on the disk. Until all of it is there and its hash is right it lies beside it, as "….part" with a
 * journal; the same call goes on from there after a quit, a kill or a power cut. A file that has another hash than the hub says, and one
 * that was replaced on the hub meanwhile, begins anew, once.
 * @throws SnugError as `Hub.openRange`; CHANGED, WRONG_HASH, DISK_FULL, CANNOT_WRITE; BUSY when another Snug does the same; CANCELLED
 */
export async function downloadFile(asked: DownloadAsked): Promise<DownloadedFile> {
  const { to, modes } = asked;
  try {
    makeFolder(dirname(to), modes);
    using _lock = takeLock(`${partPath(to)}.lock`, `downloading ${basename(to)}`, WRITING);
    return await untilRight(asked);
  } catch (error) {
    const isKnown = error instanceof SnugError || (error instanceof Error && 'syscall' in error);
    throw isKnown ? writeError(error, partPath(to), WRITING) : error;
  }
}

async function untilRight(asked: DownloadAsked): Promise<DownloadedFile> {
  for (let isAgain = false; ; isAgain = true) {
    try {
      return await attempt(asked);
    } catch (error) {
      const isWrong = hasCode(error, 'WRONG_HASH');
      if (isWrong) removePart(asked.to);
      // whether it has changed is asked again: one odd answer must not cost what is there
      if (isAgain || !(isWrong || hasCode(error, 'CHANGED'))) throw error;
      if (isWrong) asked.onNotice?.({ kind: 'anew', why: 'wrong-hash' });
    }
  }
}

async function attempt(asked: DownloadAsked): Promise<DownloadedFile> {
  const { hub, file, to, modes, signal, patience = LONG_PATIENCE, onProgress, onNotice } = asked;
  throwIfCancelled(signal);
  const source = await withRetries(() => RemoteSource.find(hub, file, signal), patience, signal);
  const { facts } = source;
  checkExpected(asked, source);
  const meter = new ProgressMeter(onProgress);
  if (existsSync(to)) return checkThere(asked, source, meter);
  const identity = {
    repository: file.repository,
    path: file.path,
    bytes: facts.bytes,
    etag: facts.etag ?? null,
  };
  await using part = await PartFile.open(to, identity, modes);
  if (part.hadChanged) onNotice?.({ kind: 'anew', why: 'changed' });
  if (part.written.bytes > 0) onNotice?.({ kind: 'resumed', bytes: part.written.bytes });
  const checkRoom = (leftBytes: number) => checkSpace(to, facts.bytes, leftBytes);
  checkRoom(LEFT_FREE_BYTES);
  await using hash = new FollowingHash({ path: partPath(to), isPartial: true });
  hash.follow(part.written.prefix);
  const { limit = new SpeedLimit(), connections = CONNECTIONS } = asked;
  const checkBeginning = (bytes: Buffer) => checkMagic(bytes, asked);
  const parts = {
    ...{ source, part, hash, meter, limit, patience, connections, checkBeginning },
    checkRoom: () => checkRoom(KEPT_FREE_BYTES),
  };
  await new Transfer(parts).run(signal);
  const sha256 = await verified(hash, { asked, source, meter });
  await part.finish();
  return resultOf(source, sha256, asked);
}

function checkExpected({ file, expected }: DownloadAsked, { facts }: RemoteSource): void {
  if (!expected) return;
  const isOther = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && one !== other;
  if (expected.bytes !== facts.bytes || isOther(expected.sha256, facts.sha256)) throw changed(file);
}

/** Whether the disk holds the rest and keeps so much. The part file has its size at once, which most disks reserve no room for. */
function checkSpace(to: string, bytes: number, leftBytes: number): void {
  const free = freeDiskBytes(dirname(to));
  const missingBytes = Math.max(0, bytes - takenDiskBytes(partPath(to)));
  if (missingBytes + leftBytes <= free) return;
  throw new SnugError(
    'DISK_FULL',
    `${basename(to)} needs ${formatBytes(missingBytes)} more, and its disk has ${formatBytes(free)} free, of which ${formatBytes(leftBytes)} are left to other programs`,
    { advice: WRITING.full, remedies: WRITING.elsewhere },
  );
}

/** What comes in a model's place, of a network that asks to sign in or a hub that stores something else, is noticed at once. */
function checkMagic(bytes: Buffer, { hub, file }: DownloadAsked): void {
  if (!/\.gguf$/i.test(file.path) || bytes.length < 4 || bytes.toString('latin1', 0, 4) === 'GGUF') return;
  if (/^\s*<(!doctype|html|head|body)/i.test(bytes.toString('latin1', 0, 256)))
    throw portal(hub.address.host);
  throw new SnugError('HUB', `${file.path} of ${file.repository} is no GGUF file`, {
    advice: 'Choose another file or another repository.',
  });
}

/** Waits for the hash; the bytes of a wrong one are worth nothing. */
async function verified(
  hash: FollowingHash,
  { asked, source, meter }: { asked: DownloadAsked; source: RemoteSource; meter: ProgressMeter },
): Promise<string> {
  const { bytes } = source.facts;
  const show = () => meter.show({ state: 'verifying', doneBytes: hash.hashed, bytes });
  hash.onHashed = show;
  show();
  const sha256 = await unlessCancelled(hash.end(bytes), asked.signal);
  const right = source.facts.sha256 ?? asked.expected?.sha256;
  if (right === undefined || right === sha256) return sha256;
  throw new SnugError(
    'WRONG_HASH',
    `${basename(asked.to)} is not what the hub says: its SHA-256 is another one`,
    {
      advice:
        'The file is damaged on the hub, or something on the way changes it. Try another network or another hub; the wrong file was deleted.',
    },
  );
}

async function unlessCancelled<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const cancelled = Promise.withResolvers<never>();
  const cancel = () => cancelled.reject(new CancelledError());
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    throwIfCancelled(signal);
    return await Promise.race([work, cancelled.promise]);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** What has the name already: this file, as a kill at the last moment leaves it, or one that must not be lost. */
async function checkThere(
  asked: DownloadAsked,
  source: RemoteSource,
  meter: ProgressMeter,
): Promise<DownloadedFile> {
  const { to } = asked;
  const other = new SnugError('CANNOT_WRITE', `${to} is there already and is another file`, {
    advice: 'Move it away or rename it, then try again.',
    path: to,
  });
  const status = lstatSync(to);
  if (!status.isFile() || status.size !== source.facts.bytes) throw other;
  await using hash = new FollowingHash({ path: to, isPartial: false });
  const sha256 = await verified(hash, { asked, source, meter }).catch((error: unknown) => {
    throw hasCode(error, 'WRONG_HASH') ? other : error;
  });
  discard(partPath(to));
  discard(journalPath(to));
  return resultOf(source, sha256, asked);
}

function resultOf({ facts }: RemoteSource, sha256: string, { expected }: DownloadAsked): DownloadedFile {
  const isChecked = (facts.sha256 ?? expected?.sha256) !== undefined;
  return { bytes: facts.bytes, sha256, isChecked, commit: facts.commit };
}
