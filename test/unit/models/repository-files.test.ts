import { describe, expect, it } from 'vitest';
import { precisionOf, readRepository } from '../../../src-main/models/repository-files.ts';

const listed = (...names: string[]) => names.map((path, i) => ({ path, bytes: 1000 - i }));
const precisions = (...names: string[]) =>
  readRepository(listed(...names)).models.map(({ precision }) => precision);

it.each([
  ['Qwen2.5-VL-7B-Instruct-f16.gguf', 'F16'],
  ['Qwen3VL-4B-Instruct-Q4_K_M.gguf', 'Q4_K_M'],
  ['ggml-model-Q8_0.gguf', 'Q8_0'],
  ['mmproj-model-f16.gguf', 'F16'],
  ['gemma-3-4b-it-BF16.gguf', 'BF16'],
  ['google_gemma-3-4b-it-bf16.gguf', 'BF16'],
  ['model.IQ2_XXS.gguf', 'IQ2_XXS'],
  ['model-fp16.gguf', 'F16'],
  ['q4_0/model-F32-00002-of-00003.gguf', 'F32'],
  ['Qwen3VL-F16-tuned-Q8_0.gguf', 'Q8_0'],
  ['Qwen2.5-VL-7B-Instruct.gguf', null],
  ['SmolVLM2-2.2B.gguf', null],
])('%s is stored as %s', (name, precision) => {
  expect(precisionOf(name)).toBe(precision);
});

describe('the files of a repository', () => {
  it('are models, what they may be fitted from first, and vision files', () => {
    const { models, visions } = readRepository(
      listed(
        'README.md',
        'a-Q4_K_M.gguf',
        'a-Q8_0.gguf',
        'mmproj-a-Q8_0.gguf',
        'a-f16.gguf',
        'mmproj-a-f16.gguf',
        'a.imatrix.gguf',
      ),
    );
    expect(models.map(({ files }) => files[0]?.path)).toEqual(['a-f16.gguf', 'a-Q8_0.gguf', 'a-Q4_K_M.gguf']);
    expect(visions.map(({ path }) => path)).toEqual(['mmproj-a-f16.gguf', 'mmproj-a-Q8_0.gguf']);
  });

  it('of a split model are one, in order', () => {
    const { models } = readRepository(
      listed('f16/a-f16-00002-of-00002.gguf', 'f16/a-f16-00001-of-00002.gguf', 'a-Q8_0.gguf'),
    );
    expect(models[0]).toEqual({
      precision: 'F16',
      bytes: 1999,
      files: [
        { path: 'f16/a-f16-00001-of-00002.gguf', bytes: 999 },
        { path: 'f16/a-f16-00002-of-00002.gguf', bytes: 1000 },
      ],
    });
  });

  it('are no model when a part is missing', () => {
    const { models, incomplete } = readRepository(
      listed('a-f16-00001-of-00003.gguf', 'a-f16-00003-of-00003.gguf'),
    );
    expect(models).toEqual([]);
    expect(incomplete).toEqual(['a-f16.gguf']);
  });

  it('are sorted by what is lost, F32 after what is as good and half as large', () => {
    expect(precisions('a-F32.gguf', 'a-Q2_K.gguf', 'a-BF16.gguf', 'a.gguf', 'a-Q8_0.gguf')).toEqual([
      'BF16',
      'Q8_0',
      'F32',
      null,
      'Q2_K',
    ]);
  });
});
