import { closeSync, createReadStream, openSync, readSync, type ReadStream } from 'node:fs';

const HEAD_BYTES = 12;

const latin = (bytes: Buffer, from: number, to: number): string => bytes.toString('latin1', from, to);

/** The kinds that src-main/pictures takes, by how their files begin. */
const TYPES: readonly { readonly type: string; begins(head: Buffer): boolean }[] = [
  { type: 'image/jpeg', begins: (head) => latin(head, 0, 3) === '\xff\xd8\xff' },
  { type: 'image/png', begins: (head) => latin(head, 0, 8) === '\x89PNG\r\n\x1a\n' },
  { type: 'image/gif', begins: (head) => latin(head, 0, 4) === 'GIF8' },
  { type: 'image/webp', begins: (head) => latin(head, 0, 4) === 'RIFF' && latin(head, 8, 12) === 'WEBP' },
  { type: 'image/avif', begins: (head) => latin(head, 4, 8) === 'ftyp' },
];

/** What a browser is told of a picture: its kind, and that it is nothing else, whatever its bytes say. */
export const PICTURE_POLICY = "default-src 'none'; sandbox";

export interface PictureFile {
  readonly type: string;
  readonly content: ReadStream;
}

/** A kept picture as a page may show it; undefined when it begins like none. */
export function pictureFile(path: string): PictureFile | undefined {
  const file = openSync(path, 'r');
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    readSync(file, head, 0, HEAD_BYTES, 0);
  } finally {
    closeSync(file);
  }
  const type = TYPES.find((one) => one.begins(head))?.type;
  return type === undefined ? undefined : { type, content: createReadStream(path) };
}
