import { createHash } from 'node:crypto';
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { workFolder } from '../home.ts';
import { throwIfCancelled } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES } from '../contract/wire.ts';
import { makeFolder, removeDurably, syncFolder, writeWholly } from '../files/durable-files.ts';
import { writeError } from '../files/write-error.ts';
import { PRIVATE_FILE } from '../files/private-files.ts';
import { takeLock } from '../store/lock.ts';
import type { ImageLimits } from '../models/image-limits.ts';
import { readRegularFile } from '../files/regular-file.ts';
import type { TaskQuestion } from './tasks/task.ts';
import { insist } from '../files/retry-refused.ts';

/** What an answer depends on beside its question. */
export interface AnsweredBy {
  readonly modelSha256: string;
  readonly mmprojSha256: string;
  readonly task: string;
  readonly imageTokens: ImageLimits;
  readonly maxTokens: number;
}

export interface KeptAnswer {
  readonly answer: string;
  /** it reached the most tokens that an answer may have */
  readonly cut: boolean;
}

/** To be raised when questions are asked in another way: other prompts, another sampler. */
const WAY_OF_ASKING = 2;

export function answersPath(home: string, by: AnsweredBy): string {
  const { modelSha256, mmprojSha256, task, imageTokens, maxTokens } = by;
  const identity = [
    ...[WAY_OF_ASKING, modelSha256, mmprojSha256, task],
    ...[imageTokens.minTokens, imageTokens.maxTokens, maxTokens],
  ];
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return join(workFolder(home), 'evaluate', `${key}.jsonl`);
}

/**
 * `asked` is the hash of what was asked, prompt and picture: ids are unique within one data file only, and a picture that was
 * mended is another one.
 */
const lineSchema = z.object({ id: z.string(), answer: z.string(), asked: z.string(), cut: z.boolean() });
type Line = z.infer<typeof lineSchema>;

/** Answers in a file of JSON Lines, each there as soon as it was given; open in one process at a time. */
export class KeptAnswers implements Disposable {
  readonly path: string;
  readonly #lock: Disposable;
  readonly #fd: number;
  readonly #ids = new Set<string>();
  readonly #byAsked = new Map<string, KeptAnswer>();
  readonly #pictureHashes = new Map<string, string>();

  private constructor(path: string, lock: Disposable, fd: number) {
    this.path = path;
    this.#lock = lock;
    this.#fd = fd;
  }

  /**
   * Opens the file, or makes it; a last line that a killed run left half-written is cut off.
   * @throws SnugError BUSY while another process holds it, CANNOT_WRITE
   */
  static open(path: string, options: { fresh?: boolean | undefined } = {}): KeptAnswers {
    const lock = takeLock(`${path}.lock`, 'evaluating this model on this task');
    try {
      makeFolder(dirname(path));
      if (options.fresh) removeDurably(path);
      const lines = readWholeLines(path);
      const kept = new KeptAnswers(
        path,
        lock,
        insist(() => openSync(path, 'a', PRIVATE_FILE)),
      );
      syncFolder(dirname(path));
      for (const line of lines) kept.#remember(line);
      return kept;
    } catch (error) {
      lock[Symbol.dispose]();
      throw writeError(error, path);
    }
  }

  #remember({ id, answer, asked, cut }: Line): void {
    this.#ids.add(id);
    this.#byAsked.set(asked, { answer, cut });
  }

  /** The answers that these questions already have, by id. */
  async find(questions: readonly TaskQuestion[], signal?: AbortSignal): Promise<Map<string, KeptAnswer>> {
    const found = new Map<string, KeptAnswer>();
    // to hash a benchmark's pictures takes a while: only where there may be an answer
    for (const question of questions.filter(({ id }) => this.#ids.has(id))) {
      throwIfCancelled(signal);
      const kept = this.#byAsked.get(await this.#hash(question));
      if (kept) found.set(question.id, kept);
    }
    return found;
  }

  async add(question: TaskQuestion, { answer, cut }: KeptAnswer): Promise<void> {
    const line: Line = { id: question.id, answer, asked: await this.#hash(question), cut };
    try {
      writeWholly(this.#fd, Buffer.from(`${JSON.stringify(line)}\n`));
      // an answer takes seconds, and this a few thousandths
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw writeError(error, this.path);
    }
    this.#remember(line);
  }

  async #hash({ prompt, picture }: TaskQuestion): Promise<string> {
    return sha256(`${await this.#pictureHash(picture)} ${prompt}`);
  }

  async #pictureHash(picture: TaskQuestion['picture']): Promise<string> {
    if (picture === undefined) return 'no picture';
    return typeof picture === 'string' ? this.#pictureFileHash(picture) : sha256(picture);
  }

  async #pictureFileHash(path: string): Promise<string> {
    const known = this.#pictureHashes.get(path);
    if (known !== undefined) return known;
    const hash = sha256(await readPicture(path));
    this.#pictureHashes.set(path, hash);
    return hash;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    this.#lock[Symbol.dispose]();
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function readPicture(path: string): Promise<Uint8Array> {
  // a benchmark has thousands: between them a signal to stop is heard
  await nextTurn();
  return readRegularFile(path, { mostBytes: MOST_PICTURE_BYTES });
}

function readWholeLines(path: string): Line[] {
  if (!existsSync(path)) return [];
  const bytes = insist(() => readFileSync(path));
  const end = bytes.lastIndexOf('\n') + 1;
  if (end < bytes.length) truncateSync(path, end);
  return bytes
    .toString('utf8', 0, end)
    .split('\n')
    .flatMap((text) => parseLine(text) ?? []);
}

/** undefined for what a power cut left of a line: its question is asked again */
function parseLine(text: string): Line | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
