import { closeSync, openSync, statSync } from 'node:fs';
import { platform } from 'node:os';
import { win32 } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { isWindowsDevice } from './regular-file.ts';
import { discard } from './durable-files.ts';
import { writeError } from './write-error.ts';
import { insist } from './retry-refused.ts';

/** File systems take names of 255 bytes (a letter may have four); a result's longest side file adds up to 60 to its source's stem. */
export const LONGEST_STEM_BYTES = 180;

/** As many whole letters of a name as have room. */
export function shortened(name: string, mostBytes: number): string {
  if (Buffer.byteLength(name) <= mostBytes) return name;
  const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(name);
  let kept = '';
  for (const { segment } of letters) {
    if (Buffer.byteLength(kept + segment) > mostBytes) break;
    kept += segment;
  }
  // Windows drops dots and spaces at the end
  return kept.replace(/[. ]+$/, '');
}

/** What a process's number may add to the name of a temporary file. */
const LONGEST_SIDE_NAME = '.snug.json.4194304.tmp';

/** Before hours of work: throws where the result, or a file that is written beside it, could not have its name, or may not be written. */
export function tryOutputName(output: string): void {
  const isBad = isWindowsDevice(output) || /[<>:"|?*]|[. ]$/.test(win32.basename(output));
  if (platform() === 'win32' && isBad)
    throw new SnugError('CANNOT_WRITE', `${output} is no name that Windows takes`, {
      advice: 'Choose another name.',
      remedies: [{ kind: 'choose-output' }],
    });
  const longest = `${output}${LONGEST_SIDE_NAME}`;
  try {
    if (statSync(output, { throwIfNoEntry: false })?.isDirectory())
      throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    // what a killed run left, or a link, which must not be written through
    discard(longest);
    closeSync(insist(() => openSync(longest, 'wx', 0o600)));
  } catch (error) {
    throw writeError(error, output);
  }
  discard(longest);
}
