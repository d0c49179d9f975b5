import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** only names that the build gives its files: no way out of the folder */
const NAME = /^(\/assets)?\/[\w-][\w.-]*$/;

export interface PageFile {
  readonly type: string;
  readonly content: Buffer<ArrayBuffer>;
}

/** A file of the built window by the path of its address; undefined where there is none. */
export function pageFile(page: string, pathname: string): PageFile | undefined {
  const type = TYPES[extname(pathname)];
  if (type === undefined || !NAME.test(pathname) || pathname.includes('..')) return undefined;
  const path = join(page, pathname);
  return existsSync(path) ? { type, content: readFileSync(path) } : undefined;
}

/** Only what the page itself is made of and the app's own pictures; nothing from elsewhere, no inline code. */
export function contentSecurityPolicy({
  connect,
  pictures = '',
}: {
  connect: string;
  pictures?: string;
}): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: data: ${pictures}`.trim(),
    `connect-src ${connect}`,
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // markup made from text goes through Svelte's own templates and the sanitiser of answers, and nothing else
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html dompurify',
  ].join('; ');
}
