import { relative } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** How long a test is waited for in silence. */
const SILENCE_MS = 20_000;
let timer: NodeJS.Timeout | undefined;

beforeEach(({ task }) => {
  const since = Date.now();
  timer = setInterval(() => {
    const seconds = Math.round((Date.now() - since) / 1000);
    process.stderr.write(
      ` … ${seconds} s in ${relative(process.cwd(), task.file.filepath)} › ${task.name}\n`,
    );
  }, SILENCE_MS);
  timer.unref();
});
afterEach(() => clearInterval(timer));
