import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownStatsOf, statsOf } from '../../../src-main/files/stats.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

it('what may not be looked at is as good as not there', () => {
  const folder = temporaryFolder();
  const [file, circle] = [join(folder, 'file'), join(folder, 'circle')];
  writeFileSync(file, 'four');
  symlinkSync(circle, circle);
  expect(statsOf(file)?.size).toBe(4);
  expect(ownStatsOf(circle)?.isSymbolicLink()).toBe(true);
  expect(statsOf(circle)).toBeUndefined();
  const nothing = [
    join(folder, 'x'),
    join(folder, 'x'.repeat(300)),
    join(circle, 'x'),
    join(file, 'x'),
    'a\0b',
  ];
  for (const path of nothing) expect([statsOf(path), ownStatsOf(path)]).toEqual([undefined, undefined]);
});
