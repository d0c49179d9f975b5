import { basename, dirname } from 'node:path';
import { isCancelled, toErrorData } from '../contract/errors.ts';
import type { ModelSource } from '../contract/model-source.ts';
import {
  FILE_STATES,
  type FileState,
  type VerifiedFile,
  type Verification,
} from '../contract/verification.ts';
import { fileStamp } from '../files/file-stamp.ts';
import { statsOf } from '../files/stats.ts';
import type { NotedFile } from '../store/model-files.ts';
import type { WholeFileHasher, HashRun } from './hashing/whole-files.ts';

export interface FilesToVerify {
  /** the model's own files and its vision file */
  readonly paths: readonly string[];
  /** where the model was downloaded from, with the hashes that were published */
  readonly source: ModelSource | undefined;
}

/** Reads every file whole and compares it with what it held when it came. */
export async function verifyFiles(
  { paths, source }: FilesToVerify,
  hasher: WholeFileHasher,
  run: HashRun,
): Promise<Verification> {
  const files: VerifiedFile[] = [];
  await hasher.run(run, async (hash) => {
    for (const path of paths) {
      // what lies elsewhere was not downloaded with it
      const isBeside = dirname(path) === dirname(paths[0] ?? '');
      const expected = expectationOf(path, isBeside ? source : undefined, hasher);
      files.push(await verifyFile(path, expected, hash));
    }
  });
  const worst = Math.max(...files.map(({ state }) => FILE_STATES.indexOf(state)));
  return { state: FILE_STATES[worst] ?? 'unknown', files };
}

interface Expectation {
  readonly noted: NotedFile | undefined;
  /** SHA-256 */
  readonly published: string | undefined;
}

function expectationOf(path: string, source: ModelSource | undefined, hasher: WholeFileHasher): Expectation {
  using known = hasher.openKnown();
  const published = source?.files.find(({ name }) => name === basename(path))?.sha256;
  return { noted: known.noted(path), published };
}

async function verifyFile(
  path: string,
  { noted, published }: Expectation,
  hash: (path: string) => Promise<string>,
): Promise<VerifiedFile> {
  const common = {
    path,
    bytes: statsOf(path)?.size ?? 0,
    comparedWith: published !== undefined ? 'published' : noted ? 'noted' : null,
    notedAt: noted?.notedAt ?? null,
  } as const;
  try {
    const sha256 = await hash(path);
    return { ...common, sha256, state: stateOf(path, sha256, { noted, published }), problem: null };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { ...common, sha256: null, state: 'unknown', problem: toErrorData(error).message };
  }
}

function stateOf(path: string, sha256: string, { noted, published }: Expectation): FileState {
  const expected = published ?? noted?.sha256;
  if (expected === undefined) return 'unknown';
  if (sha256 === expected) return 'unchanged';
  // who writes a file changes its time; a disk that loses bits does not
  return noted && wasWritten(path, noted) ? 'changed' : 'damaged';
}

function wasWritten(path: string, { bytes, modified }: NotedFile): boolean {
  const stamp = fileStamp(path);
  return stamp?.bytes !== bytes || stamp.modified !== modified;
}
