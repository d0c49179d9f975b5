import { Readable } from 'node:stream';
import type { Protocol } from 'electron';
import { contentSecurityPolicy, pageFile } from '../doors/page-file.ts';
import { PICTURE_POLICY, pictureFile } from '../doors/picture-file.ts';
import type { Services } from '../services/services.ts';

export const SCHEME = 'snug';
export const PAGE = `${SCHEME}://app/index.html`;
const CONTENT_SECURITY_POLICY = contentSecurityPolicy({
  connect: "'none'",
  pictures: `${SCHEME}://pictures`,
});
const HASH = /^\/[0-9a-f]{64}$/;

/** Answers `snug://app/…` with the built page and `snug://pictures/<hash>` with a kept picture; nothing else. */
export function answer(url: string, page: string, services: Pick<Services, 'picturePath'>): Response {
  const { host, pathname } = new URL(url);
  if (host === 'pictures' && HASH.test(pathname)) return picture(pathname.slice(1), services);
  const file = host === 'app' ? pageFile(page, pathname) : undefined;
  if (!file) return nothing();
  return new Response(file.content, {
    headers: {
      'Content-Type': file.type,
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

function picture(hash: string, services: Pick<Services, 'picturePath'>): Response {
  try {
    const picture = pictureFile(services.picturePath(hash));
    if (!picture) return nothing();
    return new Response(Readable.toWeb(picture.content) as ReadableStream, {
      headers: {
        'Content-Type': picture.type,
        'Content-Security-Policy': PICTURE_POLICY,
        'X-Content-Type-Options': 'nosniff',
      },
    });
  } catch {
    return nothing();
  }
}

function nothing(): Response {
  return new Response('there is nothing here', {
    status: 404,
    headers: { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' },
  });
}

/** Until disposed. */
export function serveProtocol(protocol: Protocol, page: string, services: Services): Disposable {
  protocol.handle(SCHEME, (request) => answer(request.url, page, services));
  return { [Symbol.dispose]: () => protocol.unhandle(SCHEME) };
}
