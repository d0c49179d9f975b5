import { createHash } from 'node:crypto';
import { LONGEST_STEM_BYTES, shortened } from './output-name.ts';
import { isWindowsDevice } from './regular-file.ts';

/** What Windows takes in no name, what ends a line or moves the cursor, and what turns the direction of writing. */
const UNSAFE = /[<>:"/\\|?*\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;
/** What belongs to a GGUF's name and is never cut off: which part of a split model it is, and that it is one. */
const ENDING = /(-\d{5}-of-\d{5})?\.gguf$/i;

/** A name that others chose as one that every system takes for a file or folder here: the same one for the same name. */
export function safeName(name: string): string {
  const ending = ENDING.exec(name)?.[0] ?? '';
  const stem = name
    .slice(0, name.length - ending.length)
    .normalize('NFC')
    .replaceAll(UNSAFE, '_')
    .replace(/^[\s.]+|[\s.]+$/gu, '');
  const short = shortened(stem, LONGEST_STEM_BYTES - Buffer.byteLength(ending));
  const whole = `${short === '' ? 'model' : short}${ending}`;
  return isWindowsDevice(whole) ? `_${whole}` : whole;
}

/** Names for files of a repository in one folder, by their paths there; two that would be the same here are told apart. */
export function safeNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const path of paths) {
    const plain = safeName(path.split('/').at(-1) ?? path);
    // Windows and macOS know no capitals
    const name = taken.has(plain.toLowerCase()) ? safeName(`${markOf(path)}-${plain}`) : plain;
    taken.add(name.toLowerCase());
    names.set(path, name);
  }
  return names;
}

function markOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 8);
}
