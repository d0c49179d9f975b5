import { describe, expect, it } from 'vitest';
import { downloadArguments } from '../../../src-main/contract/downloads.ts';

const model = { path: 'model.gguf', role: 'model' };
const start = { name: 'Demo-VL', repository: 'owner/name', files: [model] };
const isTaken = (change: object) => downloadArguments.start.safeParse({ ...start, ...change }).success;
const ofPath = (path: string) => isTaken({ files: [{ path, role: 'model' }] });

describe('what may be downloaded', () => {
  it.each(['model.gguf', 'Q8_0/模型 (1)-00001-of-00002.GGUF', `${'a'.repeat(300)}.gguf`])('%s', (path) => {
    expect(ofPath(path)).toBe(true);
  });

  it.each([
    '../model.gguf',
    'a/../../model.gguf',
    '/etc/model.gguf',
    'a//model.gguf',
    './model.gguf',
    'a\\..\\model.gguf',
    'C:\\model.gguf',
    'two\nlines.gguf',
    'nul\0.gguf',
    'model.bin',
    'config.json',
    '',
  ])('not %j', (path) => {
    expect(ofPath(path)).toBe(false);
  });

  it.each(['name', 'a/b/c', '../name', 'owner/..', 'owner/a--b', 'owner/na me', 'https://x/y', 'owner/'])(
    'nothing of a repository called %j',
    (repository) => {
      expect(isTaken({ repository })).toBe(false);
    },
  );

  it('one model, its vision file and its parts, each once', () => {
    const vision = { path: 'mmproj.gguf', role: 'vision' };
    expect(isTaken({ files: [model, { path: 'b.gguf', role: 'part' }, vision] })).toBe(true);
    expect(isTaken({ files: [vision] })).toBe(false);
    expect(isTaken({ files: [model, { ...model, path: 'other.gguf' }] })).toBe(false);
    expect(isTaken({ files: [model, { ...vision, path: 'model.gguf' }] })).toBe(false);
  });

  it('under a name as long as a file says it, of which a line is kept', () => {
    const name = '👁'.repeat(900);
    expect([...downloadArguments.start.parse({ ...start, name }).name]).toHaveLength(200);
  });

  it.each(['http://127.0.0.1:8080/owner/name', 'https://huggingface.co/owner/name'])(
    'with a licence at %s',
    (url) => {
      expect(isTaken({ licence: { name: 'Gemma', url } })).toBe(true);
    },
  );

  it('with no licence that runs something', () => {
    expect(isTaken({ licence: { name: 'Gemma', url: 'javascript:alert(1)' } })).toBe(false);
  });
});
