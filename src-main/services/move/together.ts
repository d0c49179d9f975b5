import { existsSync, rmSync } from 'node:fs';
import { discard, renameDurably } from '../../files/durable-files.ts';
import type { Disk } from './disk.ts';
import { allOf, deleteSidecar, type MovingFile } from './files.ts';

/** All files of a model to the other folder, or none; false when that is on another disk. */
export function renameAll(file: MovingFile, disk: Disk): boolean {
  const done: { from: string; to: string }[] = [];
  try {
    for (const one of allOf(file)) {
      disk.rename(one.from, one.to);
      done.push(one);
    }
    return true;
  } catch (error) {
    for (const one of done) disk.rename(one.to, one.from);
    if ((error as NodeJS.ErrnoException).code === 'EXDEV') return false;
    throw error;
  }
}

/** What a file is called until all of it is there. */
export function temporaryOf(path: string): string {
  return `${path}.snug-moving`;
}

/** Takes away what a move that did not come to its end wrote. */
export function tidyTarget(file: MovingFile): void {
  for (const { to } of allOf(file)) discard(temporaryOf(to));
  // parts that were published before the last one was
  for (const { from, to } of file.others ?? []) if (existsSync(from)) discard(to);
  if (!existsSync(file.to)) deleteSidecar(file.to);
}

/** Of a split model that a crash left in both folders. */
export function bringBack(file: MovingFile): void {
  for (const { from, to } of file.others ?? [])
    if (!existsSync(from) && existsSync(to)) renameDurably(to, from);
}

/** False when the system keeps the old file, as Windows does while another program reads it. */
export function deleteOld(file: MovingFile): boolean {
  try {
    for (const { from } of allOf(file)) rmSync(from, { force: true });
    deleteSidecar(file.from);
    return true;
  } catch {
    return false;
  }
}
