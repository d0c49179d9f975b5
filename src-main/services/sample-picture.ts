import { readRegularFile } from '../files/regular-file.ts';
import { pictureKind } from '../pictures/picture-kind.ts';

/** A sample's picture is small; a large one of somebody's own folder is not worth the way to the window. */
const MOST_PICTURE_BYTES = 4 * 2 ** 20;
const SHOWN_KINDS = ['jpeg', 'png', 'webp'];

/** A picture as an address that a page shows; null for what it can't show, and for what is no longer there. */
export function pictureAddress(path: string): string | null {
  try {
    const bytes = readRegularFile(path, { mostBytes: MOST_PICTURE_BYTES });
    const kind = pictureKind(bytes);
    if (kind === undefined || !SHOWN_KINDS.includes(kind)) return null;
    return `data:image/${kind};base64,${bytes.toString('base64')}`;
  } catch {
    // moved or deleted since: the answer is shown without it
    return null;
  }
}
