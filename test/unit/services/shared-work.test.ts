import { describe, expect, it } from 'vitest';
import { SharedWork } from '../../../src-main/services/shared-work.ts';

/** Lets everything that is ready run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

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
