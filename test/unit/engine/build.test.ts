import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findBuild } from '../../../src-main/engine/build.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const NOTES = JSON.stringify({ libraries: 'lib', llamaCpp: 'b1' });
const WHOLE: Readonly<Record<string, string>> = {
  'snug.node': '',
  'libraries.json': NOTES,
  'lib/libggml-cpu-haswell.so': '',
};

function buildOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'lib'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

it('a whole build is found', () => {
  const folder = buildOf(WHOLE);
  expect(findBuild(folder)).toEqual({ addon: join(folder, 'snug.node'), libraries: join(folder, 'lib') });
});

it.each([
  ['lib/libggml-cpu.so'],
  ['lib/libggml-cpu-apple_m1.so'],
  ['lib/libggml-cpu-armv8.2_2.so'],
  ['lib/ggml-cpu-x64.dll'],
  ['lib/libggml-cpu.dylib'],
])('%s is a build of llama.cpp for a processor', (name) => {
  const folder = buildOf({ 'snug.node': '', 'libraries.json': NOTES, [name]: '' });
  expect(findBuild(folder).libraries).toBe(join(folder, 'lib'));
});

it.each(Object.keys(WHOLE))('a build without %s is not installed, whatever the processor', (missing) => {
  const { [missing]: _, ...rest } = WHOLE;
  const error = thrown(() => findBuild(buildOf(rest)));
  expect(error).toMatchObject({
    code: 'NOT_INSTALLED',
    advice: expect.stringContaining('npm run setup') as string,
  });
});

it('notes that are cut off are those of no build', () => {
  const error = thrown(() => findBuild(buildOf({ ...WHOLE, 'libraries.json': '{"libraries"' })));
  expect(error.code).toBe('NOT_INSTALLED');
});

it('libraries in a folder that is not there are not installed', () => {
  const folder = buildOf(WHOLE);
  expect(thrown(() => findBuild(folder, join(folder, 'gone')))).toMatchObject({ code: 'NOT_INSTALLED' });
});
