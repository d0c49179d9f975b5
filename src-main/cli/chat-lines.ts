import { extname } from 'node:path';
import { hasCode } from '../contract/errors.ts';
import { DOCUMENT_EXTENSIONS, PICTURE_EXTENSIONS } from '../contract/picture-kinds.ts';
import { draggedInto, pastedPaths, type PathSurroundings } from '../files/pasted-paths.ts';

/** A line that was typed in `snug chat`. */
export type ChatLine =
  | { readonly kind: 'nothing' | 'help' | 'quit' | 'drop' }
  | { readonly kind: 'pictures'; readonly paths: readonly string[] }
  | { readonly kind: 'unknown'; readonly command: string }
  /** `paths`: of pictures that were dragged into it */
  | { readonly kind: 'question'; readonly text: string; readonly paths: readonly string[] };

export const CHAT_HELP = [
  '/image FILE   adds a picture to the next question; a file dragged here does, too, also beside the question',
  '/drop         leaves out the pictures added to the next question',
  '/help         shows this list',
  '/quit         ends the chat, as Ctrl-D does',
  '//text        asks the model a question that starts with /',
  'Ctrl-C        stops an answer',
];

const COMMAND = /^\/([a-z]*)(?:\s+(.*))?$/i;

const PAGE = /#page=\d+$/;

/** The pictures of a question that failed, without those that were the reason: they would fail every question after it. */
export function withoutBroken(pictures: readonly string[], error: unknown): string[] {
  const isOfPicture = hasCode(error, 'BAD_PICTURE', 'FILE');
  return pictures.filter(
    (path) => !isOfPicture || (error.path !== path && error.path !== path.replace(PAGE, '')),
  );
}

/** What is asked about in words may be any file; what is dragged into them is a picture. */
function isPicture(path: string): boolean {
  const extension = extname(path.replace(PAGE, '')).toLowerCase();
  return [...PICTURE_EXTENSIONS, ...DOCUMENT_EXTENSIONS].includes(extension);
}

export function readChatLine(raw: string, surroundings?: PathSurroundings): ChatLine {
  const line = raw.trim();
  if (line === '') return { kind: 'nothing' };
  if (line.startsWith('//')) return { kind: 'question', text: line.slice(1), paths: [] };
  const alone = draggedInto(line, () => true, surroundings);
  if (alone.words === '') return { kind: 'pictures', paths: alone.paths };
  const [, name, argument = ''] = COMMAND.exec(line) ?? [];
  if (name === undefined) {
    const { paths, words } = draggedInto(line, isPicture, surroundings);
    return { kind: 'question', text: words, paths };
  }
  switch (name.toLowerCase()) {
    case 'image':
      return argument === ''
        ? { kind: 'help' }
        : { kind: 'pictures', paths: pastedPaths(argument, surroundings) };
    case 'drop':
      return { kind: 'drop' };
    case 'help':
      return { kind: 'help' };
    case 'quit':
    case 'exit':
      return { kind: 'quit' };
    default:
      return { kind: 'unknown', command: `/${name}` };
  }
}
