import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that holds package.json, native and resources: the checkout, or the archive of a packaged app. */
export const appRoot = dirname(import.meta.dirname);

/** The same for files that native code opens by itself: it can't look into an archive, so packaging puts them beside it. */
export const unpackedRoot = appRoot.replace(/app\.asar$/, 'app.asar.unpacked');

export const demoModel = join(unpackedRoot, 'resources', 'demo-model', 'demo-vl-f16.gguf');

/** The models that Snug offers to download. */
export const ownCatalogue = join(appRoot, 'resources', 'catalogue.json');

export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(appRoot, 'package.json'), 'utf8')) as { version: string };
  return version;
}
