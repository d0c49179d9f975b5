import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../src-main/models/catalogue.ts';
import { familyOfProjector } from '../../../src-main/models/families.ts';
import { checkPair, readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { writeGemma3 } from '../../fixtures/families/gemma3.ts';
import { writeInternVl3 } from '../../fixtures/families/internvl3.ts';
import { writeMiniCpmV4 } from '../../fixtures/families/minicpm-v4.ts';
import { writeQwen3Vl } from '../../fixtures/families/qwen3-vl.ts';
import { writeSmolVlm2 } from '../../fixtures/families/smolvlm2.ts';
import { writeLlava, writeQwenVl, type ModelFiles } from '../../fixtures/models.ts';
import { sharedFolder, temporaryFolder } from '../../helpers/temporary-folder.ts';
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

// what is inspected, fitted, loaded and asked about a picture in small: what writes its files, and where that is done
const FAMILY_TESTS: readonly (readonly [write: (folder: string) => ModelFiles, test: string])[] = [
  [writeQwenVl, 'other-models.test.ts'],
  [writeQwen3Vl, 'families/qwen3-vl.test.ts'],
  [writeGemma3, 'families/gemma3.test.ts'],
  [writeSmolVlm2, 'families/smolvlm2.test.ts'],
  [writeInternVl3, 'families/internvl3.test.ts'],
  [writeMiniCpmV4, 'families/minicpm-v4.test.ts'],
  [(folder) => writeLlava(folder, { year: 2023 }), 'families/llava.test.ts'],
];

describe('a family is in the catalogue only if it is known to work', () => {
  const folder = sharedFolder();
  const proven = FAMILY_TESTS.map(([write, test]) => {
    const { model, mmproj } = write(folder);
    const [text, vision] = [readTextModel(model), readVisionModel(mmproj)];
    checkPair(text, vision);
    return { architecture: text.architecture, projector: vision.projector, test };
  });
  const keyOf = ({ architecture, projector }: { architecture: string; projector: string }) =>
    `${architecture} with ${projector}`;
  const wanted = new Map(readCatalogue().map((entry) => [keyOf(entry), entry]));

  it.each([...wanted.keys()])('%s has a small model that goes the whole way', (key) => {
    const found = proven.find((one) => keyOf(one) === key);
    expect(found).toBeDefined();
    const test = readFileSync(join(import.meta.dirname, '../../integration', found?.test ?? ''), 'utf8');
    expect(test).toMatch(/fit/i);
    expect(familyOfProjector(wanted.get(key)?.projector ?? '')?.architectures).toContain(
      wanted.get(key)?.architecture,
    );
  });
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
