import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Content } from './content.ts';
import { faultOf, type Fault } from './faults.ts';

const PIECE_BYTES = 64 * 1024;

interface Sending {
  readonly content: Content;
  readonly headers: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
  readonly onSent: (bytes: number) => void;
}

/** Sends a file, or the part of it that was asked for. */
export async function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  { content, headers, faults, onSent }: Sending,
): Promise<void> {
  const range = faultOf(faults, 'no-ranges') ? undefined : rangeOf(request.headers.range, content.bytes);
  if (range === 'outside') {
    response.writeHead(416, { 'content-range': `bytes */${content.bytes}`, 'content-length': '0' }).end();
    return;
  }
  const extra = faultOf(faults, 'longer')?.bytes ?? 0;
  const { start, end } = range ?? { start: 0, end: content.bytes };
  const own = {
    'content-type': 'binary/octet-stream',
    // Node holds a response to the length that it told
    ...(extra === 0 ? { 'content-length': String(end - start) } : {}),
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${content.bytes}` } : {}),
    ...(faultOf(faults, 'no-ranges') ? {} : { 'accept-ranges': 'bytes' }),
    ...headers,
    ...faultOf(faults, 'headers')?.headers,
  };
  const told = Object.entries(own).filter(([, value]) => value !== '');
  response.writeHead(range ? 206 : 200, Object.fromEntries(told));
  await sendBytes(response, { content, start, end: end + Math.min(0, extra), faults, onSent });
  response.end(Buffer.alloc(Math.max(0, extra), 'x'));
}

async function sendBytes(
  response: ServerResponse,
  { content, start, end, faults, onSent }: Omit<Sending, 'headers'> & { start: number; end: number },
): Promise<void> {
  const cutAt = start + (faultOf(faults, 'cut')?.afterBytes ?? Infinity);
  const corruptAt = faultOf(faults, 'corrupt')?.at ?? -1;
  const speed = faultOf(faults, 'slow')?.bytesPerSecond;
  const began = performance.now();
  for (let at = start; at < end && !response.destroyed;) {
    const stop = Math.min(
      end,
      cutAt,
      at + (speed === undefined ? PIECE_BYTES : Math.min(PIECE_BYTES, Math.ceil(speed / 20))),
    );
    const piece = Buffer.from(content.read(at, stop - at));
    if (corruptAt >= at && corruptAt < stop) piece[corruptAt - at]! ^= 0xff;
    onSent(piece.length);
    if (!response.write(piece)) await room(response);
    at = stop;
    if (at >= cutAt) return cut(response);
    if (speed !== undefined)
      await pause(Math.max(0, ((at - start) / speed) * 1000 - (performance.now() - began)));
  }
}

async function room(response: ServerResponse): Promise<void> {
  const waiting = new AbortController();
  const happened = (event: string) =>
    once(response, event, { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([happened('drain'), happened('close')]);
  waiting.abort();
}

/** What was counted as sent is sent before. */
async function cut(response: ServerResponse): Promise<void> {
  while ((response.socket?.writableLength ?? 0) > 0) await pause(1);
  response.socket?.destroy();
}

function rangeOf(
  told: string | undefined,
  bytes: number,
): { start: number; end: number } | 'outside' | undefined {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(told ?? '') ?? [];
  if (first === undefined) return undefined;
  const start = Number(first);
  if (start >= bytes) return 'outside';
  return { start, end: last ? Math.min(bytes, Number(last) + 1) : bytes };
}
