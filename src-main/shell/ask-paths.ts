import { dialog, type BrowserWindow } from 'electron';

const ADD = 0;
const CANCEL = 1;
const SHOWN_PATHS = 10;
const SHOWN_LETTERS = 300;

/** A path as a person can read it: nothing in it moves the words around it or hides its end. */
export function shownPath(path: string): string {
  const plain = path.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
  return plain.length <= SHOWN_LETTERS ? plain : `…${plain.slice(-SHOWN_LETTERS)}`;
}

/** Asks in the system's own box, which no page can answer, whether these files may be used. */
export async function askForPaths(
  words: { message: string; yes: string },
  paths: readonly string[],
  window: BrowserWindow | undefined,
): Promise<boolean> {
  const more = paths.length - SHOWN_PATHS;
  const lines = paths.slice(0, SHOWN_PATHS).map(shownPath);
  const options = {
    type: 'question' as const,
    message: words.message,
    detail: [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
    buttons: [words.yes, 'Cancel'],
    // it comes up by itself: a key pressed for something else says no
    defaultId: CANCEL,
    cancelId: CANCEL,
    noLink: true,
  };
  const shown = window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options);
  return (await shown).response === ADD;
}
