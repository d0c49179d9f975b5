import { describe, expect, it, onTestFinished } from 'vitest';
import { PLAIN_MARK } from '../../../src-main/engine/plain-mark.ts';
import { modelfileOf } from '../../../src-main/export/modelfile.ts';
import { readTextModel, type TextModel } from '../../../src-main/models/model-file.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { ChatTemplate, templateSource } from '../../../src-main/prompt/template.ts';
import { chatTemplates } from '../../fixtures/chat-templates.ts';
import { someFacts } from '../../helpers/fitted-files.ts';
import { number, text, writeTextModel } from '../../helpers/small-models.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

const names = { model: 'small.gguf', mmproj: 'mmproj-small.gguf' };
const facts = someFacts(sharedFolder());

interface Fields {
  readonly System?: string;
  readonly Prompt?: string;
  readonly Response?: string;
}

/** What Go's text/template makes of the few actions that ours have: values, and `if` over one or several of them. */
function goTemplate(source: string, fields: Fields): string {
  const parts = source.split(/(\{\{ .*? \}\})/);
  const shown = [true];
  let written = '';
  for (const part of parts) {
    const action = /^\{\{ (.*) \}\}$/.exec(part)?.[1];
    const values = (action?.match(/\.\w+/g) ?? []).map((name) => fields[name.slice(1) as keyof Fields]);
    if (action?.startsWith('if ')) shown.push(shown.at(-1) === true && values.some(Boolean));
    else if (action === 'end') shown.pop();
    else if (shown.at(-1)) written += action === undefined ? part : (values[0] ?? '');
  }
  return written;
}

/** A conversation as Ollama writes it: a turn after the other, the last up to where the answer begins. */
function asOllama(template: string, turns: readonly Fields[]): string {
  const before = turns.slice(0, -1).map((turn) => goTemplate(template, turn));
  const [beginning = ''] = template.split('{{ .Response }}');
  return before.join('') + goTemplate(beginning, turns.at(-1) ?? {});
}

async function asTemplate(model: TextModel): Promise<string> {
  const template = new ChatTemplate(model, '<__media__>');
  onTestFinished(() => template[Symbol.dispose]());
  const messages = [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What is this?' },
    { role: 'assistant', text: 'A cat.' },
    { role: 'user', text: 'And this?' },
  ] as const;
  const rendered = await template.render(messages, { forAnswer: true });
  // Ollama puts the first token there itself
  return rendered.replaceAll(PLAIN_MARK, '').replace(/^(<s>|<bos>|<\|begin_of_text\|>)/, '');
}

const templateIn = (modelfile: string) => /^TEMPLATE """([\s\S]*)"""$/m.exec(modelfile)?.[1];

const folder = sharedFolder();
const tokens = (...words: string[]) => [
  ggufEntry(
    'tokenizer.ggml.tokens',
    GgufType.string,
    [...'abcdefgh'].map((letter, i) => ['<unk>', '<s>', '</s>', ...words][i] ?? letter),
  ),
  number('tokenizer.ggml.bos_token_id', 1),
  number('tokenizer.ggml.eos_token_id', 2),
];
const models = [
  ...Object.entries(chatTemplates()).map(([name, source]) => ({
    name,
    spec: { entries: [text('tokenizer.chat_template', source)] },
  })),
  { name: 'a Llama without a template', spec: { architecture: 'llama', entries: tokens() } },
  { name: 'a Qwen without a template', spec: { entries: tokens('<|im_start|>', '<|im_end|>') } },
].map(({ name, spec }) => ({ name, model: readTextModel(writeTextModel(folder, spec, `${name}.gguf`)) }));

const written = models.flatMap(({ name, model }) => {
  const template = templateIn(modelfileOf(names, facts, templateSource(model)).text);
  return template === undefined ? [] : [{ name, model, template }];
});

describe('a Modelfile', () => {
  it('has the chat format of the commonest families', () => {
    const known = written.map(({ name }) => name);
    expect(known).toEqual(
      expect.arrayContaining(['qwen2.5-vl', 'qwen3-vl', 'gemma-3', 'llava-1.5', 'internvl3']),
    );
    expect(known).toEqual(
      expect.arrayContaining(['a Llama without a template', 'a Qwen without a template']),
    );
    expect(known).not.toContain('smolvlm2');
  });

  it.each(written)('writes a chat as the template of $name does', async ({ model, template }) => {
    const turns = [
      { System: 'Be brief.', Prompt: 'What is this?', Response: 'A cat.' },
      { Prompt: 'And this?' },
    ];
    // Ollama may send a space where the answer begins
    expect(asOllama(template, turns).trimEnd()).toBe((await asTemplate(model)).trimEnd());
  });

  it('names both files, the context and no format that it does not know', () => {
    const { text: modelfile, hasTemplate } = modelfileOf(names, facts, 'something else');
    expect(hasTemplate).toBe(false);
    expect(modelfile.split('\n')).toEqual([
      'FROM ./small.gguf',
      'FROM ./mmproj-small.gguf',
      'PARAMETER num_ctx 4096',
      'PARAMETER temperature 0.2',
      '',
    ]);
  });
});
