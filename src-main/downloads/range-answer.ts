import { brokenAnswer, portal, refusal, type AskedFor } from './hub-errors.ts';
import { parseContentRange, plainEtag, sha256OfEtag, type ByteRange } from './hub-answers.ts';
import type { Answer } from './http.ts';

/** What the hub and its storage say of a file. */
export interface RemoteFacts {
  /** of the whole file */
  readonly bytes: number;
  /** as the hub names this content, or its storage where that was asked directly */
  readonly etag: string | undefined;
  readonly sha256: string | undefined;
  readonly commit: string | undefined;
  /** as the storage names it, which need not be the hub's name */
  readonly storedEtag: string | undefined;
}

/** Part of a file that is being sent: from `start` to before `end`, which is all of it where the server knows no ranges. */
export interface RangeAnswer extends ByteRange {
  readonly facts: RemoteFacts;
  readonly hasRanges: boolean;
  /** the address that it came from in the end; asking there again saves the hub a question, as long as it lasts */
  readonly direct: URL;
  readonly host: string;
  readonly body: Answer['body'];
}

/**
 * Checks what was answered to a question for part of a file.
 * @throws SnugError what `refusal` says of its status; OFFLINE for a web page in its place; HUB for what contradicts itself
 */
export function rangeAnswer(
  answer: Answer,
  { range, asked }: { range: ByteRange; asked: AskedFor },
): RangeAnswer {
  const { status, headers, address } = answer;
  if (status !== 200 && status !== 206) throw refusal(answer, asked);
  const isPage = /html/i.test(headers.get('content-type') ?? '') && !/\.html?$/i.test(asked.path ?? '');
  if (isPage) throw portal(address.host);
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw brokenAnswer(address.host, `sends the file packed as ${encoding}`);
  const part = status === 206 ? partOf(answer, range) : wholeOf(answer);
  const hub = [...answer.hops, answer].filter((hop) => hop.address.origin === asked.hub.origin);
  const ofHub = (name: string) =>
    hub.map((hop) => hop.headers.get(name)).findLast((told) => told !== null) ?? null;
  const storedEtag = plainEtag(headers.get('etag'));
  const etag = plainEtag(ofHub('x-linked-etag')) ?? storedEtag;
  const linkedBytes = ofHub('x-linked-size');
  if (linkedBytes !== null && Number(linkedBytes) !== part.total)
    throw brokenAnswer(address.host, `says the file has ${part.total} bytes, the hub ${linkedBytes}`);
  return {
    start: part.start,
    end: part.end,
    facts: {
      bytes: part.total,
      etag,
      sha256: etag === undefined ? undefined : sha256OfEtag(etag),
      commit: ofHub('x-repo-commit') ?? undefined,
      storedEtag,
    },
    hasRanges: status === 206,
    direct: address,
    host: address.host,
    body: answer.body,
  };
}

function partOf({ headers, address }: Answer, range: ByteRange) {
  const part = parseContentRange(headers.get('content-range'));
  if (!part) throw brokenAnswer(address.host, 'does not say which part of the file it sends');
  if (part.start !== range.start || part.end !== Math.min(range.end, part.total))
    throw brokenAnswer(address.host, 'sends another part of the file than was asked for');
  return part;
}

function wholeOf({ headers, address }: Answer) {
  const told = headers.get('content-length') ?? '';
  if (!/^\d{1,15}$/.test(told)) throw brokenAnswer(address.host, 'does not say how long the file is');
  return { start: 0, end: Number(told), total: Number(told) };
}
