import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { forkWorker } from '../../../../src-main/engine/fork-worker.ts';
import type { StartWorker } from '../../../../src-main/engine/worker-port.ts';
import { Activity } from '../../../../src-main/services/activity.ts';
import { BackgroundHasher } from '../../../../src-main/services/hashing/background.ts';
import { EventBus } from '../../../../src-main/services/event-bus.ts';
import { ModelFiles } from '../../../../src-main/store/model-files.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected } from '../../../helpers/thrown.ts';
import { until } from '../../../helpers/until.ts';
import { untilTestEnds } from '../../../helpers/until-test-ends.ts';

function setUp() {
  const folder = temporaryFolder();
  const files = ModelFiles.open(folder);
  untilTestEnds(files);
  const activity = new Activity(new EventBus());
  let started = 0;
  const start: StartWorker = (entry) => {
    started++;
    return forkWorker(entry);
  };
  const pace = { startMilliseconds: 0, busyMilliseconds: 5, rest: 0 };
  const hashes = new BackgroundHasher({ files, activity, start, pace });
  onTestFinished(() => hashes.close());
  const write = (name: string, content = name) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return { files, activity, hashes, write, started: () => started };
}

const sha256Of = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

it('are worked out by and by in a process of their own, each once, and told', async () => {
  const { files, hashes, write, started } = setUp();
  const paths = [write('a.gguf'), write('b.gguf')];
  let told = 0;
  hashes.watch(
    () => paths,
    () => told++,
  );
  hashes.wake();
  await until(() => told === 2);
  expect(paths.map((path) => files.known(path))).toEqual(paths.map(sha256Of));
  hashes.wake();
  appendFileSync(paths[0] ?? '', 'changed');
  hashes.wake();
  await until(() => told === 3);
  expect(paths.map((path) => files.known(path))).toEqual(paths.map(sha256Of));
  expect(started()).toBe(1);
});

it('wait while a fit runs or a model answers, between two steps as well as before them', async () => {
  const { files, activity, hashes, write } = setUp();
  // more than one step
  const path = write('large.gguf', 'x'.repeat(70 * 2 ** 20));
  hashes.watch(
    () => [path],
    () => undefined,
  );
  {
    using _answer = activity.use('answer', '/other.gguf');
    hashes.wake();
    // what somebody waits for is not held up
    expect(await hashes.sha256(write('small.gguf'))).toMatch(/^[0-9a-f]{64}$/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(files.known(path)).toBeUndefined();
  }
  await until(() => files.known(path) !== undefined);
});

it('leave out a file that cannot be read until it is another', async () => {
  const { files, hashes, write } = setUp();
  const [bad, good] = [join(write('good.gguf'), '..', 'bad.gguf'), write('good.gguf')];
  mkdirSync(bad);
  hashes.watch(
    () => [bad, good],
    () => undefined,
  );
  hashes.wake();
  await until(() => files.known(good) !== undefined);
  rmSync(bad, { recursive: true });
  write('bad.gguf');
  hashes.wake();
  await until(() => files.known(bad) !== undefined);
});

it('say why a file has none, and end when they are told to', async () => {
  const { hashes, write } = setUp();
  expect((await rejected(hashes.sha256('/nowhere/a.gguf'))).code).toBe('FILE');
  const path = write('large.gguf', 'x'.repeat(70 * 2 ** 20));
  const stop = new AbortController();
  const asked = rejected(hashes.sha256(path, stop.signal));
  stop.abort();
  expect((await asked).code).toBe('CANCELLED');
  const closed = rejected(hashes.sha256(path));
  await hashes.close();
  expect((await closed).code).toMatch(/CANCELLED|WORKER_DIED/);
  expect((await rejected(hashes.sha256(path))).code).toBe('CANCELLED');
});
