import { stat } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import { dialog, type BrowserWindow } from 'electron';
import { SnugError, toErrorData } from '../contract/errors.ts';
import type { LibraryService } from '../contract/model.ts';
import { askForPaths, shownPath } from './ask-paths.ts';

const MOST_FILES = 100;
/** Windows takes these for devices in every folder, whatever follows the dot. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])$/i;

/** The model files among a program's arguments: the system starts us so when a person opens a .gguf. */
export function modelFiles(
  argv: readonly string[],
  workingFolder: string,
  platform: NodeJS.Platform = process.platform,
): string[] {
  const system = platform === 'win32' ? win32 : posix;
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith('-') && /\.gguf$/i.test(argument))
    .map((path) => (system.isAbsolute(path) ? path : system.resolve(workingFolder, path)));
}

/** Whether a path names a place of this machine. Only looking at a path of another one tells its owner who looks. */
export function isLocalPath(path: string, platform: NodeJS.Platform = process.platform): boolean {
  if (path.includes('\0')) return false;
  if (platform !== 'win32') return posix.isAbsolute(path);
  if (!/^[a-z]:[\\/]/i.test(path) || path.indexOf(':', 2) >= 0) return false;
  return !path.split(/[\\/]/).some((part) => DEVICE.test((part.split('.')[0] ?? '').trim()));
}

/** Files that the system says were opened. Anything can start the app with some, so the person is asked before one is read. */
export class OpenedFiles {
  readonly #library: LibraryService;
  readonly #window: () => BrowserWindow | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(library: LibraryService, window: () => BrowserWindow | undefined) {
    this.#library = library;
    this.#window = window;
  }

  /** Asks, and adds them to the library; one question at a time. Never rejects. */
  async add(paths: readonly string[]): Promise<void> {
    this.#last = this.#last.then(() => this.#add(paths));
    return this.#last;
  }

  async #add(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const problems: string[] = [];
    try {
      const local = paths.filter((path) => isLocalPath(path)).slice(0, MOST_FILES);
      if (paths.length > MOST_FILES) problems.push(`Only the first ${MOST_FILES} files are taken at once.`);
      problems.push(...paths.filter((path) => !isLocalPath(path)).map(notLocal));
      const words = { message: local.length === 1 ? 'Add this model?' : 'Add these models?', yes: 'Add' };
      if (local.length > 0 && (await askForPaths(words, local, this.#window())))
        problems.push(...(await this.#take(local)));
    } catch (error) {
      problems.push(sentenceOf(error));
    }
    // said in the system's own box, since the window may show another page
    if (problems.length > 0) dialog.showErrorBox('Not every file could be added', problems.join('\n\n'));
  }

  async #take(paths: readonly string[]): Promise<readonly string[]> {
    const files: string[] = [];
    const problems: string[] = [];
    for (const path of paths) {
      try {
        await requireFile(path);
        files.push(path);
      } catch (error) {
        problems.push(sentenceOf(error));
      }
    }
    if (files.length === 0) return problems;
    const { refused } = await this.#library.add({ paths: files });
    return [...problems, ...refused.map(sentenceOf)];
  }
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new SnugError('FILE', `${shownPath(path)} is not there, or may not be read.`);
  if (!found.isFile()) throw new SnugError('FILE', `${shownPath(path)} is no file.`);
}

function notLocal(path: string): string {
  return `${shownPath(path)} is not on this laptop. Copy it to a folder here first.`;
}

function sentenceOf(problem: unknown): string {
  const { message, advice } =
    problem instanceof Error ? toErrorData(problem) : (problem as { message: string; advice: string | null });
  return [message, advice].filter((part) => part !== null && part !== undefined).join(' ');
}
