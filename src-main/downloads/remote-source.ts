import { SnugError } from '../contract/errors.ts';
import { brokenAnswer } from './hub-errors.ts';
import type { Hub, HubFile } from './hub.ts';
import type { ByteRange } from './hub-answers.ts';
import type { RangeAnswer, RemoteFacts } from './range-answer.ts';
import { abandon, readBody } from './read-body.ts';

/** A file of a hub, which stays the same file as long as it is read, and remembers where the hub led to. */
export class RemoteSource {
  readonly facts: RemoteFacts;
  readonly hasRanges: boolean;
  readonly #hub: Hub;
  readonly #file: HubFile;
  #direct: { readonly address: URL; readonly etag: string | undefined } | undefined;

  private constructor(hub: Hub, file: HubFile, first: RangeAnswer) {
    this.#hub = hub;
    this.#file = file;
    this.facts = first.facts;
    this.hasRanges = first.hasRanges;
  }

  /** Asks for the first byte alone, which tells all the rest. */
  static async find(hub: Hub, file: HubFile, signal: AbortSignal | undefined): Promise<RemoteSource> {
    const first = await hub.openRange(file, { start: 0, end: 1 }, signal);
    // read to its end, so that its connection is used again
    if (first.hasRanges) await readBody(first.body, { bytes: 1, host: first.host });
    else abandon(first.body);
    return new RemoteSource(hub, file, first);
  }

  /**
   * Opens part of it.
   * @throws as `Hub.openRange`, and CHANGED when it is not the same file any more
   */
  async open(range: ByteRange, signal: AbortSignal | undefined): Promise<RangeAnswer> {
    const direct = this.#direct;
    const answer = await this.#openAt(direct?.address, range, signal);
    try {
      this.#check(answer, direct);
    } catch (error) {
      abandon(answer.body);
      throw error;
    }
    if (!direct) this.#direct = { address: answer.direct, etag: answer.facts.storedEtag };
    return answer;
  }

  async #openAt(
    direct: URL | undefined,
    range: ByteRange,
    signal: AbortSignal | undefined,
  ): Promise<RangeAnswer> {
    try {
      return await this.#hub.openRange(this.#file, range, signal, direct);
    } catch (error) {
      // a link that the hub gave is good for a while alone
      if (this.#direct?.address === direct) this.#direct = undefined;
      throw error;
    }
  }

  #check(
    { facts, hasRanges, host }: RangeAnswer,
    direct: { readonly etag: string | undefined } | undefined,
  ): void {
    const [etag, known] = direct ? [facts.storedEtag, direct.etag] : [facts.etag, this.facts.etag];
    if (facts.bytes !== this.facts.bytes || etag !== known) throw changed(this.#file);
    if (this.hasRanges && !hasRanges)
      throw brokenAnswer(host, 'sends the whole file where a part was asked for');
  }
}

export function changed({ repository, path }: HubFile): SnugError {
  return new SnugError('CHANGED', `${path} of ${repository} was replaced on the hub`, {
    advice: 'Look at the repository again: what is there now may have another size.',
  });
}
