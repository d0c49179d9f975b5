import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

const made = (): string => mkdtempSync(join(tmpdir(), 'snug-test-'));
const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** An empty folder that is removed when the running test ends. */
export function temporaryFolder(): string {
  const folder = made();
  onTestFinished(() => remove(folder));
  return folder;
}

/** An empty folder for all tests of a file, or of the `describe` it is called in; removed after the last of them. */
export function sharedFolder(): string {
  const folder = made();
  afterAll(() => remove(folder));
  return folder;
}
