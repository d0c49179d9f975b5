import { extname, join } from 'node:path';
import { appRoot } from './root.ts';

// compiled for packaging they are .js
const extension = extname(import.meta.filename);
const entry = (name: string) => join(appRoot, 'src-main', `${name}${extension}`);

/** Where the worker processes start. */
export const workerEntries = {
  compress: entry('compress-worker'),
  chat: entry('chat-worker'),
  picture: entry('picture-worker'),
  read: entry('read-worker'),
  hash: entry('hash-worker'),
};
