import { SnugError } from '../contract/errors.ts';
import { DEFAULT_HUB, hubAddressProblem, mayHaveToken } from '../contract/hub-setting.ts';
import { portal, refusal, type AskedFor } from './hub-errors.ts';
import { modelAnswerSchema, type ByteRange, type ModelAnswer } from './hub-answers.ts';
import type { Answer, Http } from './http.ts';
import { leadsToPrivateHost } from './private-address.ts';
import type { Reach } from './proxy.ts';
import { rangeAnswer, type RangeAnswer } from './range-answer.ts';
import { abandon, readBody, readText } from './read-body.ts';
import { checkRepositoryPath } from './repository-path.ts';
import { SHORT_PATIENCE, withRetries, type RetryPolicy } from './retry.ts';
import { visibleLine } from '../text/visible-text.ts';

interface RepositoryFile {
  /** with "/" between its parts */
  readonly path: string;
  readonly bytes: number;
  /** in hex; of what is stored as a large file, as every model is */
  readonly sha256: string | undefined;
  /** as the hub names this content: the SHA-256, or git's number of a small file */
  readonly etag: string | undefined;
}

export interface RepositoryFiles {
  /** OWNER/NAME as the hub spells it now: a repository may have been renamed */
  readonly repository: string;
  /** the commit that the revision stands for; its files never change */
  readonly commit: string;
  /** whether a licence has to be accepted before files are given, and whether the publisher answers by hand */
  readonly gated: false | 'auto' | 'manual';
  /** as its card names it: "apache-2.0", "gemma", … */
  readonly licence: string | undefined;
  /** its page, where a licence is read and accepted */
  readonly page: string;
  readonly files: readonly RepositoryFile[];
}

/** A file of a repository at a revision. */
export interface HubFile {
  readonly repository: string;
  /** a branch, a tag or a commit */
  readonly revision: string;
  readonly path: string;
}

export interface HubOptions {
  readonly http: Http;
  /** https://huggingface.co, or a mirror that speaks as it does; its path, if it has one, stands before all others */
  readonly address?: string | undefined;
  readonly token?: string | undefined;
  /** of questions that a person waits for the answer of */
  readonly patience?: RetryPolicy | undefined;
}

/** The answer for the largest repository has some megabytes. */
const MOST_ANSWER_BYTES = 64 * 2 ** 20;
const REPOSITORY = /^[\w.-]{1,96}\/[\w.-]{1,96}$/;

/** A model hub that speaks as huggingface.co does. Every answer is checked; nothing is kept between two questions. */
export class Hub {
  readonly address: URL;
  readonly #http: Http;
  readonly #token: string | undefined;
  readonly #patience: RetryPolicy;
  #reach: Promise<Reach> | undefined;

  /** @throws SnugError BAD_ARGUMENT when the address is none */
  constructor({ http, address = DEFAULT_HUB, token, patience = SHORT_PATIENCE }: HubOptions) {
    this.address = hubUrl(address);
    this.#http = http;
    this.#token = mayHaveToken(this.address.href) ? token : undefined;
    this.#patience = patience;
  }

  /**
   * The files of a repository.
   * @throws SnugError NOT_FOUND, NEEDS_LICENCE, TOKEN_REFUSED, RATE_LIMITED, OFFLINE, HUB; CANCELLED
   */
  async files(repository: string, revision = 'main', signal?: AbortSignal): Promise<RepositoryFiles> {
    checkRepository(repository);
    checkRevision(revision);
    const address = this.#at(`api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`);
    const asked = this.#asked({ repository, revision });
    const told = await withRetries(() => this.#json(address, asked, signal), this.#patience, signal);
    // what is no name could lead a person to a page of somebody else's
    const spelled = isRepository(told.id) ? told.id : repository;
    return {
      repository: spelled,
      commit: told.sha,
      gated: told.gated,
      licence: licenceOf(told),
      page: this.pageAddress(spelled),
      files: told.siblings.map((file) => fileOf(file, this.address.host)),
    };
  }

  /**
   * Part of a file, to look into it before it is downloaded; shorter where the file ends before.
   * @throws as `files`, and CHANGED where the file ends before `start`
   */
  async readRange(file: HubFile, range: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    const read = async (): Promise<Buffer> => {
      const answer = await this.openRange(file, range, signal);
      const wanted = Math.min(range.end, answer.end) - answer.start;
      if (answer.hasRanges) return readBody(answer.body, { bytes: wanted, host: answer.host });
      if (wanted > MOST_ANSWER_BYTES) {
        abandon(answer.body);
        throw new SnugError('HUB', `${answer.host} sends files as a whole alone`, {
          advice: 'Download the file first.',
        });
      }
      // its beginning comes along
      return (await readBody(answer.body, { bytes: wanted, host: answer.host, ofMore: true })).subarray(
        range.start,
      );
    };
    return withRetries(read, this.#patience, signal);
  }

  /** Opens part of a file, once, from the hub or from where it led to before (`direct`); its body has to be read or destroyed. */
  async openRange(file: HubFile, range: ByteRange, signal?: AbortSignal, direct?: URL): Promise<RangeAnswer> {
    const address = this.fileAddress(file);
    const headers = { range: `bytes=${range.start}-${range.end - 1}`, 'accept-encoding': 'identity' };
    const answer = await this.#get(direct ?? address, headers, signal);
    try {
      return rangeAnswer(answer, { range, asked: this.#asked(file) });
    } catch (error) {
      abandon(answer.body);
      throw error;
    }
  }

  /** Where a file is downloaded from, before any redirect. */
  fileAddress({ repository, revision, path }: HubFile): URL {
    checkRepository(repository);
    checkRevision(revision);
    checkRepositoryPath(path);
    const parts = path.split('/').map(encodeURIComponent).join('/');
    return this.#at(`${repository}/resolve/${encodeURIComponent(revision)}/${parts}`);
  }

  pageAddress(repository: string): string {
    return this.#at(repository).href;
  }

  #at(rest: string): URL {
    return new URL(rest, this.address);
  }

  #asked(asked: Pick<HubFile, 'repository' | 'revision'> & { path?: string }): AskedFor {
    return {
      ...asked,
      page: this.pageAddress(asked.repository),
      hub: this.address,
      hasToken: this.#token !== undefined,
    };
  }

  async #get(address: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<Answer> {
    const reach = await this.#mayReach();
    const bearer =
      this.#token === undefined ? undefined : { token: this.#token, origin: this.address.origin };
    return this.#http.get(address, { headers, bearer, reach, signal });
  }

  /** A hub of the person's own network may lead there, one of the internet may not. */
  #mayReach(): Promise<Reach> {
    const isUsual = this.address.href === hubUrl(DEFAULT_HUB).href;
    return (this.#reach ??= isUsual
      ? Promise.resolve('public')
      : leadsToPrivateHost(this.address.hostname).then((isPrivate) => (isPrivate ? 'anywhere' : 'public')));
  }

  async #json(address: URL, asked: AskedFor, signal: AbortSignal | undefined): Promise<ModelAnswer> {
    const answer = await this.#get(address, { accept: 'application/json' }, signal);
    const { host } = answer.address;
    if (answer.status !== 200) {
      abandon(answer.body);
      throw refusal(answer, asked);
    }
    const text = await readText(answer.body, { mostBytes: MOST_ANSWER_BYTES, host });
    if (/html/i.test(answer.headers.get('content-type') ?? '')) throw portal(host);
    try {
      return modelAnswerSchema.parse(JSON.parse(text));
    } catch (error) {
      throw new SnugError('HUB', `${host} does not answer as a model hub does`, {
        advice: 'Check the address of the hub.',
        cause: error,
      });
    }
  }
}

function hubUrl(address: string): URL {
  const problem = hubAddressProblem(address);
  if (problem !== null)
    throw new SnugError('BAD_ARGUMENT', `${address} is no address of a model hub`, { advice: problem });
  return new URL(address.replace(/\/*$/, '/'));
}

function isRepository(name: string): boolean {
  return REPOSITORY.test(name) && !/(?:^|\/)\.|\.\./.test(name);
}

function checkRepository(repository: string): void {
  if (isRepository(repository)) return;
  throw new SnugError('BAD_ARGUMENT', `${repository} is no name of a repository`, {
    advice: 'Write it like Qwen/Qwen2.5-VL-7B-Instruct-GGUF.',
  });
}

/** An address would leave the repository by "..", and half a letter is in no address. */
function checkRevision(revision: string): void {
  if (revision.isWellFormed() && !/^\.{0,2}$/.test(revision)) return;
  throw new SnugError('BAD_ARGUMENT', `${visibleLine(revision, 100)} is no name of a revision`, {
    advice: 'Take main, or a branch, tag or commit that the page of the repository lists.',
  });
}

function fileOf(
  { rfilename, size, blobId, lfs }: ModelAnswer['siblings'][number],
  host: string,
): RepositoryFile {
  checkRepositoryPath(rfilename);
  const bytes = lfs?.size ?? size ?? undefined;
  // whether it fits is said before it is downloaded
  if (bytes === undefined && /\.gguf$/i.test(rfilename))
    throw new SnugError('HUB', `${host} does not say how large ${visibleLine(rfilename, 200)} is`, {
      advice: 'Set the address of another hub.',
    });
  return {
    path: rfilename,
    bytes: bytes ?? 0,
    sha256: lfs?.sha256,
    etag: lfs?.sha256 ?? blobId ?? undefined,
  };
}

/** A licence of a publisher's own is "other" with a name. */
function licenceOf({ cardData }: ModelAnswer): string | undefined {
  const [licence] = [cardData?.license ?? []].flat();
  return licence === 'other' ? (cardData?.license_name ?? licence) : licence;
}
