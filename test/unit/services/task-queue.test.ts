import { describe, expect, it } from 'vitest';
import { TaskQueue } from '../../../src-main/services/task-queue.ts';
import { rejected } from '../../helpers/thrown.ts';

/** A task that ends when the test says so. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { promise, resolve, reject };
}
/** Lets everything that is ready run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('tasks in a queue', () => {
  it('run one at a time, in the order they came, also after one that failed', async () => {
    const queue = new TaskQueue();
    const log: string[] = [];
    const first = held();
    const results = [
      queue.run(async () => (log.push('first'), first.promise)),
      queue.run(() => Promise.reject((log.push('second'), new Error('no')))),
      queue.run(() => Promise.resolve((log.push('third'), 'three'))),
    ];
    await settle();
    expect(log).toEqual(['first']);
    first.resolve('one');
    const ends = await Promise.allSettled(results);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['first', 'second', 'third']);
  });

  it('leave it when they are aborted, and let nobody in early by it', async () => {
    const queue = new TaskQueue();
    const first = held();
    const abort = new AbortController();
    const running = queue.run(() => first.promise);
    const left = rejected(queue.run(() => Promise.reject(new Error('it ran')), abort.signal));
    let ran = false;
    const next = queue.run(() => Promise.resolve((ran = true)));
    abort.abort();
    expect((await left).code).toBe('CANCELLED');
    await settle();
    expect(ran).toBe(false);
    first.resolve('');
    await Promise.all([running, next]);
    expect(ran).toBe(true);
  });

  it('do not begin when they were aborted before', async () => {
    const task = () => Promise.reject(new Error('it ran'));
    expect((await rejected(new TaskQueue().run(task, AbortSignal.abort()))).code).toBe('CANCELLED');
  });

  it('are refused when too many wait, and taken again afterwards', async () => {
    const queue = new TaskQueue();
    const first = held();
    const taken = Array.from({ length: 200 }, () => queue.run(() => first.promise));
    const ends = Promise.allSettled(taken);
    await settle();
    first.resolve('done');
    const refused = (await ends).flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(100);
    expect(refused[0]).toMatchObject({ code: 'BUSY', advice: expect.any(String) as string });
    expect(await queue.run(() => Promise.resolve('again'))).toBe('again');
  });
});
