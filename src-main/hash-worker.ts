import { constants, setPriority } from 'node:os';
import { hashContract } from './contract/workers/hash.ts';
import { serveWorker } from './engine/worker-child.ts';
import { hashStamped } from './files/hash.ts';
import { SteppedHash } from './files/stepped-hash.ts';

/** Far fewer messages than pieces that are read. */
const TELL_MILLISECONDS = 100;
/** Files that are read side by side: one in the background, and those that somebody waits for. */
const MOST_OPEN = 8;

const open = new Map<string, SteppedHash>();
let givesWay = false;

function begin(path: string): SteppedHash {
  giveWay();
  end(path);
  const [longest] = open.keys();
  if (longest !== undefined && open.size >= MOST_OPEN) end(longest);
  const hash = new SteppedHash(path);
  open.set(path, hash);
  return hash;
}

function end(path: string): void {
  open.get(path)?.[Symbol.dispose]();
  open.delete(path);
}

function giveWay(): void {
  if (givesWay) return;
  givesWay = true;
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // a system that does not allow even that: the steps leave pauses
  }
}

serveWorker(hashContract, {
  hash: async ({ path }, { signal, emit }) => {
    let toldAt = 0;
    return hashStamped(path, {
      signal,
      onProgress: (done, total) => {
        if (done < total && performance.now() - toldAt < TELL_MILLISECONDS) return;
        toldAt = performance.now();
        emit({ done, total });
      },
    });
  },
  step: ({ path, bytes, begins }) => {
    const hash = (begins ? undefined : open.get(path)) ?? begin(path);
    try {
      const sha256 = hash.step(bytes);
      if (sha256 !== null) end(path);
      return { sha256, stamp: hash.stamp };
    } catch (error) {
      end(path);
      throw error;
    }
  },
});
