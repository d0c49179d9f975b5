import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import process from 'node:process';

/** What a container, or a group of the system's (cgroup), leaves to its processes. */
export interface MemoryLimit {
  readonly limitBytes: number;
  /** what is left of it now */
  readonly freeBytes: number;
}

type ReadText = (path: string) => string | undefined;

interface Files {
  readonly limits: readonly string[];
  readonly used: string;
  /** pages of files that the system gives up when memory is wanted; a mapped model is among them */
  readonly reclaimable: readonly string[];
}

const SECOND: Files = {
  limits: ['memory.max', 'memory.high'],
  used: 'memory.current',
  reclaimable: ['inactive_file', 'active_file'],
};
const FIRST: Files = {
  limits: ['memory.limit_in_bytes'],
  used: 'memory.usage_in_bytes',
  reclaimable: ['total_inactive_file', 'total_active_file'],
};

/**
 * The narrowest limit on this process's memory, its own group's or one around it; undefined without one. Node's availableMemory() looks
 * at the innermost group alone, and counts a file that was read as memory in use (cgroups(7), cgroup-v2 "Memory Interface Files").
 */
export function containerMemory(machineBytes: number, read: ReadText = readText): MemoryLimit | undefined {
  if (process.platform !== 'linux') return undefined;
  const limits = groupFolders('memory', read).flatMap(
    ({ version, folder }) => limitOf(version === 2 ? SECOND : FIRST, folder, read) ?? [],
  );
  const narrow = limits.filter(({ limitBytes }) => limitBytes < machineBytes);
  if (narrow.length === 0) return undefined;
  return {
    limitBytes: Math.min(...narrow.map(({ limitBytes }) => limitBytes)),
    freeBytes: Math.min(...narrow.map(({ freeBytes }) => freeBytes)),
  };
}

/** Processors that a container leaves to its processes, in whole ones and at least one; undefined without a limit. */
export function containerProcessors(read: ReadText = readText): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const shares = groupFolders('cpu', read).flatMap(({ version, folder }) => {
    const [quota, period] =
      version === 2
        ? (read(join(folder, 'cpu.max')) ?? '').split(' ')
        : [read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us'))];
    const share = Number(quota) / Number(period);
    // "max" and -1 are none
    return share > 0 && Number.isFinite(share) ? [share] : [];
  });
  return shares.length === 0 ? undefined : Math.max(1, Math.floor(Math.min(...shares)));
}

/** Folders of this process's group, and of all around it, in each hierarchy with this controller (lines of "number:controllers:path"). */
function groupFolders(
  controller: 'memory' | 'cpu',
  read: ReadText,
): { readonly version: 1 | 2; readonly folder: string }[] {
  return (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, number, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) return [];
    const isSecond = number === '0' && controllers === '';
    if (!isSecond && !controllers.split(',').includes(controller)) return [];
    const root = isSecond ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`;
    return upwards(path).map((group) => ({ version: isSecond ? 2 : 1, folder: join(root, group) }) as const);
  });
}

/** A group and all that are around it. Inside a container the path may be that outside: then the root is the container's own. */
function upwards(path: string): string[] {
  const parent = posix.dirname(path);
  return parent === path ? [path] : [path, ...upwards(parent)];
}

function limitOf(files: Files, folder: string, read: ReadText): MemoryLimit | undefined {
  // "max", or nearly all that 64 bits hold, is none; the number is still one, which is larger than any machine
  const limits = files.limits.map((name) => Number(read(join(folder, name)) ?? NaN)).filter(Number.isFinite);
  if (limits.length === 0) return undefined;
  const limitBytes = Math.min(...limits);
  const stat = read(join(folder, 'memory.stat')) ?? '';
  const reclaimable = files.reclaimable
    .map((name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);
  const used = Number(read(join(folder, files.used)) ?? 0);
  return { limitBytes, freeBytes: Math.max(0, limitBytes - Math.max(0, used - reclaimable)) };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
