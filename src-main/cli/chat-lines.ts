import { existsSync } from 'node:fs';
import { pastedPaths } from '../pasted-paths.ts';

/** A line that was typed in `snug chat`. */
export type ChatLine =
  | { readonly kind: 'nothing' | 'help' | 'quit' }
  | { readonly kind: 'pictures'; readonly paths: readonly string[] }
  | { readonly kind: 'unknown'; readonly command: string }
  | { readonly kind: 'question'; readonly text: string };

export const CHAT_HELP = [
  '/image FILE   adds a picture to the next question; a file dragged here does, too',
  '/help         shows this list',
  '/quit         ends the chat, as Ctrl-D does',
  '//text        asks the model a question that starts with /',
  'Ctrl-C        stops an answer',
];

const COMMAND = /^\/([a-z]*)(?:\s+(.*))?$/i;
/** How a file starts that was dragged into the terminal. */
const DRAGGED = /^(?:["'~/]|file:|[a-z]:\\)/i;

export function readChatLine(raw: string, exists: (path: string) => boolean = existsSync): ChatLine {
  const line = raw.trim();
  if (line === '') return { kind: 'nothing' };
  if (line.startsWith('//')) return { kind: 'question', text: line.slice(1) };
  if (DRAGGED.test(line)) {
    const paths = pastedPaths(line);
    if (paths.length > 0 && paths.every(exists)) return { kind: 'pictures', paths };
  }
  const [, name, argument = ''] = COMMAND.exec(line) ?? [];
  if (name === undefined) return { kind: 'question', text: line };
  switch (name.toLowerCase()) {
    case 'image':
      return argument === '' ? { kind: 'help' } : { kind: 'pictures', paths: pastedPaths(argument) };
    case 'help':
      return { kind: 'help' };
    case 'quit':
    case 'exit':
      return { kind: 'quit' };
    default:
      return { kind: 'unknown', command: `/${name}` };
  }
}
