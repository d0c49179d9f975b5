import { describe, expect, it } from 'vitest';
import { chosen, listLines, verifiedLines } from '../../../src-main/cli/models-command.ts';
import type { ListedModel } from '../../../src-main/services/terminal-library.ts';
import { thrown } from '../../helpers/thrown.ts';

const model = (change: Partial<ListedModel> = {}): ListedModel => ({
  id: 'one',
  name: 'Demo-VL',
  path: '/m/demo-f16.gguf',
  files: ['/m/demo-f16.gguf'],
  kind: 'source',
  bytes: 2 ** 30,
  builtIn: false,
  source: null,
  problem: null,
  ...change,
});

describe('the model that a name means', () => {
  const models = [model(), model({ id: 'two', path: '/m/demo-q8.gguf' })];

  it.each(['/m/demo-q8.gguf', 'DEMO-Q8.gguf', 'two', ' two '])(
    '%j is one of two of the same name',
    (name) => {
      expect(chosen(models, name).id).toBe('two');
    },
  );

  it('is asked for again where several have it, or none', () => {
    expect(thrown(() => chosen(models, 'demo-vl'))).toMatchObject({
      code: 'BAD_ARGUMENT',
      advice: 'Name the file of one: demo-f16.gguf, demo-q8.gguf',
    });
    expect(thrown(() => chosen(models, 'nonsense')).code).toBe('NOT_FOUND');
    expect(thrown(() => chosen([], 'nonsense'))).toMatchObject({ code: 'NOT_FOUND', advice: 'It is empty.' });
  });
});

it('the list says where each is from and whether it can be used', () => {
  const source = {
    hub: 'https://huggingface.co',
    repository: 'owner/name',
    revision: 'main',
    commit: 'c',
    files: [],
    downloadedAt: '2026-11-27T22:00:00.000Z',
  };
  const [, ...rows] = listLines([
    model({ source }),
    model({ kind: 'fitted' }),
    model({ builtIn: true }),
    model({ kind: 'quantized', problem: 'its file is gone' }),
  ]);
  const words = ['owner/name', 'made here', 'comes with Snug', 'its file is gone'];
  for (const [i, word] of words.entries()) expect(rows[i]).toContain(word);
});

it('what was verified is said of each file, and why one could not be read', () => {
  const file = { path: '/m/a.gguf', bytes: 2 ** 30, sha256: null, comparedWith: null, notedAt: null };
  const lines = verifiedLines('Demo-VL', {
    state: 'damaged',
    files: [
      { ...file, state: 'damaged', problem: null },
      { ...file, state: 'unknown', problem: 'it is gone' },
    ],
  });
  expect(lines.join('\n')).toMatch(/a\.gguf, 1\.00 GiB: .*damaged[^]*a\.gguf, 1\.00 GiB: it is gone/);
});
