import { lstatSync, statSync, type Stats } from 'node:fs';

/**
 * What a path leads to in the end; undefined where that is nothing, or nothing that may be looked at: a link that leads in a circle, a
 * folder of somebody else's, a name that is too long, a disk that has gone. Whoever opens it says why.
 */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The same of the path itself, which may be a link. */
export function ownStatsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
