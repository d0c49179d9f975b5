import { setMaxListeners } from 'node:events';
import { CancelledError } from '../contract/errors.ts';
import type { FollowingHash } from './following-hash.ts';
import { Gathered } from './gathered.ts';
import { brokenAnswer } from './hub-errors.ts';
import type { PartFile } from './part-file.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { chunksOf } from './read-body.ts';
import type { RemoteSource } from './remote-source.ts';
import { pauseFor, waitAfter, type RetryPolicy } from './retry.ts';
import type { SpeedLimit } from './speed-limit.ts';

/** What a connection asks for at once: long enough that the time between two questions does not count, … */
const MOST_PIECE_BYTES = 16 * 2 ** 20;
const LEAST_PIECE_BYTES = 2 ** 20;
/** … and several a connection, so that none is left with much when the others are done. */
const PIECES_A_CONNECTION = 4;
/** Failures in a row, while others fetch, after which a connection gives up. */
const REFUSALS = 3;

export interface TransferParts {
  readonly source: RemoteSource;
  readonly part: PartFile;
  readonly hash: FollowingHash;
  readonly meter: ProgressMeter;
  readonly limit: SpeedLimit;
  readonly patience: RetryPolicy;
  readonly connections: number;
  /** looks at the first bytes of the file; throws where they cannot be its */
  readonly checkBeginning: (bytes: Buffer) => void;
  /** looks whether the disk holds the rest; throws before it is full, which would harm others */
  readonly checkRoom: () => void;
}

/** What a connection is fetching; `at` moves on with what is written. */
interface Piece {
  at: number;
  readonly end: number;
}

/** Fetches what a partial file lacks, over several connections where the server sends parts. */
export class Transfer {
  readonly #parts: TransferParts;
  /** connections at work, and those of them that wait for a while to pass */
  #working = 0;
  #waiting = 0;
  /** when anything was written last, on the clock of `performance` */
  #wroteAt = -Infinity;

  constructor(parts: TransferParts) {
    this.#parts = parts;
  }

  /** @throws the first error of any connection that does not pass; what was written stays. CANCELLED */
  async run(given: AbortSignal | undefined): Promise<void> {
    const stop = new AbortController();
    const signal = given ? AbortSignal.any([given, stop.signal]) : stop.signal;
    // each connection listens, and each of its pauses
    setMaxListeners(0, signal);
    const queue = this.#pieces();
    let failure: { readonly reason: unknown } | undefined;
    const lane = async (): Promise<void> => {
      this.#working++;
      try {
        for (let piece = queue.shift(); piece; piece = queue.shift()) {
          this.#parts.checkRoom();
          if (await this.#fetch(piece, signal)) continue;
          queue.unshift(piece);
          return;
        }
      } catch (reason) {
        failure ??= { reason };
        stop.abort();
      } finally {
        this.#working--;
      }
    };
    this.#show();
    await Promise.all(Array.from({ length: Math.min(this.#parts.connections, queue.length) }, lane));
    if (given?.aborted) throw new CancelledError();
    if (failure) throw failure.reason;
  }

  #pieces(): Piece[] {
    const { source, part, connections } = this.#parts;
    const { bytes } = source.facts;
    const even = Math.ceil(bytes / (connections * PIECES_A_CONNECTION));
    const pieceBytes = Math.min(MOST_PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, even));
    const missing = part.written.missing(bytes, source.hasRanges ? pieceBytes : Infinity);
    const [first] = missing;
    // each question to a server without ranges costs the whole file
    const pieces = source.hasRanges || !first ? missing : [{ start: first.start, end: bytes }];
    return pieces.map(({ start, end }) => ({ at: start, end }));
  }

  /** False when this connection alone is refused, as by a server that allows fewer: the others fetch what is left of the piece. */
  async #fetch(piece: Piece, signal: AbortSignal): Promise<boolean> {
    let failedAt = Infinity;
    for (let failures = 0; piece.at < piece.end;) {
      const { at } = piece;
      try {
        await this.#read(piece, signal);
      } catch (error) {
        failures = piece.at > at ? 1 : failures + 1;
        const wait = waitAfter(error, failures, this.#parts.patience);
        const doOthersWork = this.#working > 1 && this.#wroteAt > failedAt;
        if (wait !== undefined && failures >= REFUSALS && doOthersWork) return false;
        if (wait === undefined) throw error;
        failedAt = performance.now();
        await this.#wait(wait, signal);
      }
    }
    return true;
  }

  /** Reads once, as far as it goes; what came before an error is written. */
  async #read(piece: Piece, signal: AbortSignal): Promise<void> {
    const { source, limit } = this.#parts;
    const answer = await source.open({ start: piece.at, end: piece.end }, signal);
    let position = answer.start;
    const gathered = new Gathered((bytes) => this.#write(piece, bytes));
    try {
      for await (const chunk of chunksOf(answer.body, answer.host)) {
        if (position + chunk.length > answer.end) throw brokenAnswer(answer.host, 'sent more than it said');
        // a server without ranges sends again what is there
        const known = piece.at + gathered.bytes - position;
        position += chunk.length;
        await gathered.add(chunk.subarray(Math.max(0, known)));
        await limit.take(chunk.length, signal);
      }
    } finally {
      await gathered.write();
    }
    if (piece.at < piece.end) throw brokenAnswer(answer.host, 'cut the file off');
  }

  async #write(piece: Piece, bytes: Buffer): Promise<void> {
    const { part, hash, checkBeginning } = this.#parts;
    if (piece.at === 0) checkBeginning(bytes);
    await part.write(piece.at, bytes);
    piece.at += bytes.length;
    this.#wroteAt = performance.now();
    hash.follow(part.written.prefix);
    this.#show();
  }

  async #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.#waiting++;
    this.#show();
    try {
      await pauseFor(milliseconds, signal);
    } finally {
      this.#waiting--;
    }
  }

  #show(): void {
    const { part, source, meter } = this.#parts;
    const { bytes } = source.facts;
    const state = this.#waiting > 0 && this.#waiting === this.#working ? 'waiting' : 'downloading';
    meter.show({ state, doneBytes: part.written.bytes, bytes });
  }
}
