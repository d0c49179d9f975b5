import { rmSync, writeFileSync } from 'node:fs';
import { lockFile } from '../../../src-main/store/file-lock.ts';

// Takes locks beside other processes. `{ path }`: one attempt, kept until `{ release }`; answers whether it holds the lock.
// `{ path, milliseconds }`: takes it and lets go of it over and over; answers how often, and how often another one was inside.

interface Order {
  readonly path?: string;
  readonly milliseconds?: number;
}

let lock: Disposable | undefined;

function takeOften(path: string, milliseconds: number) {
  const until = performance.now() + milliseconds;
  const counts = { taken: 0, met: 0 };
  while (performance.now() < until) {
    using held = lockFile(path, 20);
    if (!held) continue;
    counts.taken++;
    try {
      writeFileSync(`${path}.inside`, '', { flag: 'wx' });
    } catch {
      counts.met++;
    }
    rmSync(`${path}.inside`, { force: true });
  }
  return counts;
}

process.on('message', ({ path, milliseconds }: Order) => {
  if (path === undefined) {
    lock?.[Symbol.dispose]();
    lock = undefined;
    process.send?.('released');
  } else if (milliseconds === undefined) {
    lock = lockFile(path, 50);
    process.send?.(lock !== undefined);
  } else process.send?.(takeOften(path, milliseconds));
});
process.send?.('ready');
