import { closeSync, constants, fdatasync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writeFileAtomically } from '../files/durable-files.ts';
import type { Modes } from '../files/private-files.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { insist } from '../files/retry-refused.ts';
import type { ByteRange } from './hub-answers.ts';
import { ByteRanges } from './byte-ranges.ts';

const writeMeanwhile = promisify(write);
const syncMeanwhile = promisify(fdatasync);

const beginningSchema = z.strictObject({
  version: z.literal(1),
  repository: z.string(),
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  /** as the hub names the content; by it a file that has changed is told from the one that was begun */
  etag: z.string().nullable(),
});

/** Which content a partial file is of. */
export type PartIdentity = Omit<z.infer<typeof beginningSchema>, 'version'>;

const RANGE = /^(\d{1,15}) (\d{1,15})$/;
const MOST_BYTES = 64 * 2 ** 20;

/**
 * A small file beside a partial one that says which content it is of and which of its bytes are on the disk: a line of JSON, then a line a
 * range, "START END". What it says is true after a power cut: whoever adds a range has synced its bytes before.
 */
export class Journal implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Begins one with what is there already; what lay in its place is gone. */
  static begin(path: string, identity: PartIdentity, done: ByteRanges, modes: Modes): Journal {
    const lines = done.ranges.map(lineOf).join('');
    writeFileAtomically(path, `${JSON.stringify({ version: 1, ...identity })}\n${lines}`, modes);
    return new Journal(insist(() => openSync(path, constants.O_WRONLY | constants.O_APPEND)));
  }

  async add(ranges: ByteRanges): Promise<void> {
    const lines = Buffer.from(ranges.ranges.map(lineOf).join(''));
    for (let done = 0; done < lines.length;)
      done += (await writeMeanwhile(this.#fd, lines, done)).bytesWritten;
    await syncMeanwhile(this.#fd);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function lineOf({ start, end }: ByteRange): string {
  return `${start} ${end}\n`;
}

/** What a journal says; undefined where there is none that can be read. What a kill or a power cut left of its last line is ignored. */
export function readJournal(path: string): { identity: PartIdentity; done: ByteRanges } | undefined {
  try {
    const text = readRegularFile(path, { mostBytes: MOST_BYTES }).toString('utf8');
    const [first = '', ...lines] = text.split('\n').slice(0, -1);
    const { version: _, ...identity } = beginningSchema.parse(JSON.parse(first));
    const done = new ByteRanges();
    for (const line of lines) {
      const [, start, end] = RANGE.exec(line) ?? [];
      if (start === undefined || Number(end) > identity.bytes) break;
      done.add({ start: Number(start), end: Number(end) });
    }
    return { identity, done };
  } catch {
    // none, or none of ours: the download begins anew
    return undefined;
  }
}
