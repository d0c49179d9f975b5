import { isAbsolute, resolve } from 'node:path';
import { dialog } from 'electron';
import type { LibraryService } from '../contract/model.ts';

/** The model files among a program's arguments: the system starts us so when a person opens a .gguf. */
export function modelFiles(argv: readonly string[], workingFolder: string): string[] {
  return argv
    .slice(1)
    .filter((argument) => !argument.startsWith('-') && /\.gguf$/i.test(argument))
    .map((path) => (isAbsolute(path) ? path : resolve(workingFolder, path)));
}

/** Adds opened files to the library; what was refused is said in the system's own box, since the window may show another page. */
export async function addOpened(library: LibraryService, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const { refused } = await library.add({ paths });
  if (refused.length === 0) return;
  const lines = refused.map(({ message, advice }) =>
    [message, advice].filter((part) => part !== null).join(' '),
  );
  dialog.showErrorBox('Not every file could be added', lines.join('\n\n'));
}
