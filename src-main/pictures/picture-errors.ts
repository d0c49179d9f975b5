import { SnugError } from '../contract/errors.ts';
import { SUPPORTED_PICTURES } from '../contract/picture-kinds.ts';
import { formatBytes } from '../contract/bytes.ts';
import { MOST_DECODING_BYTES } from './picture-memory.ts';

/** What can be wrong with a picture; each begins with its name. */

export const SUPPORTED = SUPPORTED_PICTURES;
export const SAVE_AGAIN = 'Open it in a picture viewer and save it again as JPEG.';
export const COPY_AGAIN = 'Copy or download it again.';

export function bad(name: string, what: string, advice?: string, cause?: unknown): SnugError {
  return new SnugError('BAD_PICTURE', `${name} ${what}`, { advice, path: name, cause });
}

export function damaged(name: string, cause: unknown): SnugError {
  const advice = 'Copy or download it again, or open it in a picture viewer and save it again.';
  return bad(name, 'is damaged and cannot be decoded', advice, cause);
}

/** For a picture that takes a decoder longer than any that was not made to. */
export function tooSlow(name: string): SnugError {
  return bad(name, 'takes too long to open', `Scale it down first. ${SAVE_AGAIN}`);
}

/** For a picture whose header says how much memory it takes. */
export function tooLarge(
  name: string,
  { width, height, needed, inPasses }: { width: number; height: number; needed: number; inPasses: boolean },
): SnugError {
  const advice = inPasses
    ? 'Save it again as a JPEG that is not progressive, or scale it down first.'
    : 'Scale it down first, or save it as JPEG.';
  const limit = formatBytes(MOST_DECODING_BYTES);
  return bad(
    name,
    `(${width}×${height}) would take ${formatBytes(needed)} of memory to open; a picture may take ${limit}`,
    advice,
  );
}

/** For a picture whose header said less than its decoder takes. */
export function tooMuchMemory(name: string): SnugError {
  return bad(name, `takes more than ${formatBytes(MOST_DECODING_BYTES)} of memory to open`, SAVE_AGAIN);
}

/** For a picture at which the process that decodes ended. */
export function brokeDecoder(name: string, cause: unknown): SnugError {
  return bad(name, "can't be opened: the process that decodes it broke down", SAVE_AGAIN, cause);
}
