import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { partName, pathOfPart, pathsOfParts, stemOf } from '../../../src-main/gguf/part-names.ts';

const folder = join('models', 'Große Modelle');

describe('the name of a part', () => {
  it('says which part of how many it is, and where the others are', () => {
    const path = join(folder, 'Qwen2.5-VL-72B-f16-00002-of-00004.gguf');
    const name = partName(path);
    expect(name).toMatchObject({ folder, stem: 'Qwen2.5-VL-72B-f16', number: 2, count: 4 });
    expect(name && pathOfPart(name, 4)).toBe(join(folder, 'Qwen2.5-VL-72B-f16-00004-of-00004.gguf'));
    expect(pathsOfParts(path)).toHaveLength(4);
    expect(stemOf(path)).toBe('Qwen2.5-VL-72B-f16');
  });

  it('keeps the letters of its ending', () => {
    expect(pathsOfParts('a-00001-of-00002.GGUF')).toEqual(['a-00001-of-00002.GGUF', 'a-00002-of-00002.GGUF']);
  });

  it.each([
    'model.gguf',
    'model-00000-of-00003.gguf',
    'model-00004-of-00003.gguf',
    'model-1-of-3.gguf',
    'model-00001-of-99999.gguf',
    '-00001-of-00003.gguf',
    'model-00001-of-00003.gguf.part',
  ])('is not %s', (name) => {
    expect(partName(name)).toBeUndefined();
    expect(pathsOfParts(name)).toEqual([name]);
  });

  it('is left out of what a file is called without its ending', () => {
    expect(stemOf(join(folder, 'Qwen2.5-VL-7B.f16.gguf'))).toBe('Qwen2.5-VL-7B.f16');
    expect(stemOf('sha256-abc')).toBe('sha256-abc');
  });
});
