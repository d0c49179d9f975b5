import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { safeName, safeNames } from '../../../src-main/files/safe-name.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

describe('a name that others chose', () => {
  it.each([
    ['Qwen2.5-VL-7B-Instruct-f16.gguf', 'Qwen2.5-VL-7B-Instruct-f16.gguf'],
    ['CON.gguf', '_CON.gguf'],
    ['com1.Q8_0.gguf', '_com1.Q8_0.gguf'],
    ['nul', '_nul'],
    ['a<b>:"c|d?e*.gguf', 'a_b___c_d_e_.gguf'],
    ['..', 'model'],
    ['. .gguf', 'model.gguf'],
    ['.hidden.gguf', 'hidden.gguf'],
    ['trailing. .', 'trailing'],
    ['two\nlines.gguf', 'two_lines.gguf'],
    ['gnp.‮fugg.gguf', 'gnp._fugg.gguf'],
    ['模型-視覺.gguf', '模型-視覺.gguf'],
    // one letter as two code points is the same name as the one
    ['Mode\u0301le.gguf', 'Modéle.gguf'],
  ])('%s is kept as %s', (given, kept) => {
    expect(safeName(given)).toBe(kept);
  });

  it.each(['a'.repeat(400), '語'.repeat(200), '👩‍👩‍👧‍👦'.repeat(60)])(
    'of hundreds of letters is cut so that files beside it have room, and keeps its ending',
    (letters) => {
      const name = safeName(`${letters}-00002-of-00003.gguf`);
      expect(name.endsWith('-00002-of-00003.gguf')).toBe(true);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(180);
      const folder = temporaryFolder();
      writeFileSync(join(folder, `${name}.snug.json.4194304.tmp`), '');
      expect(existsSync(join(folder, `${name}.snug.json.4194304.tmp`))).toBe(true);
      expect(safeName(name)).toBe(name);
    },
  );

  it('gives the parts of a split model names that differ in their number alone', () => {
    const long = '模'.repeat(150);
    const [one, two] = [1, 2].map((part) => safeName(`${long}-0000${part}-of-00002.gguf`));
    expect(one?.replace('-00001-', '-00002-')).toBe(two);
  });
});

describe('names of files in one folder', () => {
  it('are those of the files where these differ', () => {
    expect([...safeNames(['Q8_0/model.gguf', 'mmproj.gguf'])]).toEqual([
      ['Q8_0/model.gguf', 'model.gguf'],
      ['mmproj.gguf', 'mmproj.gguf'],
    ]);
  });

  it('are told apart where they would be the same, also where capitals do not count', () => {
    const paths = ['a/model.gguf', 'b/model.gguf', 'c/MODEL.gguf', 'mo?del.gguf', 'mo*del.gguf'];
    const names = [...safeNames(paths).values()];
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(paths.length);
    expect([...safeNames(paths).values()]).toEqual(names);
    const folder = temporaryFolder();
    for (const name of names) writeFileSync(join(folder, name), '');
    expect(readdirSync(folder)).toHaveLength(paths.length);
  });
});
