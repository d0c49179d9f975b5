import { existsSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { SnugError } from '../../contract/errors.ts';
import { makeFolder, removeDurably } from '../../files/durable-files.ts';
import { writeError, type WritingAdvice } from '../../files/write-error.ts';
import { isInside, realPath } from '../../files/paths.ts';
import type { Modes } from '../../files/private-files.ts';
import { modelsFolder } from '../../home.ts';
import { formatBytes } from '../../contract/bytes.ts';
import { allOf, type MovingFile } from './files.ts';

function existingPart(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingPart(dirname(path));
}

function refuse(message: string, advice: string): SnugError {
  return new SnugError('BAD_ARGUMENT', message, { advice });
}

/** The folder that was asked for, when models may be moved there as far as its place goes; nothing is written. */
export function checkPlace(asked: string, where: { readonly from: string; readonly home: string }): string {
  const typed = asked.trim();
  const whole = typed === '~' || /^~[\\/]/.test(typed) ? join(homedir(), typed.slice(1)) : typed;
  if (!isAbsolute(whole)) {
    throw refuse(
      `“${typed}” is only part of a path`,
      `Give the full path, such as ${join(homedir(), 'Models')}.`,
    );
  }
  const folder = resolve(whole);
  const real = realPath(folder);
  const from = realPath(where.from);
  if (real === from) throw refuse('the models are in that folder already', 'Choose another folder.');
  if (isInside(from, real)) {
    throw refuse(`${folder} is inside the folder that would be moved`, 'Choose a folder beside it.');
  }
  // a folder in there may be emptied by Snug: what is kept for refits, copies of the store, …
  if (isInside(realPath(where.home), real) && !isInside(realPath(modelsFolder(where.home)), real)) {
    throw refuse(`${folder} is where Snug keeps its own things`, 'Choose a folder somewhere else.');
  }
  if (statSync(existingPart(folder)).isDirectory()) return folder;
  throw refuse(
    `${existingPart(folder)} is a file, not a folder`,
    'Choose a folder, or a name that is not taken.',
  );
}

const NEW_FOLDER = whenMoving('Choose a folder that you may write to, or change its permissions.');

/** Makes the folder when it is missing, and writes to it once: permissions say less than trying does. */
export function makeWritable(folder: string, modes: Modes): void {
  const trial = join(folder, `.snug-${process.pid}.tmp`);
  try {
    makeFolder(folder, modes);
    writeFileSync(trial, 'x');
    removeDurably(trial);
  } catch (error) {
    throw writeError(error, folder, NEW_FOLDER);
  }
}

/** Refuses a move that would take the place of something in the new folder. */
export function refuseTaken(files: readonly MovingFile[], isKnown: (path: string) => boolean): void {
  const taken = files.flatMap(allOf).find(({ to }) => existsSync(to) || isKnown(to));
  if (!taken) return;
  throw refuse(
    `there is a ${basename(taken.to)} in ${dirname(taken.to)} already`,
    'Rename it or take it away, or choose an empty folder. Nothing was moved.',
  );
}

/** Refuses a move to another disk that lacks the room; on the same disk moving takes none. */
export function checkFreeSpace(
  files: readonly MovingFile[],
  folder: string,
  freeBytes: (folder: string) => number,
): void {
  const { dev } = statSync(existingPart(folder));
  const needed = files
    .flatMap(allOf)
    .filter(({ from }) => statSync(from).dev !== dev)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const free = needed > 0 ? freeBytes(folder) : Infinity;
  if (needed <= free) return;
  throw new SnugError(
    'DISK_FULL',
    `the models take ${formatBytes(needed)}, and only ${formatBytes(free)} are free on the disk of ${folder}`,
    { advice: 'Free some space there, or choose a folder on another disk. Nothing was moved.' },
  );
}

/** Advice for a move, whatever went wrong on disk. */
export function whenMoving(advice: string): WritingAdvice {
  return { full: advice, refused: advice, elsewhere: [] };
}
