import { describe, expect, it } from 'vitest';
import { parsePastedAddress } from '../../../src-main/downloads/pasted-address.ts';
import { thrown } from '../../helpers/thrown.ts';

const repository = 'Qwen/Qwen2.5-VL-7B-Instruct-GGUF';

describe('what people paste', () => {
  it.each([
    repository,
    ` ${repository}\n`,
    `hf.co/${repository}`,
    `hf://${repository}`,
    `huggingface.co/${repository}/`,
    `www.huggingface.co/${repository}`,
    `https://huggingface.co/${repository}`,
    `<https://huggingface.co/${repository}>`,
    `https://huggingface.co/${repository}?library=llama-cpp#files`,
    `https://huggingface.co/${repository}/discussions/3`,
  ])('%j is a repository', (text) => {
    expect(parsePastedAddress(text)).toEqual({ repository });
  });

  it.each([`${repository}:Q8_0`, `hf.co/${repository}:Q8_0`, `https://hf.co/${repository}:Q8_0`])(
    '%j has a precision',
    (text) => {
      expect(parsePastedAddress(text)).toEqual({ repository, precision: 'Q8_0' });
    },
  );

  it.each(['blob', 'resolve', 'raw'])('an address of a file (%s)', (view) => {
    const address = `https://huggingface.co/${repository}/${view}/main/BF16/a%20b.gguf?download=true`;
    expect(parsePastedAddress(address)).toEqual({ repository, revision: 'main', path: 'BF16/a b.gguf' });
  });

  it('a revision with a slash, as the page writes it', () => {
    const address = `https://huggingface.co/${repository}/tree/refs%2Fpr%2F1`;
    expect(parsePastedAddress(address)).toEqual({ repository, revision: 'refs/pr/1' });
  });

  it('an address of the mirror in use, with its path before, beside those of huggingface.co', () => {
    const mirror = 'https://models.example.org/hf';
    expect(parsePastedAddress(`${mirror}/${repository}`, mirror)).toEqual({ repository });
    expect(parsePastedAddress(`https://huggingface.co/${repository}`, mirror)).toEqual({ repository });
    expect(parsePastedAddress(`https://models.example.org/${repository}`, mirror)).toBeUndefined();
  });

  it.each([
    '',
    'model.gguf',
    'qwen2.5vl:7b',
    './models/a.gguf',
    '/home/me/models/a.gguf',
    'C:\\models\\a.gguf',
    'a/b/c.gguf',
    '../name',
    'owner/..',
    'https://example.org/owner/name',
    'https://',
    'ollama://library/llava',
  ])('%j is none', (text) => {
    expect(parsePastedAddress(text)).toBeUndefined();
  });

  it('a page of the hub that is no model is told', () => {
    const error = thrown(() => parsePastedAddress('https://huggingface.co/datasets/owner/name'));
    expect(error).toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining('datasets') as string,
    });
  });

  it('a path that would leave its folder is refused', () => {
    const address = `https://huggingface.co/${repository}/blob/main/..%2F..%2Fx.gguf`;
    expect(thrown(() => parsePastedAddress(address)).code).toBe('HUB');
  });
});
