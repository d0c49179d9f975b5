import type * as Fs from 'node:fs';
import { dirname } from 'node:path';

/** What happened on disk that a power cut could undo, in order. */
export interface DiskCall {
  readonly kind: 'sync' | 'made' | 'renamed';
  readonly path: string;
  /** of a rename */
  readonly from?: string;
}

export interface Recording {
  readonly calls: DiskCall[];
  /** looks on before a rename happens; may throw what a system would */
  beforeRename: (from: string, to: string) => void;
  beforeSync: (path: string) => void;
}

/** The real `node:fs`, whose syncs, renames and new folders are noted; for `vi.mock('node:fs', …)`. */
export function recordedFs(fs: typeof Fs, recording: Recording): object {
  const { calls } = recording;
  const paths = new Map<number, string>();
  const openSync = (path: string, ...rest: unknown[]) => {
    const fd = fs.openSync(path, ...(rest as [Fs.OpenMode]));
    paths.set(fd, path);
    return fd;
  };
  const fsyncSync = (fd: number) => {
    recording.beforeSync(paths.get(fd) ?? '');
    fs.fsyncSync(fd);
    calls.push({ kind: 'sync', path: paths.get(fd) ?? '' });
  };
  const renameSync = (from: string, to: string) => {
    recording.beforeRename(from, to);
    fs.renameSync(from, to);
    calls.push({ kind: 'renamed', path: to, from });
  };
  const mkdirSync = (path: string, options?: Fs.Mode | Fs.MakeDirectoryOptions) => {
    const first = fs.mkdirSync(path, options);
    const isOne = typeof options !== 'object' || !options?.recursive;
    const made = isOne ? path : first;
    if (made !== undefined) calls.push({ kind: 'made', path: made });
    return first;
  };
  return { ...fs, openSync, fsyncSync, renameSync, mkdirSync };
}

/** Renames and new folders that a power cut could still undo. */
export function undoable(calls: readonly DiskCall[]): DiskCall[] {
  return calls.filter(({ kind, path }, i) => {
    if (kind === 'sync') return false;
    const later = calls.slice(i + 1);
    return !later.some((call) => call.kind === 'sync' && call.path === dirname(path));
  });
}
