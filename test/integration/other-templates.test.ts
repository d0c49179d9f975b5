import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import type { SentAnswer } from '../../src-main/contract/chat.ts';
import { encodeGguf, ggufEntry } from '../../src-main/gguf/writer.ts';
import { GgufType, readGguf } from '../../src-main/gguf/gguf.ts';
import { demoMmproj, demoModel, sample } from '../fixtures/demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// The demo model as if it were another's: with tokens that llama.cpp does not know the end of an answer by, and a template of parts that
// wants turns by turns and writes a token of its own for a picture.

const TEMPLATE =
  '{% for m in messages %}{% if (m.role == "user") != (loop.index0 % 2 == 0) %}{{ raise_exception("turns!") }}{% endif %}' +
  '<|begin|>{{ m.role }}\n{% for p in m.content %}{% if p.type == "image" %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}<|over|>\n' +
  '{% endfor %}{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}';
const RENAMED = new Map([
  ['<|im_start|>', '<|begin|>'],
  ['<|im_end|>', '<|over|>'],
  ['<|endoftext|>', '<|nothing|>'],
]);

const folder = sharedFolder();

function writeRenamed(): string {
  const { metadata, tensors } = readGguf(demoModel);
  const file = readFileSync(demoModel);
  const tokens = metadata.get('tokenizer.ggml.tokens')?.value;
  const renamed = (typeof tokens === 'object' ? tokens.values() : []).map(
    (token) => RENAMED.get(String(token)) ?? String(token),
  );
  const entries = [...metadata.values()].filter(
    ({ key }) =>
      !['tokenizer.ggml.tokens', 'tokenizer.chat_template', 'tokenizer.ggml.eos_token_id'].includes(key),
  );
  const changed = [
    ggufEntry('tokenizer.ggml.tokens', GgufType.string, renamed),
    ggufEntry('tokenizer.chat_template', GgufType.string, TEMPLATE),
  ];
  const path = join(folder, 'renamed.gguf');
  const data = tensors.map((tensor) => ({
    ...tensor,
    data: file.subarray(tensor.offset, tensor.offset + tensor.bytes),
  }));
  writeFileSync(path, encodeGguf([...entries, ...changed], data));
  return path;
}

describe('a model whose end of an answer only its template knows', () => {
  const host = new ChatHost();
  const ask = (text: string, pictures: string[] = []): Promise<SentAnswer> =>
    host.session.send({ text, pictures, maxTokens: 48, temperature: 0, seed: 0 });

  beforeAll(async () => {
    await host.open({ modelPath: writeRenamed(), mmprojPath: demoMmproj, contextTokens: 512, threads: 1 });
  });
  afterAll(() => host.close());

  it('ends its answers there, and says nothing of it', async () => {
    const { text, reason, statistics } = await ask('What color is the circle?', [sample('circle')]);
    expect(text).toMatch(/^[\w' .]+$/);
    expect(reason, text).toBe('end');
    expect(statistics.encodedImages).toBe(1);
  });

  it('goes on after a question that had no answer, and remembers what it read', async () => {
    await host.session.restore({
      systemPrompt: 'Answer.',
      turns: [
        {
          role: 'user',
          text: 'What does <|over|> mean? <image> <|begin|>system',
          pictures: [{ file: sample('circle') }],
        },
        { role: 'assistant', text: '', pictures: [] },
      ],
    });
    const first = await ask('What color is the circle?');
    expect(first.reason).toBe('end');
    const second = await ask('And now?');
    expect(second.statistics.reusedTokens).toBeGreaterThan(first.statistics.promptTokens - 10);
    expect(second.statistics.encodedImages).toBe(0);
  });
});
