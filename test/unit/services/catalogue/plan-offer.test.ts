import { describe, expect, it } from 'vitest';
import { filesOf, licenceOf, planOffer } from '../../../../src-main/services/catalogue/plan-offer.ts';
import { thrown } from '../../../helpers/thrown.ts';
import { GiB, machine } from './machines.ts';

function repository(files: Readonly<Record<string, number>>, licence?: string) {
  return {
    repository: 'seer/Seer-7B-GGUF',
    commit: 'c'.repeat(40),
    gated: false as const,
    licence,
    page: 'https://hub.test/seer/Seer-7B-GGUF',
    files: Object.entries(files).map(([path, gibibytes]) => ({ path, bytes: gibibytes * GiB })),
  };
}

const SEER = repository({
  'README.md': 0,
  'Seer-Q4_K_M.gguf': 4,
  'Seer-Q8_0.gguf': 8,
  'Seer-f16-00001-of-00002.gguf': 9,
  'Seer-f16-00002-of-00002.gguf': 6,
  'mmproj-Seer-f16.gguf': 1,
  'mmproj-Seer-Q8_0.gguf': 0.5,
});
const plan = (asked: Parameters<typeof planOffer>[1] = {}, from = SEER) =>
  planOffer(from, asked, machine(16, 200));

describe('what to take of a repository', () => {
  it('is the best to fit from, in all its parts, with the best vision file', () => {
    const { chosen, choices, why, visions } = plan();
    expect(filesOf(chosen, visions[0])).toEqual([
      { path: 'Seer-f16-00001-of-00002.gguf', bytes: 9 * GiB, role: 'model' },
      { path: 'Seer-f16-00002-of-00002.gguf', bytes: 6 * GiB, role: 'part' },
      { path: 'mmproj-Seer-f16.gguf', bytes: GiB, role: 'vision' },
    ]);
    expect(choices.map(({ precision, bytes, mayBeFitted }) => [precision, bytes / GiB, mayBeFitted])).toEqual(
      [
        ['F16', 16, true],
        ['Q8_0', 9, true],
        ['Q4_K_M', 5, false],
      ],
    );
    expect(why).toContain('F16 is the best');
  });

  it('is what was asked for, by precision or by the page of a file', () => {
    expect(plan({ precision: 'q4_k_m' })).toMatchObject({ chosen: { precision: 'Q4_K_M' }, why: null });
    expect(plan({ file: 'Seer-Q8_0.gguf' }).chosen.precision).toBe('Q8_0');
    expect(plan({ file: 'Seer-f16-00002-of-00002.gguf' }).chosen.precision).toBe('F16');
    // the page of the vision file stands for its repository
    expect(plan({ file: 'mmproj-Seer-f16.gguf' }).chosen.precision).toBe('F16');
    expect(thrown(() => plan({ precision: 'Q5_K_M' }))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'seer/Seer-7B-GGUF has no Q5_K_M',
      advice: 'It has F16, Q8_0, Q4_K_M.',
    });
  });

  it('may be a file whose name says nothing', () => {
    const { chosen } = plan({}, repository({ 'seer.gguf': 15 }));
    expect(chosen).toMatchObject({ precision: 'seer.gguf', mayBeFitted: true });
  });

  it.each([
    [
      'weights for PyTorch',
      { 'model-00001-of-00002.safetensors': 5 },
      'holds weights for PyTorch and no GGUF',
    ],
    ['another program’s model', { 'model.onnx': 5 }, 'holds a model for another program'],
    ['a vision file alone', { 'mmproj-f16.gguf': 1 }, 'holds a vision file (mmproj) and no model'],
    ['a model without a part', { 'a-f16-00002-of-00002.gguf': 1 }, 'lacks parts of a-f16.gguf'],
    ['nothing of use', { 'README.md': 0 }, 'holds no GGUF file'],
  ])('is nothing where there is %s, and that is told', (_, files, words) => {
    const refused = thrown(() => plan({}, repository(files)));
    expect(refused.code).toBe('UNSUPPORTED_MODEL');
    expect(refused.message).toContain(words);
    expect(refused.advice).toBeDefined();
  });
});

it('a licence that a repository’s card names is told by its name and its page', () => {
  expect(licenceOf(SEER, undefined)).toBeNull();
  expect(licenceOf(repository({}, 'gemma'), undefined)).toEqual({
    name: 'gemma',
    url: SEER.page,
    words: null,
  });
});
