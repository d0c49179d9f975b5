import { SnugError } from '../contract/errors.ts';
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
    // half a letter is in no address
    !path.isWellFormed() ||
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
