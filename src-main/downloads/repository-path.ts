import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { LONGEST_STEM_BYTES, shortened } from '../files/output-name.ts';
import { isWindowsDevice } from '../files/regular-file.ts';
import { visibleLine } from '../text/visible-text.ts';

const SHOWN_LETTERS = 120;

/**
 * Checks a path as a hub lists it: parts with "/" between them. No repository can hold what is refused here (git takes none of it), so a
 * hub that lists it means harm.
 * @throws SnugError HUB
 */
export function checkRepositoryPath(path: string): void {
  const isBad =
    path.includes('\0') ||
    path.split('/').some((part) => part === '' || part === '.' || part === '..') ||
    /^\.git$/i.test(path.split('/')[0] ?? '');
  if (isBad)
    throw new SnugError(
      'HUB',
      `the hub lists a file named ${JSON.stringify(visibleLine(path, SHOWN_LETTERS))}`,
      {
        advice: 'Such a name could write outside its folder, so Snug takes nothing from this repository.',
      },
    );
}

/**
 * Where a file of a repository lies below a folder of this machine: the same path, where every system takes each of its parts. A part that
 * would have to change also gets digits of what it was called, so no two files come to the same place.
 * @throws SnugError HUB for a path that no repository can hold
 */
export function localPath(path: string): string {
  checkRepositoryPath(path);
  return join(...path.split('/').map(localName));
}

/** What has to stay at a name's end: its kind, and which part of a split model it is. */
const ENDING = /((?:-\d{5}-of-\d{5})?\.[a-z\d]{1,12})?$/i;
const DIGITS = 8;

function localName(name: string): string {
  const ending = ENDING.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - ending.length);
  // what some file system does not take, or acts on a terminal
  const plain = stem.replace(/[\u0000-\u001f\u007f<>:"|?*\\]/g, '_').replace(/[. ]+$/, '');
  const short = shortened(plain, LONGEST_STEM_BYTES);
  const safe = short === '' || isWindowsDevice(short) ? `_${short}` : short;
  if (safe === stem) return name;
  const digits = createHash('sha256').update(stem).digest('hex').slice(0, DIGITS);
  return `${safe}-${digits}${ending}`;
}
