import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import { WorkerProcess } from '../../../src-main/engine/worker-process.ts';
import { rejected } from '../../helpers/thrown.ts';

/** A worker that may take 100 MB, and how it ends. */
function greedyWorker() {
  let ended: Promise<string | null> | undefined;
  const worker = new WorkerProcess(join(import.meta.dirname, '../../helpers/workers/greedy.ts'), (entry) => {
    const port = forkWorker(entry);
    ended = new Promise((resolve) => port.onExit((_, signal) => resolve(signal)));
    return port;
  });
  onTestFinished(() => worker.close());
  return { worker, ended };
}

it('a job within its memory brings its result, or its own error', async () => {
  const { worker } = greedyWorker();
  expect(await worker.call('take', 20)).toBe(20);
  expect((await rejected(worker.call('fail', undefined))).message).toBe('its own error');
  expect(await worker.call('take', 10)).toBe(10);
});

it('a job that takes more is given up with the words for it, and its process ends', async () => {
  const { worker, ended } = greedyWorker();
  // ten times as much as it may: it would not end by itself in time
  const error = await rejected(worker.call('take', 1000));
  expect(error).toMatchObject({ code: 'BAD_PICTURE', message: 'it takes too much memory' });
  if (process.platform !== 'win32') expect(await ended).toBe('SIGKILL');
  else await ended;
});
