import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledError, SnugError } from '../../../src-main/contract/errors.ts';
import { serveWorker } from '../../../src-main/engine/worker-child.ts';

/** A worker whose methods do what a test needs of them. */
serveWorker({
  double: (value: number) => Promise.resolve(value * 2),
  echo: (value: unknown) => Promise.resolve(value),
  pid: () => Promise.resolve(process.pid),
  count: (to: number, { emit }) => {
    for (let i = 1; i <= to; i++) emit(i);
    return Promise.resolve('counted');
  },
  fail: () =>
    Promise.reject(
      new SnugError('DISK_FULL', 'the disk is full', {
        advice: 'Free some space.',
        cause: new Error('ENOSPC'),
      }),
    ),
  breakDown: () => Promise.reject(new TypeError('nothing is not a function')),
  unsendable: () => Promise.resolve(() => 'a function cannot cross'),
  untilCancelled: async (_: unknown, { signal, emit }) => {
    emit('started');
    while (!signal.aborted) await pause(5);
    throw new CancelledError();
  },
  deaf: (_: unknown, { emit }) => {
    emit('started');
    return new Promise(() => undefined);
  },
  afterCancelled: async (_: unknown, { signal, emit }) => {
    emit('started');
    while (!signal.aborted) await pause(5);
    return 'what was done so far';
  },
  exit: (code: number) => process.exit(code),
  kill: (signal: NodeJS.Signals) => {
    process.kill(process.pid, signal);
    return new Promise(() => undefined);
  },
  abort: (words: string) => {
    writeSync(2, `${words}\n`);
    process.abort();
  },
});
