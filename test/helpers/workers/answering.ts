import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledError, SnugError } from '../../../src-main/contract/errors.ts';
import { serveWorker } from '../../../src-main/engine/worker-child.ts';
import { answeringContract } from './answering-contract.ts';

serveWorker(answeringContract, {
  double: (value) => value * 2,
  echo: (value) => value,
  pid: () => process.pid,
  count: (to, { emit }) => {
    for (let i = 1; i <= to; i++) emit(i);
    return 'counted';
  },
  fail: () => {
    throw new SnugError('DISK_FULL', 'the disk is full', {
      advice: 'Free some space.',
      cause: new Error('ENOSPC'),
    });
  },
  breakDown: () => Promise.reject(new TypeError('nothing is not a function')),
  unsendable: () => () => 'a function cannot cross',
  untilCancelled: async (_, { signal, emit }) => {
    emit('started');
    while (!signal.aborted) await pause(5);
    throw new CancelledError();
  },
  deaf: (_, { emit }) => {
    emit('started');
    return new Promise(() => undefined);
  },
  afterCancelled: async (_, { signal, emit }) => {
    emit('started');
    while (!signal.aborted) await pause(5);
    return 'what was done so far';
  },
  exit: (code) => process.exit(code),
  kill: (signal) => {
    process.kill(process.pid, signal);
    return new Promise(() => undefined);
  },
  abort: (words) => {
    writeSync(2, `${words}\n`);
    process.abort();
  },
});
