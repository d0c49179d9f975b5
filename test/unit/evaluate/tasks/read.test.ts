import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, readJsonLines } from '../../../../src-main/evaluate/tasks/read.ts';
import { hasPipes, makePipe } from '../../../helpers/pipe.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { thrown } from '../../../helpers/thrown.ts';
import { folderOf } from './folder.ts';

const data = (text: string) => ({ path: join(folderOf({ 'd.json': text }), 'd.json'), layout: 'a list' });

describe('what is no JSON is told with its line', () => {
  it.each([
    ['[\n1,\n2,,\n3]', 3],
    ['[\n1,\n"a\n",\n3]', 3],
    ['{"a": 1,\n"b" 2}', 2],
    ['{"a":\n{"b": 1}', 2],
    ['{}\n\n[]', 3],
    ['no', 1],
    ['', 1],
    ['{"a": "x",\n\n"b": -,\n"c": 1}', 3],
  ])('%j: line %i', (text, line) => {
    const error = thrown(() => readJson(data(text), z.unknown()));
    expect(error.message).toContain(`d.json, line ${line}: this is not JSON`);
    expect(error).toMatchObject({ code: 'BAD_ARGUMENT', advice: 'Expected is a list.' });
  });
});

it('JSON Lines are counted past blank ones', () => {
  const lines = data('{"a": 1}\r\n\r\n{"a": 2}\n');
  expect(readJsonLines(lines, z.object({ a: z.number() }))).toEqual([
    { value: { a: 1 }, where: 'line 1' },
    { value: { a: 2 }, where: 'line 3' },
  ]);
});

it.runIf(hasPipes)('a pipe for data is refused with what is expected in its place', () => {
  const path = makePipe(join(temporaryFolder(), 'd.json'));
  const error = thrown(() => readJson({ path, layout: 'a list' }, z.unknown()));
  expect(error.code).toBe('BAD_ARGUMENT');
  expect(error.message).toContain('is a pipe, not a file');
});
