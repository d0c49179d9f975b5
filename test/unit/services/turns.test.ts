import { describe, expect, it } from 'vitest';
import { SharedWork, Turns } from '../../../src-main/services/turns.ts';
import { rejected } from '../../helpers/thrown.ts';

/** A task that ends when the test says so. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { promise, resolve, reject };
}
/** Lets everything that is ready run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('tasks that take turns', () => {
  it('run one at a time, in the order they came, also after one that failed', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const first = held();
    const results = [
      turns.take(async () => (log.push('first'), first.promise)),
      turns.take(() => Promise.reject((log.push('second'), new Error('no')))),
      turns.take(() => Promise.resolve((log.push('third'), 'three'))),
    ];
    await settle();
    expect(log).toEqual(['first']);
    first.resolve('one');
    const ends = await Promise.allSettled(results);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['first', 'second', 'third']);
  });

  it('leave the row when they are aborted, and let nobody in early by it', async () => {
    const turns = new Turns();
    const first = held();
    const abort = new AbortController();
    const running = turns.take(() => first.promise);
    const left = rejected(turns.take(() => Promise.reject(new Error('it ran')), abort.signal));
    let ran = false;
    const next = turns.take(() => Promise.resolve((ran = true)));
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
    expect((await rejected(new Turns().take(task, AbortSignal.abort()))).code).toBe('CANCELLED');
  });

  it('are refused when too many wait, and taken again afterwards', async () => {
    const turns = new Turns();
    const first = held();
    const taken = Array.from({ length: 200 }, () => turns.take(() => first.promise));
    const ends = Promise.allSettled(taken);
    await settle();
    first.resolve('done');
    const refused = (await ends).flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(100);
    expect(refused[0]).toMatchObject({ code: 'BUSY', advice: expect.any(String) as string });
    expect(await turns.take(() => Promise.resolve('again'))).toBe('again');
  });
});

describe('shared work', () => {
  it('is done once for all who ask while it runs, and again for who asks later', async () => {
    const shared = new SharedWork<number>();
    let times = 0;
    const work = async () => (await settle(), ++times);
    expect(await Promise.all([shared.run('a', work), shared.run('a', work)])).toEqual([1, 1]);
    expect(await shared.run('a', work)).toBe(2);
  });

  it('is another for another key', async () => {
    const shared = new SharedWork<string>();
    const work = (word: string) => () => Promise.resolve(word);
    expect(await Promise.all([shared.run('a', work('a')), shared.run('b', work('b'))])).toEqual(['a', 'b']);
  });

  it('that failed fails for all who asked, and is tried again', async () => {
    const shared = new SharedWork<string>();
    const fail = () => Promise.reject(new Error('no'));
    const ends = await Promise.allSettled([shared.run('a', fail), shared.run('a', fail)]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await shared.run('a', () => Promise.resolve('yes'))).toBe('yes');
  });
});
