import process from 'node:process';
import { afterEach, expect, it, vi } from 'vitest';
import { ProgressDisplay } from '../../../src-main/cli/terminal.ts';

afterEach(() => vi.restoreAllMocks());

it('into a file progress is a line for every tenth, and goes on where other work came between', () => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const display = new ProgressDisplay();
  const show = (done: number, total: number) => display.show({ stage: 'choose', done, total, unit: 'steps' });
  for (let done = 0; done <= 20; done++) show(done, 100);
  // a comparison measures its layers one by one before the rows that need them
  for (let done = 1; done <= 2; done++) show(done, 2);
  for (let done = 21; done <= 30; done++) show(done, 100);
  expect(lines.map((line) => /\d+ of \d+/.exec(line)?.[0])).toEqual([
    ...['0 of 100', '10 of 100', '20 of 100'],
    ...['1 of 2', '2 of 2'],
    ...['21 of 100', '30 of 100'],
  ]);
});
