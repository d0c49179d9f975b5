import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ByteRanges } from '../../../src-main/downloads/byte-ranges.ts';
import { Journal, readJournal } from '../../../src-main/downloads/journal.ts';
import { PRIVATE } from '../../../src-main/files/private-files.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const identity = { repository: 'maker/model', path: 'model.gguf', bytes: 1000, etag: 'abc' };
const ranges = (...pairs: [number, number][]) =>
  new ByteRanges(pairs.map(([start, end]) => ({ start, end })));

async function journalWith(...added: ByteRanges[]): Promise<string> {
  const path = join(temporaryFolder(), 'journal');
  using journal = Journal.begin(path, identity, ranges([0, 10]), PRIVATE);
  for (const one of added) await journal.add(one);
  return path;
}

describe('a journal', () => {
  it('says what was added, for the person alone', async () => {
    const path = await journalWith(ranges([10, 20], [500, 600]), ranges([20, 30]));
    expect(readJournal(path)).toEqual({ identity, done: ranges([0, 30], [500, 600]) });
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that was cut off anywhere says no more than was true', async () => {
    const path = await journalWith(ranges([10, 20], [500, 600]), ranges([600, 700]));
    const whole = readFileSync(path, 'utf8');
    const right = ranges([0, 20], [500, 700]);
    for (let length = whole.length; length >= 0; length--) {
      truncateSync(path, length);
      const done = readJournal(path)?.done ?? new ByteRanges();
      for (const { start, end } of done.ranges)
        expect(
          right.ranges.some((range) => range.start <= start && end <= range.end),
          `cut at ${length}`,
        ).toBe(true);
    }
  });

  it('that goes on after a line was cut off claims nothing that is not there', async () => {
    const line = '600 700\n';
    for (let kept = 0; kept < line.length; kept++) {
      const path = await journalWith();
      appendFileSync(path, `${line.slice(0, kept)}30 40\n`);
      const { done } = readJournal(path) ?? expect.fail('it cannot be read');
      expect(done.bytes).toBeLessThanOrEqual(20);
    }
  });

  it.each([
    ['', 'nothing'],
    ['{}\n', 'no identity'],
    ['{"version":2,"repository":"a/b","path":"c","bytes":1,"etag":null}\n', 'another version'],
    ['{"version":1,"repository":"a/b","path":"c","bytes":-1,"etag":null}\n', 'a size below zero'],
    ['nonsense', 'nonsense'],
  ])('of %j is none (%s)', (text) => {
    const path = join(temporaryFolder(), 'journal');
    writeFileSync(path, text);
    expect(readJournal(path)).toBeUndefined();
    expect(readJournal(join(temporaryFolder(), 'missing'))).toBeUndefined();
  });

  it.each(['0 1001\n', '1 x\n', '-5 10\n', '1e3 5\n', ' \n', '99999999999999999999 5\n'])(
    'ends before the line %j, which cannot be',
    async (line) => {
      const path = await journalWith(ranges([10, 20]));
      appendFileSync(path, `${line}30 40\n`);
      expect(readJournal(path)?.done).toEqual(ranges([0, 20]));
    },
  );

  it('takes the place of another one whole or not at all', async () => {
    const path = await journalWith(ranges([10, 20]));
    Journal.begin(path, { ...identity, etag: 'other' }, new ByteRanges(), PRIVATE)[Symbol.dispose]();
    expect(readJournal(path)).toEqual({ identity: { ...identity, etag: 'other' }, done: new ByteRanges() });
    expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false);
  });
});
