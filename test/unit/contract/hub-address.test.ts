import { expect, it } from 'vitest';
import { hubAddress, meansHubAddress } from '../../../src-main/contract/hub-address.ts';

const QWEN = 'ggml-org/Qwen2.5-VL-7B-Instruct-GGUF';

it.each([
  [`https://huggingface.co/${QWEN}`, {}],
  [`http://www.huggingface.co/${QWEN}/`, {}],
  [`hf.co/${QWEN}`, {}],
  [`hf://${QWEN}`, {}],
  [` ${QWEN} `, {}],
  [`https://huggingface.co/models/${QWEN}`, {}],
  [`hf.co/${QWEN}:Q8_0`, { precision: 'Q8_0' }],
  [`${QWEN}:F16`, { precision: 'F16' }],
  [`https://huggingface.co/${QWEN}?show_file_info=a.gguf#files`, {}],
  [`https://huggingface.co/${QWEN}/tree/main`, { revision: 'main' }],
  [`https://huggingface.co/${QWEN}/blob/main/README.md`, { revision: 'main' }],
  [`https://huggingface.co/${QWEN}/blob/v1.0/a-f16.gguf`, { revision: 'v1.0', file: 'a-f16.gguf' }],
  [
    `https://hf.co/${QWEN}/resolve/main/F16/a%20b-f16.gguf?download=true`,
    { revision: 'main', file: 'F16/a b-f16.gguf' },
  ],
])('%s names a repository', (text, named) => {
  expect(hubAddress(text)).toEqual({ repository: QWEN, ...named });
});

it.each([
  'https://huggingface.co/datasets/HuggingFaceM4/ChartQA',
  'https://huggingface.co/spaces/Qwen/Qwen2.5-VL',
  'https://huggingface.co/Qwen',
  `https://huggingface.co/${QWEN}/discussions/4`,
  'https://example.com/Qwen/Qwen2.5-VL',
  'https://huggingface.co.example.com/Qwen/Qwen2.5-VL',
  'qwen2.5vl:7b',
  '../Qwen/model',
  'Qwen/../../etc',
  'a--b/c',
  '/models/Qwen/model',
  'models/model-f16.gguf',
  'C:\\models\\model',
  '',
])('%s names none', (text) => {
  expect(hubAddress(text)).toBeUndefined();
});

it('a text that may be a path is an address only when it is called like one', () => {
  expect(meansHubAddress(QWEN)).toBe(true);
  expect(meansHubAddress('ggml-org/gemma-3-4b-it')).toBe(true);
  expect(meansHubAddress('hf.co/someone/something')).toBe(true);
  expect(meansHubAddress('models/something')).toBe(false);
});
