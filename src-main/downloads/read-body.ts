import { setImmediate } from 'node:timers/promises';
import type { Answer } from './http.ts';
import { brokenAnswer } from './hub-errors.ts';
import { networkError } from './http-errors.ts';

/** Gives up what is left of an answer, which closes its connection. */
export function abandon(body: Answer['body']): void {
  body.on('error', () => undefined).destroy();
}

/** The chunks of a body; what goes wrong on the way is a SnugError. */
export async function* chunksOf(body: Answer['body'], host: string): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw networkError(error, host);
  }
  // undici takes a connection as free from the next turn of the event loop on: who asks before that gets another
  await setImmediate();
}

/**
 * So many bytes of a body, which has no others unless it may be `ofMore`: the rest is then not asked for.
 * @throws SnugError HUB when it has fewer or more
 */
export async function readBody(
  body: Answer['body'],
  { bytes, host, ofMore = false }: { bytes: number; host: string; ofMore?: boolean },
): Promise<Buffer> {
  const content = Buffer.alloc(bytes);
  let filled = 0;
  for await (const chunk of chunksOf(body, host)) {
    if (filled + chunk.length > bytes && !ofMore) throw brokenAnswer(host, 'sent more than it said');
    filled += chunk.copy(content, filled);
    if (filled === bytes && ofMore) return content;
  }
  if (filled < bytes) throw brokenAnswer(host, 'cut its answer off');
  return content;
}

/** @throws SnugError HUB when it is longer */
export async function readText(
  body: Answer['body'],
  { mostBytes, host }: { mostBytes: number; host: string },
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(body, host)) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw brokenAnswer(host, 'sent more than any answer has');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
