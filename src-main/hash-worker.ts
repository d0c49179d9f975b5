import { hashContract } from './contract/workers/hash.ts';
import { serveWorker } from './engine/worker-child.ts';
import { hashStamped } from './files/hash.ts';

/** Far fewer messages than pieces that are read. */
const TELL_MILLISECONDS = 100;

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
});
