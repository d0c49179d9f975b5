import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { z } from 'zod';
import { SnugError } from '../../contract/errors.ts';
import { discard, syncFileMeanwhile, writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { insist } from '../../files/retry-refused.ts';
import { writeError } from '../../files/write-error.ts';

/**
 * A gram: H, the mean over tokens of x·xᵀ, where x is what a matrix multiplication takes in. On disk raw little-endian float32, blocks
 * along the diagonal one after the other, each [b × b] row by row; beside it `<file>.json` with this head.
 */
const gramHeadSchema = z.object({
  columns: z.int().positive(),
  /** columns of each block; their sum is `columns` */
  blocks: z.array(z.int().positive()).min(1),
  tokens: z.int().positive(),
  /** what a picture's token counted, where a text's counted 1 */
  weightOfPictures: z.number().positive(),
  /** columns that were zero in every token */
  zeroColumns: z.int().nonnegative(),
});
export type GramHead = z.infer<typeof gramHeadSchema>;

export function gramBytes(blocks: readonly number[]): number {
  return blocks.reduce((sum, block) => sum + block * block, 0) * Float32Array.BYTES_PER_ELEMENT;
}

const headPath = (path: string) => `${path}.json`;

/** Writes a gram whole or not at all; `write` fills the empty file that it is given. */
export async function storeGram(
  path: string,
  head: GramHead,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    discard(temporary);
    // native code would make one that others may read
    closeSync(insist(() => openSync(temporary, 'wx', PRIVATE_FILE)));
    await write(temporary);
    await syncFileMeanwhile(temporary);
    insist(() => renameSync(temporary, path));
    // the head comes last: with it the gram is whole
    writeFileAtomically(headPath(path), JSON.stringify(head));
  } catch (error) {
    discard(temporary);
    throw writeError(error, path);
  }
}

/** What a finished gram says of itself; undefined where it is missing, cut off or of another form. */
function readGramHead(path: string): GramHead | undefined {
  const head = readKept(headPath(path), gramHeadSchema);
  const isWhole = head && existsSync(path) && statSync(path).size === gramBytes(head.blocks);
  return isWhole ? head : undefined;
}

/** A gram's blocks, each [b × b]. */
export function readGram(path: string): { readonly head: GramHead; readonly blocks: Float32Array[] } {
  const head = readGramHead(path);
  if (!head) {
    throw new SnugError('FILE', `${path} is missing or not whole`, {
      advice: 'Try again; it is made again.',
    });
  }
  const file = insist(() => readFileSync(path));
  let at = file.byteOffset;
  const blocks = head.blocks.map((size) => {
    const bytes = gramBytes([size]);
    const block = new Float32Array(file.buffer.slice(at, at + bytes));
    at += bytes;
    return block;
  });
  return { head, blocks };
}

export function dropGram(path: string): void {
  discard(headPath(path));
  discard(path);
}
