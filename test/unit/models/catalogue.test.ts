import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../src-main/models/catalogue.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const [first] = readCatalogue();

function written(models: unknown): string {
  const path = join(temporaryFolder(), 'catalogue.json');
  writeFileSync(path, JSON.stringify({ models }));
  return path;
}

describe('the catalogue', () => {
  it('begins with Qwen2.5-VL', () => {
    expect(
      readCatalogue()
        .slice(0, 2)
        .map(({ id }) => id),
    ).toEqual(['qwen2.5-vl-3b', 'qwen2.5-vl-7b']);
  });

  it.each(readCatalogue().map((entry) => [entry.id, entry] as const))(
    '%s has numbers that agree',
    (_, entry) => {
      const { parameters, vocabularyParameters, layers, visionParameters, pictureTokens, contextTokens } =
        entry;
      expect(vocabularyParameters).toBeLessThan(parameters / 2);
      expect((parameters - vocabularyParameters) / layers).toBeGreaterThan(1e6);
      expect(visionParameters).toBeLessThan(parameters);
      expect(pictureTokens.min).toBeLessThanOrEqual(pictureTokens.max);
      expect(pictureTokens.max).toBeLessThanOrEqual(contextTokens);
      expect(new Set(entry.precisions).size).toBe(entry.precisions.length);
      // a name of a hub's repository, and one of ours to type
      expect(entry.repository).not.toMatch(/\.\.|--/);
      expect(entry.licence.url).toMatch(/^https:/);
    },
  );
});

it.each([
  ['an unknown field', [{ ...first, sha256: 'abc' }]],
  ['a missing field', [{ ...first, licence: undefined }]],
  ['a size of nothing', [{ ...first, parameters: 0 }]],
  ['an address that is none', [{ ...first, licence: { ...first?.licence, url: 'javascript:1' } }]],
  ['one id twice', [first, first]],
  ['no list', {}],
])('a catalogue with %s is refused', (_, models) => {
  const path = written(models);
  expect(thrown(() => readCatalogue(path))).toMatchObject({ code: 'NOT_INSTALLED' });
});
