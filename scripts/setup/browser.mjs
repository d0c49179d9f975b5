import { existsSync } from 'node:fs';
import { run } from './processes.mjs';

// the same places as test/e2e/browser.ts looks
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser that the end-to-end tests use: installed on Debian when we may, else said how; tests are skipped without it. */
export async function ensureBrowser() {
  if (process.env.SNUG_CHROMIUM || PLACES.some(existsSync)) return;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && existsSync('/usr/bin/apt-get')) {
    console.error('Installing Chromium for the end-to-end tests (apt-get) …');
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', 'chromium']);
    if (PLACES.some(existsSync)) return;
  }
  console.error(
    'No Chromium found: the end-to-end tests will be skipped. Debian/Ubuntu: sudo apt install chromium; ' +
      'elsewhere install Chrome, or name a browser in SNUG_CHROMIUM.',
  );
}
