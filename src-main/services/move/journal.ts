import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { removeDurably, writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import type { MovingFile } from './files.ts';

const oneFile = { from: z.string(), to: z.string(), bytes: z.int().nonnegative() };

const schema = z.strictObject({
  files: z.array(
    z.strictObject({
      ...oneFile,
      others: z.array(z.strictObject(oneFile)).optional(),
      /** only the old file is left to delete, whatever became of the new one since */
      arrived: z.boolean().optional(),
    }),
  ),
});

/** Files of a move that may be in both folders, on disk before they are: what a crash leaves half done is ended by it. */
export class MoveJournal {
  readonly #path: string;

  constructor(home: string) {
    this.#path = join(home, 'moving.json');
  }

  read(): readonly (MovingFile & { readonly arrived?: boolean | undefined })[] {
    return readKept(this.#path, schema)?.files ?? [];
  }

  add(file: MovingFile): void {
    this.#write([...this.read(), file]);
  }

  arrived(file: MovingFile): void {
    this.#write(this.read().map((one) => (one.from === file.from ? { ...one, arrived: true } : one)));
  }

  remove(file: MovingFile): void {
    this.#write(this.read().filter(({ from }) => from !== file.from));
  }

  #write(files: ReturnType<MoveJournal['read']>): void {
    if (files.length > 0) writeFileAtomically(this.#path, JSON.stringify({ files }));
    else if (existsSync(this.#path)) removeDurably(this.#path);
  }
}
