import { hasCode } from '../../contract/errors.ts';
import { PassingError } from '../../downloads/http-errors.ts';

/** A hub that cannot be reached is asked again after these, the last over and over. */
const WAITS_MILLISECONDS = [15_000, 60_000, 300_000] as const;
/** A clock that is wrong, here or there, must not stop a download for years. */
const MOST_MILLISECONDS = 24 * 3_600_000;

/**
 * Milliseconds until a download is tried again by itself after so many failures: a laptop that was closed or left its network goes on,
 * and a hub that asked to wait is asked no sooner. undefined where somebody has to do something first.
 */
export function waitAfterFailure(error: unknown, failures: number): number | undefined {
  if (!hasCode(error, 'OFFLINE', 'RATE_LIMITED')) return undefined;
  const own = WAITS_MILLISECONDS[Math.min(failures, WAITS_MILLISECONDS.length) - 1] ?? WAITS_MILLISECONDS[0];
  const asked = error instanceof PassingError ? (error.waitMilliseconds ?? 0) : 0;
  return Math.min(MOST_MILLISECONDS, Math.max(own, asked));
}
