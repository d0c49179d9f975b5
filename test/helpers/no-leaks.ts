import { afterAll, beforeAll } from 'vitest';
import { leaksSince, openThings, type OpenThings } from './leaks.ts';

/** Sockets and processes take a moment to go after they were told to. */
const PATIENCE_MILLISECONDS = 5_000;
let before: OpenThings = [];

beforeAll(() => {
  before = openThings();
});

// a set-up file's hook runs last: what the file's own hooks close is closed
afterAll(async () => {
  const leaks = await leaksSince(before, PATIENCE_MILLISECONDS);
  if (leaks.length > 0) throw new Error(`these are still open:\n  ${leaks.join('\n  ')}`);
});
