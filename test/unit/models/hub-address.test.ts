import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  addressRefusal,
  givenHubAddress,
  pictureAddressRefusal,
} from '../../../src-main/models/hub-address.ts';
import { thrown } from '../../helpers/thrown.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

describe('what is pasted for a model', () => {
  it.each([
    'https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct',
    'hf://ggml-org/Qwen2.5-VL-3B-Instruct-GGUF',
    'hf.co/unsloth/Qwen2.5-VL-7B-Instruct-GGUF:Q4_K_M',
    'Qwen/Qwen2.5-VL-7B-Instruct',
    ' ggml-org/Qwen2.5-VL-3B-Instruct-GGUF:F16 ',
  ])('%s can be downloaded, and is told so', (text) => {
    expect(addressRefusal(text)?.remedies).toEqual([{ kind: 'get-model', address: text.trim() }]);
    expect(givenHubAddress(text).repository).toMatch(/VL-\dB-Instruct/);
  });

  it.each([
    'ssh://git@hf.co/Qwen/Qwen2.5-VL-7B-Instruct',
    'https://huggingface.co/datasets/HuggingFaceM4/ChartQA',
    'https://example.com/model.gguf',
    'qwen2.5vl:7b',
    ' ollama.com/library/qwen2.5vl ',
  ])('%s is an address that nothing is downloaded from', (text) => {
    expect(addressRefusal(text)?.advice).toContain('owner/name');
    expect(thrown(() => givenHubAddress(text))).toMatchObject({ code: 'BAD_ARGUMENT', remedies: [] });
  });

  it.each([
    'model.gguf',
    'Qwen2.5-VL-7B-Instruct',
    'models/Qwen2.5-VL-7B-Instruct-f16.gguf',
    'file:///home/me/model.gguf',
    'c:model.gguf',
    'D:\\models\\model',
    '/mnt/Qwen/Qwen2.5-VL-7B-Instruct',
    '~/Qwen2.5-VL-7B-Instruct',
  ])('%s may be a path', (text) => {
    expect(addressRefusal(text)).toBeUndefined();
  });

  it('a folder that is called as a repository is one', () => {
    const path = join(temporaryFolder(), 'Qwen2.5-VL-7B-Instruct:F16');
    mkdirSync(path);
    expect(addressRefusal(path)).toBeUndefined();
  });

  it('of nothing is no address', () => {
    expect(thrown(() => givenHubAddress('some model')).message).toBe('some model is no address of a model');
  });
});

it('a picture is no address, unless a file is called so', () => {
  expect(pictureAddressRefusal('https://example.com/cat.jpg')?.advice).toContain('save the picture');
  expect(pictureAddressRefusal('cats/cat.jpg')).toBeUndefined();
  const path = join(temporaryFolder(), 'cat:1.jpg');
  writeFileSync(path, '');
  expect(pictureAddressRefusal(path)).toBeUndefined();
});
