import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { markSpelling } from '../../../src-main/prompt/plain-text.ts';
import { renderTurns, TemplateStyle, type TemplateMessage } from '../../../src-main/prompt/template-style.ts';
import type { ChatMessage } from '../../../src-main/prompt/turns.ts';
import { toTurns } from '../../../src-main/prompt/turns.ts';
import { chatTemplates } from '../../fixtures/chat-templates.ts';

const MARKER = '<__media__>';
const styles = chatTemplates();

function renderWith(source: string, messages: readonly ChatMessage[]): string {
  const template = new Template(source);
  const variables = { bos_token: '<s>', eos_token: '</s>', add_generation_prompt: true };
  const rendered = (given: readonly TemplateMessage[]) => template.render({ ...variables, messages: given });
  const options = { mediaMarker: MARKER, plain: markSpelling };
  return renderTurns(rendered, new TemplateStyle(rendered), toTurns(messages), options);
}
const render = (name: string, messages: readonly ChatMessage[]) => renderWith(styles[name] ?? '', messages);

describe('a real model’s template', () => {
  const asked: ChatMessage[] = [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What is this?', pictures: 1 },
    { role: 'assistant', text: 'A cat.' },
    { role: 'user', text: 'And these?', pictures: 2 },
  ];

  const chatml = (between = '') =>
    `<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nP${between}What is this?<|im_end|>\n` +
    `<|im_start|>assistant\nA cat.<|im_end|>\n<|im_start|>user\nP${between}P${between}And these?<|im_end|>\n<|im_start|>assistant\n`;
  const gemma =
    '<s><start_of_turn>user\nBe brief.\n\nPWhat is this?<end_of_turn>\n<start_of_turn>model\nA cat.<end_of_turn>\n' +
    '<start_of_turn>user\nPPAnd these?<end_of_turn>\n<start_of_turn>model\n';
  const llama = (role: string) => `<|start_header_id|>${role}<|end_header_id|>\n\n`;

  it.each([
    ['qwen2.5-vl', chatml()],
    ['qwen3-vl', chatml()],
    ['internvl3', chatml()],
    ['internvl3-hf', chatml('\n')],
    ['minicpm-v', chatml()],
    ['gemma-2', gemma],
    ['gemma-3', gemma],
    ['llava-1.5', 'Be brief. USER: P\nWhat is this? ASSISTANT: A cat. USER: P\nP\nAnd these? ASSISTANT:'],
    [
      'llama-3.2-vision',
      `<s>${llama('user')}Be brief.\n\nPWhat is this?<|eot_id|>${llama('assistant')}A cat.<|eot_id|>` +
        `${llama('user')}PPAnd these?<|eot_id|>${llama('assistant')}`,
    ],
    [
      'smolvlm2',
      '<|im_start|>System: Be brief.<end_of_utterance>\nUser:PWhat is this?<end_of_utterance>\n' +
        'Assistant: A cat.<end_of_utterance>\nUser:PPAnd these?<end_of_utterance>\nAssistant:',
    ],
    ['pixtral', '<s>[INST]PWhat is this?[/INST]A cat.</s>[INST]Be brief.\n\nPPAnd these?[/INST]'],
    [
      'mistral-v7',
      '<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]PWhat is this?[/INST]A cat.</s>[INST]PPAnd these?[/INST]',
    ],
    [
      'phi-3.5-vision',
      '<|system|>\nBe brief.<|end|>\n<|user|>\nPWhat is this?<|end|>\n<|assistant|>\nA cat.<|end|>\n' +
        '<|user|>\nPPAnd these?<|end|>\n<|assistant|>\n',
    ],
    [
      'deepseek-vl2',
      'Be brief.\n\n<|User|>: P\nWhat is this?\n\n<|Assistant|>: A cat.</s><|User|>: P\nP\nAnd these?\n\n<|Assistant|>:',
    ],
    [
      'granite-vision',
      '<|system|>\nBe brief.\n<|user|>\nP\nWhat is this?\n<|assistant|>\nA cat.<|end_of_text|>' +
        '<|user|>\nP\nP\nAnd these?\n<|assistant|>\n',
    ],
  ])('of the style of %s writes pictures where it wants them', (name, expected) => {
    expect(render(name, asked).replaceAll(MARKER, 'P')).toBe(expected);
  });

  it.each(Object.keys(styles))('of the style of %s takes questions without an answer between', (name) => {
    const rendered = render(name, [
      { role: 'user', text: 'First?', pictures: 1 },
      { role: 'assistant', text: '' },
      { role: 'user', text: 'Second?' },
      { role: 'user', text: 'Third?', pictures: 1 },
      { role: 'assistant', text: 'Yes.' },
      { role: 'assistant', text: 'Really.' },
      { role: 'user', text: 'Fourth?' },
    ]);
    expect(rendered.split(MARKER)).toHaveLength(3);
    const words = ['First?', 'Second?', 'Third?', 'Yes.', 'Really.', 'Fourth?'].map((word) =>
      rendered.indexOf(word),
    );
    expect(words).not.toContain(-1);
    expect(words).toEqual(words.toSorted((a, b) => a - b));
  });

  it.each(Object.keys(styles))('of the style of %s takes words alone', (name) => {
    const rendered = render(name, [{ role: 'user', text: 'Hello?' }]);
    expect(rendered).toContain('Hello?');
    expect(rendered).not.toContain(MARKER);
  });
});

describe('a template of parts', () => {
  const parts = (picture: string, text = '{{ p.text }}') =>
    `{% for m in messages %}[{{ m.role }}]{% for p in m.content %}{% if p.type == "image" %}${picture}{% else %}${text}{% endif %}{% endfor %}{% endfor %}`;
  const asked: ChatMessage[] = [{ role: 'user', text: 'Compare.', pictures: 2 }];

  it.each([
    ['a token', parts('<image>'), '[user]PPCompare.'],
    ['tokens around it', parts('<|vision_start|><|image_pad|><|vision_end|>'), '[user]PPCompare.'],
    ['a token on a line of its own', parts('<image>\n'), '[user]P\nP\nCompare.'],
    ['a number', parts('<|image_{{ loop.index }}|>'), '[user]PPCompare.'],
    ['nothing', parts(''), '[user]PPCompare.'],
    [
      'it after the words',
      '{% for m in messages %}<|u|>{% for p in m.content %}{{ p.text }}{% endfor %}{% for p in m.content %}{% if p.type == "image" %}<image>{% endif %}{% endfor %}<|end|>{% endfor %}',
      '<|u|>Compare.PP<|end|>',
    ],
    [
      'addresses alone',
      '{% for m in messages %}{% for p in m.content %}{% if p.type == "image_url" %}<i>{% elif p.type == "text" %}{{ p.text }}{% else %}{{ raise_exception("what?") }}{% endif %}{% endfor %}{% endfor %}',
      'PPCompare.',
    ],
  ])('that writes %s for a picture', (_, source, expected) => {
    expect(renderWith(source, asked).replaceAll(MARKER, 'P')).toBe(expected);
  });

  it('takes no list for a text because it can be written out', () => {
    const source = '{% for m in messages %}[{{ m.content }}]{% endfor %}';
    expect(renderWith(source, asked)).toBe(`[${MARKER}${MARKER}Compare.]`);
  });

  it('keeps words that spell its picture', () => {
    const rendered = renderWith(parts('<image>'), [{ role: 'user', text: 'A <image>?', pictures: 1 }]);
    expect(rendered.split(MARKER)).toHaveLength(2);
    expect(rendered).toMatch(/A <.image>\?$/u);
  });

  it('that knows no system and no turns of one side gets neither', () => {
    const strict =
      '{% for m in messages %}{% if (m.role == "user") != (loop.index0 % 2 == 0) %}{{ raise_exception("turns") }}{% endif %}[{{ m.content }}]{% endfor %}';
    const messages: ChatMessage[] = [
      { role: 'system', text: 's' },
      { role: 'user', text: 'q' },
      { role: 'user', text: 'r' },
    ];
    expect(renderWith(strict, messages)).toBe('[s\n\nq\n\nr]');
  });

  it('that leaves the system prompt out has it before the question', () => {
    const deaf = '{% for m in messages %}{% if m.role != "system" %}[{{ m.content }}]{% endif %}{% endfor %}';
    const messages: ChatMessage[] = [
      { role: 'system', text: 's' },
      { role: 'user', text: 'q' },
    ];
    expect(renderWith(deaf, messages)).toBe('[s\n\nq]');
  });

  it('that refuses everything says why', () => {
    expect(() => renderWith('{{ raise_exception("no") }}', asked)).toThrow('no');
  });
});
