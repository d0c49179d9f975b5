import { dirname } from 'node:path';
import type { BrowserWindow } from 'electron';
import type { CallGuard } from '../doors/dispatcher.ts';
import { SnugError } from '../contract/errors.ts';
import type { FitStart } from '../contract/fit-job.ts';
import { askForPaths } from './ask-paths.ts';

const calibration = ({ calibrationFolder }: FitStart): readonly string[] =>
  calibrationFolder === undefined ? [] : [calibrationFolder];

/** Where a page names files and folders, by method of the contract. */
export const PATHS_OF = {
  'library.add': ({ paths }: { paths: readonly string[] }) => paths,
  'library.setMmproj': ({ mmprojPath }: { mmprojPath: string }) => [mmprojPath],
  'library.lookFor': ({ folder }: { folder?: string | undefined }) => (folder === undefined ? [] : [folder]),
  'folder.move': ({ to }: { to: string | null }) => (to === null ? [] : [to]),
  'exports.write': ({ folder }: { folder: string }) => [folder],
  'fits.start': calibration,
  'fits.warnings': calibration,
} as const;

/**
 * The files and folders a page may name: those that the person has chosen in the system's dialogs or dropped on the window, and what
 * lies in Snug's own folder. For any other (a path that was typed) the person is asked in the system's own box.
 */
export class GivenPaths {
  readonly #given = new Set<string>();
  readonly #ownFolders: () => Promise<readonly string[]>;
  readonly #window: () => BrowserWindow | undefined;

  constructor(ownFolders: () => Promise<readonly string[]>, window: () => BrowserWindow | undefined) {
    this.#ownFolders = ownFolders;
    this.#window = window;
  }

  give(paths: readonly string[]): void {
    for (const path of paths) this.#given.add(path);
  }

  /** Rejects a call that names a path which the person does not want to be used. */
  readonly check: CallGuard = async (name, argument) => {
    if (!Object.hasOwn(PATHS_OF, name)) return;
    const pathsOf = PATHS_OF[name as keyof typeof PATHS_OF] as (argument: unknown) => readonly string[];
    const own = await this.#ownFolders();
    const unknown = pathsOf(argument).filter(
      (path) => !this.#given.has(path) && !own.includes(dirname(path)),
    );
    if (unknown.length === 0) return;
    const words = {
      message: unknown.length === 1 ? 'May Snug use this path?' : 'May Snug use these paths?',
      yes: 'Allow',
    };
    if (!(await askForPaths(words, unknown, this.#window()))) {
      throw new SnugError('BAD_ARGUMENT', 'this path was not allowed', {
        advice: 'Choose it with the button, drop it on the window, or allow it when Snug asks.',
      });
    }
    this.give(unknown);
  };
}
