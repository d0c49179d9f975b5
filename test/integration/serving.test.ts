import OpenAI from 'openai';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../src-main/doors/endpoint/endpoint.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import type { Message } from '../../src-main/contract/conversation.ts';
import type { ServingState } from '../../src-main/contract/serving.ts';
import { shortModel, shortSample } from '../fixtures/short-demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';
import { until } from '../helpers/until.ts';

// The served model as OpenAI's own client asks it: the services, their workers and the demo model are real.

const picture = (name: string) =>
  `data:image/png;base64,${readFileSync(shortSample(name)).toString('base64')}`;

const QUESTION = 'What color is the circle?';
const aboutCircle: OpenAI.ChatCompletionMessageParam = {
  role: 'user',
  content: [
    { type: 'text', text: QUESTION },
    { type: 'image_url', image_url: { url: picture('circle') } },
  ],
};
const exact = { model: 'whatever', temperature: 0, seed: 1, max_tokens: 24 } as const;

let services: Services;
let served: ServingState;
let client: OpenAI;

beforeAll(async () => {
  services = await openServices({
    ...{ home: sharedFolder(), door: 'browser', builtIn: shortModel, endpoint: startEndpoint },
  });
  await services.api.settings.set({ threads: 1, contextTokens: 1024 });
  const [demo] = await services.api.library.list({});
  listening = services.events.listen((event) => {
    if (event.name === 'serving.changed') load = event.data;
    if (event.name === 'chat.message') answered = event.data;
  });
  served = await services.api.serving.start({ modelId: demo?.id ?? '', port: 0 });
  client = new OpenAI({ baseURL: served.address, apiKey: served.key, maxRetries: 0 });
});
let listening: Disposable;
afterAll(async () => {
  listening[Symbol.dispose]();
  await services.close();
});

/** What the window was told last. */
let load: ServingState | null = null;
let answered: Message | undefined;

const failure = async (work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof OpenAI.APIError) return error as InstanceType<typeof OpenAI.APIError>;
    throw error;
  }
  return expect.fail('it was answered');
};

describe('a served model', () => {
  it('is listed under its name', async () => {
    const { data } = await client.models.list();
    expect(data).toEqual([
      expect.objectContaining({ id: served.modelName, object: 'model', owned_by: 'snug' }),
    ]);
    expect((await client.models.retrieve(served.modelName)).id).toBe(served.modelName);
    expect((await failure(client.models.retrieve('gpt-4o'))).status).toBe(404);
  });

  it('answers a question about a picture, whole and in pieces alike', async () => {
    const whole = await client.chat.completions.create({ ...exact, messages: [aboutCircle] });
    expect(whole).toMatchObject({ object: 'chat.completion', model: served.modelName });
    const [choice] = whole.choices;
    expect(choice?.finish_reason).toBe('stop');
    expect(choice?.message.content).toMatch(/\w/);
    const { usage } = whole;
    expect(usage?.prompt_tokens).toBeGreaterThan(20);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));

    const stream = await client.chat.completions.create({
      ...exact,
      messages: [aboutCircle],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices: [one] }) => one?.delta.content ?? '').join('')).toBe(
      choice?.message.content,
    );
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { completion_tokens: usage?.completion_tokens },
    });
    // all but the last token of the same prompt is there already
    expect(chunks.at(-1)?.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(10);
  });

  it('goes on with a conversation, and reads only what is new of it', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: 'Be brief.' },
      aboutCircle,
    ];
    const first = await client.chat.completions.create({ ...exact, messages });
    const said = first.choices[0]?.message.content ?? '';
    const second = await client.chat.completions.create({
      ...exact,
      messages: [
        ...messages,
        { role: 'assistant', content: said },
        { role: 'user', content: 'And its shape?' },
      ],
    });
    const { prompt_tokens: all = 0, prompt_tokens_details: details } = second.usage ?? {};
    expect(details?.cached_tokens).toBeGreaterThanOrEqual(first.usage?.prompt_tokens ?? Infinity);
    expect(all).toBeGreaterThan(details?.cached_tokens ?? 0);
  });

  it('stops where it is told to, and at so many tokens', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [aboutCircle];
    const whole = await client.chat.completions.create({ ...exact, messages });
    const text = whole.choices[0]?.message.content ?? '';
    const stop = text.slice(2, 4);
    const stopped = await client.chat.completions.create({ ...exact, messages, stop: [stop] });
    expect(stopped.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: text.slice(0, text.indexOf(stop)) },
    });
    const cut = await client.chat.completions.create({
      ...exact,
      messages,
      max_tokens: null,
      max_completion_tokens: 1,
    });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(cut.usage?.completion_tokens).toBe(1);
  });

  it('answers two at once, one after the other', async () => {
    const ask = (content: string) =>
      client.chat.completions.create({ ...exact, messages: [{ role: 'user', content }] });
    const answers = await Promise.all([ask('Hello'), ask('What is a circle?')]);
    for (const { choices } of answers) expect(choices[0]?.message.content).toBeTypeOf('string');
    expect(load).toMatchObject({ running: 0, waiting: 0 });
  });

  it('waits for the window’s own answer, and the window for it, with one model in memory', async () => {
    const conversation = await services.api.conversations.create({ modelId: served.modelId });
    const asked = client.chat.completions.create({ ...exact, messages: [aboutCircle] });
    await services.api.chat.send({ conversationId: conversation.id, text: 'Hello', pictures: [] });
    expect((await asked).choices[0]?.message.content).toMatch(/\w/);
    await until(() => answered?.role === 'assistant' && ['done', 'length'].includes(answered.state));
    expect(await services.api.chat.loaded({})).not.toBeNull();
  });

  it('stops for a client that leaves', async () => {
    const leave = new AbortController();
    const stream = await client.chat.completions.create(
      {
        ...exact,
        max_tokens: 900,
        temperature: 1,
        messages: [{ role: 'user', content: 'Tell a story.' }],
        stop: [],
        stream: true,
      },
      { signal: leave.signal },
    );
    for await (const _ of stream) {
      leave.abort();
      break;
    }
    await until(() => load?.running === 0);
  });
});

describe('what is refused', () => {
  const asking = (changed: object) =>
    client.chat.completions.create({ ...exact, messages: [{ role: 'user', content: 'Hello' }], ...changed });

  it('is a wrong key', async () => {
    const stranger = new OpenAI({ baseURL: served.address, apiKey: 'sk-wrong', maxRetries: 0 });
    expect(await failure(stranger.models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['frequency_penalty', { frequency_penalty: 0.5 }],
    ['temperature', { temperature: 3 }],
    ['messages', { messages: [] }],
    [
      'messages',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
    ],
    ['messages.0.role', { messages: [{ role: 'tool', content: 'a', tool_call_id: '1' }] }],
  ])('is %s', async (param, changed) => {
    const error = await failure(asking(changed));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.param).toBe(param);
  });

  it('are parameters that nothing is asked by only where they are', async () => {
    const answer = await asking({
      n: 1,
      tools: [],
      logit_bias: {},
      user: 'me',
      store: false,
      presence_penalty: 0,
      max_tokens: 1,
    });
    expect(answer.choices[0]?.finish_reason).toMatch(/stop|length/);
  });

  const seeing = (url: string) =>
    asking({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });

  it('is a picture that is none, before and in a stream', async () => {
    const broken = `data:image/png;base64,${Buffer.from('no picture').toString('base64')}`;
    const error = await failure(seeing(broken));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.code).toBe('bad_picture');
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: broken } }] }];
    expect((await failure(asking({ stream: true, messages }))).status).toBe(400);
  });

  it.each([
    'https://example.org/cat.png',
    'http://127.0.0.1:1/cat.png',
    'file:///etc/passwd',
    'data:image/png,abc',
    'data:image/png;base64,',
  ])('is a picture at %s', async (url) => {
    const error = await failure(seeing(url));
    expect(error.status).toBe(400);
    expect(error.code).toBe('invalid_image_url');
  });

  it('is a conversation that the context does not hold, of which nothing is left out', async () => {
    const error = await failure(
      asking({
        messages: [
          { role: 'user', content: 'word '.repeat(3000) },
          { role: 'assistant', content: 'Yes.' },
          { role: 'user', content: 'Well?' },
        ],
      }),
    );
    expect(error.code).toBe('context_length_exceeded');
    expect(error.message).toContain('1,024 tokens');
  });

  it('is everything once it is served no longer', async () => {
    await services.api.serving.stop({});
    expect(await services.api.serving.state({})).toBeNull();
    expect(await failure(client.models.list())).toBeInstanceOf(OpenAI.APIConnectionError);
  });
});
