import { expect, it, onTestFinished } from 'vitest';
import { ChatSession } from '../../../src-main/chat/session.ts';
import type { ChatEvent } from '../../../src-main/contract/chat.ts';
import type { Addon, NativeSequence } from '../../../src-main/engine/native-types.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { fakeModel } from '../../helpers/fake-model.ts';
import { text, writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

const statistics = { promptTokens: 1, reusedTokens: 0, encodedImages: 0, encodeSeconds: 0, promptSeconds: 1 };

/** A session of 512 tokens whose model says nothing, and the longest text whose tokens it was asked for. */
function session(template?: string, says: readonly string[] = []) {
  const longest = { characters: 0 };
  const model = fakeModel();
  const Chat = class {
    abort = () => undefined;
    close = () => undefined;
    prompt = () => Promise.resolve(statistics);
    answer = (_: unknown, onToken: (event: { bytes: Buffer }) => void) => {
      for (const piece of says) onToken({ bytes: Buffer.from(piece) });
      return Promise.resolve({ tokens: says.length, seconds: 1, reason: 'end' });
    };
  };
  const layout = (sequence: NativeSequence) => {
    longest.characters = Math.max(longest.characters, sequence.text?.length ?? 0);
    return model.layout(sequence);
  };
  const entries = template === undefined ? [] : [text('tokenizer.chat_template', template)];
  const path = writeTextModel(temporaryFolder(), { architecture: 'qwen2vl', entries });
  const made = new ChatSession(
    { Chat } as unknown as Addon,
    { ...model, layout },
    {
      text: readTextModel(path),
      contextTokens: 512,
      batchTokens: 64,
      threads: 1,
      vision: undefined,
      limits: { minTokens: 4, maxTokens: 1280 },
    },
  );
  onTestFinished(() => made[Symbol.dispose]());
  return { made, longest };
}
const question = (words: string) => ({ text: words, pictures: [], maxTokens: 8, temperature: 0, seed: 0 });

it('a message of more text than can fit is refused in plain words, and its tokens are not counted', async () => {
  const { made, longest } = session();
  const error = await rejected(made.send(question('a'.repeat(200_000))));
  expect(error).toMatchObject({
    code: 'CONTEXT_FULL',
    advice: expect.stringContaining('less text') as string,
  });
  expect(error.message).toContain('more text than can fit');
  expect(longest.characters).toBe(0);
});

it('a template that makes a long text of a short message is refused likewise', async () => {
  const { made, longest } = session('{% for i in range(100000) %}{{ messages[0].content }}{% endfor %}');
  expect((await rejected(made.send(question('hello')))).code).toBe('CONTEXT_FULL');
  expect(longest.characters).toBe(0);
});

it('a long conversation is cut where its text can fit, without counting all of it', async () => {
  const { made, longest } = session();
  const turns = Array.from({ length: 400 }, (_, i) => ({
    role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
    text: 'word '.repeat(2000),
    pictures: [],
  }));
  await made.restore({ systemPrompt: '', turns });
  const events: ChatEvent[] = [];
  await made.send(question('And now?'), { onEvent: (event) => events.push(event) });
  expect(events).toContainEqual(expect.objectContaining({ kind: 'note' }));
  expect(longest.characters).toBeLessThan(512 * 64);
  expect(made.messages.length).toBeLessThan(10);
});

it('is told to stop while the template is rendered', async () => {
  const { made } = session('{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}');
  const abort = new AbortController();
  const sent = rejected(made.send(question('hello'), { signal: abort.signal }));
  setTimeout(() => abort.abort(), 100);
  expect((await sent).code).toBe('CANCELLED');
  expect(made.messages).toEqual([]);
});

it('an answer to a prompt that opened its thoughts begins with them', async () => {
  const thinking =
    '{% for m in messages %}[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}<think>\n{% endif %}';
  const { made } = session(thinking, ['hm', '</think>', 'Yes.']);
  const events: ChatEvent[] = [];
  const { text: said } = await made.send(question('Is it?'), { onEvent: (event) => events.push(event) });
  expect(said).toBe('<think>\nhm</think>Yes.');
  expect(events.flatMap((event) => (event.kind === 'text' ? [event.text] : [])).join('')).toBe(said);
});

it('an answer of no words is none, whatever the prompt opened', async () => {
  const { made } = session('{% for m in messages %}[{{ m.content }}]{% endfor %}<think>');
  expect((await made.send(question('Is it?'))).text).toBe('');
});

it('an answer ends before the words that it is to stop at, and no word after them is counted', async () => {
  const { made } = session(undefined, ['One, ', 'tw', 'o, th', 'ree, ', 'four']);
  const events: ChatEvent[] = [];
  const answer = await made.send(
    { ...question('Count.'), stop: [', three', 'nine'] },
    { onEvent: (event) => events.push(event) },
  );
  expect(answer).toMatchObject({ text: 'One, two', reason: 'end', statistics: { answerTokens: 4 } });
  expect(events.flatMap((event) => (event.kind === 'text' ? [event.text] : [])).join('')).toBe('One, two');
  expect(made.messages.at(-1)?.text).toBe('One, two');
});

it('words that only begin like those are said in the end', async () => {
  const { made } = session(undefined, ['One, ', 'two, th']);
  expect((await made.send({ ...question('Count.'), stop: [', three'] })).text).toBe('One, two, th');
});
