import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SentAnswer } from '../../../../src-main/contract/chat.ts';
import { CancelledError, SnugError } from '../../../../src-main/contract/errors.ts';
import type { chatContract } from '../../../../src-main/contract/workers/chat.ts';
import { MOST_BODY_BYTES } from '../../../../src-main/doors/endpoint/chat-completions.ts';
import { startEndpoint } from '../../../../src-main/doors/endpoint/endpoint.ts';
import { LoadedModel } from '../../../../src-main/services/loaded-model.ts';
import { MOST_WAITING, ServedModel } from '../../../../src-main/services/served-model.ts';
import { FakeWorkers, openedAs, type FakeCall } from '../../../helpers/fake-workers.ts';
import { until } from '../../../helpers/until.ts';

type Call = FakeCall<typeof chatContract>;
type Send = Extract<Call, { readonly method: 'send' }>;

const said = (text: string): SentAnswer => ({
  ...{ text, reason: 'end', pictures: [] },
  statistics: {
    ...{ promptTokens: 5, reusedTokens: 3, encodedImages: 0, encodeSeconds: 0, promptSeconds: 0 },
    ...{ answerTokens: 2, answerSeconds: 1, contextTokens: 512 },
  },
});

/** Says it and ends. */
const answering = (text: string) => (call: Send) => {
  call.emit({ kind: 'prompt', done: 1, total: 1 });
  call.emit({ kind: 'text', text });
  return Promise.resolve(said(text));
};

/** Goes on until it is told to stop. */
const endless = (call: Send) => {
  call.emit({ kind: 'prompt', done: 1, total: 1 });
  call.emit({ kind: 'text', text: 'Once' });
  return new Promise<SentAnswer>((_, reject) =>
    call.signal.addEventListener('abort', () => reject(new CancelledError()), { once: true }),
  );
};

async function serve(send: (call: Send) => Promise<SentAnswer> = answering('A mug.')) {
  const calls: Call[] = [];
  const workers = new FakeWorkers<typeof chatContract>((call) => {
    calls.push(call);
    if (call.method === 'send') return send(call);
    return call.method === 'open' ? openedAs({ canSee: true }) : undefined;
  });
  const loaded = new LoadedModel(workers.start);
  const model = new ServedModel('a mug', {
    model: loaded,
    pictures: {
      prepare: ({ bytes }) =>
        bytes.length < 4
          ? Promise.reject(new SnugError('BAD_PICTURE', 'a picture is damaged', { advice: 'Send another.' }))
          : Promise.resolve({ width: 1, height: 1, notes: [], converted: undefined }),
    },
    opening: () => Promise.resolve({ modelPath: '/a mug.gguf', contextTokens: 512, threads: 1 }),
    temperature: () => 0.2,
  });
  const endpoint = await startEndpoint(model, { port: 0 });
  onTestFinished(async () => {
    await endpoint.close();
    await loaded.close();
  });
  const headers = { authorization: `Bearer ${endpoint.key}`, 'content-type': 'application/json' };
  const ask = (body: unknown, changed: RequestInit = {}) =>
    fetch(`${endpoint.address}/chat/completions`, {
      ...{ method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) },
      ...changed,
    });
  const sends = () => calls.filter((call): call is Send => call.method === 'send');
  return {
    endpoint,
    model,
    headers,
    ask,
    calls,
    sends,
    workers,
    port: Number(new URL(endpoint.address).port),
  };
}

const hello = { messages: [{ role: 'user', content: 'Hello' }] };
const errorOf = async (response: Response) =>
  (
    (await response.json()) as {
      error: { message: string; type: string; code: string | null; param: string | null };
    }
  ).error;

/** A request as a program writes it that says what it likes of itself; the status that it gets. */
async function raw(port: number, head: string): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write(`GET /v1/models HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return Number(text.split(' ')[1]);
}

describe('who may ask', () => {
  it('is whoever shows the key, under this machine’s own names', async () => {
    const { port, endpoint } = await serve();
    const key = `Authorization: Bearer ${endpoint.key}\r\n`;
    const own = `Host: 127.0.0.1:${port}\r\n`;
    expect(await raw(port, own + key)).toBe(200);
    expect(await raw(port, `Host: localhost:${port}\r\n${key}`)).toBe(200);
    expect(await raw(port, own)).toBe(401);
    expect(await raw(port, `${own}Authorization: Bearer ${endpoint.key}x\r\n`)).toBe(401);
    expect(await raw(port, `Host: evil.example:${port}\r\n${key}`)).toBe(403);
    expect(await raw(port, `${own}Origin: https://evil.example\r\n${key}`)).toBe(403);
    expect(await raw(port, `${own}Origin: null\r\n${key}`)).toBe(403);
    expect(await raw(port, `${own}Sec-Fetch-Site: cross-site\r\n${key}`)).toBe(403);
  });

  it('has a key of its own each time', async () => {
    const [first, second] = [await serve(), await serve()];
    expect(first.endpoint.key).toMatch(/^sk-snug-[\w-]{43}$/);
    expect(first.endpoint.key).not.toBe(second.endpoint.key);
  });
});

describe('a request', () => {
  it('reaches the model as a whole conversation', async () => {
    const { ask, calls, sends } = await serve();
    const bytes = Buffer.from('a picture');
    const response = await ask({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'developer', content: [{ type: 'text', text: 'And kind.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is' },
            {
              type: 'image_url',
              image_url: { url: `data:image/png;base64,${bytes.toString('base64')}`, detail: 'high' },
            },
            { type: 'text', text: 'this?' },
          ],
        },
      ],
      ...{ stop: 'END', top_p: 0.5, seed: -3, temperature: 0, max_tokens: 9 },
    });
    expect(response.status).toBe(200);
    const restored = calls.find((call) => call.method === 'restore')?.argument;
    expect(restored).toEqual({
      systemPrompt: 'Be brief.\n\nAnd kind.',
      turns: [
        { role: 'user', text: 'Hi', pictures: [] },
        { role: 'assistant', text: 'Hello.', pictures: [] },
      ],
    });
    const sent = sends()[0]?.argument;
    expect(sent).toMatchObject({
      text: 'What is\nthis?',
      detail: 'more',
      keepsAll: true,
      stop: ['END'],
      topP: 0.5,
    });
    expect(sent).toMatchObject({ seed: 3, temperature: 0, maxTokens: 9 });
    expect(Buffer.from(sent?.pictures[0] as Uint8Array).equals(bytes)).toBe(true);
  });

  it('that goes on where the last ended is not sent from the beginning again', async () => {
    const { ask, calls } = await serve();
    await ask(hello);
    await ask({
      messages: [
        ...hello.messages,
        { role: 'assistant', content: 'A mug.' },
        { role: 'user', content: 'So?' },
      ],
    });
    expect(calls.filter(({ method }) => method === 'restore')).toHaveLength(1);
    await ask({
      messages: [
        { role: 'user', content: 'Another' },
        { role: 'assistant', content: 'x' },
        { role: 'user', content: 'y' },
      ],
    });
    expect(calls.filter(({ method }) => method === 'restore')).toHaveLength(2);
  });

  it.each([
    ['what is no JSON', '{', {}, 400],
    ['what is no object', '[]', {}, 400],
    ['another kind of content', '{}', { headers: { 'content-type': 'text/plain' } }, 415],
  ])('is not %s', async (_, body, changed: RequestInit, status) => {
    const { ask, headers } = await serve();
    const given = { ...headers, ...(changed.headers as Record<string, string> | undefined) };
    const response = await ask(body, { headers: given });
    expect(response.status).toBe(status);
    expect((await errorOf(response)).type).toBe('invalid_request_error');
  });

  it('is not larger than it may be, whatever it says of itself', async () => {
    const { ask } = await serve();
    const response = await ask('x'.repeat(MOST_BODY_BYTES + 1)).catch(() => undefined);
    // it is not read to its end, and the client may notice that first
    if (response) expect(response.status).toBe(413);
    expect((await ask(hello)).status).toBe(200);
  });

  it('goes to the two addresses that there are, in their own way', async () => {
    const { endpoint, headers } = await serve();
    const status = async (path: string, method = 'GET') =>
      (await fetch(`${endpoint.address}${path}`, { method, headers })).status;
    for (const name of ['a%20mug', '%61%20%6dug']) expect(await status(`/models/${name}`)).toBe(200);
    for (const name of ['other', '%zz', '', '..%2fa%20mug'])
      expect(await status(`/models/${name}`)).toBe(404);
    expect(await status('/completions', 'POST')).toBe(404);
    expect(await status('/chat/completions')).toBe(405);
    expect(await status('/models', 'DELETE')).toBe(405);
  });
});

describe('an answer', () => {
  it('has what a model thought apart from what it says, whole and streamed', async () => {
    const { ask } = await serve((call) => {
      call.emit({ kind: 'prompt', done: 1, total: 1 });
      for (const text of ['<thi', 'nk>A r', 'ound <thing>', '</th', 'ink>\n\nA mug', '.'])
        call.emit({ kind: 'text', text });
      return Promise.resolve(said('<think>A round <thing></think>\n\nA mug.'));
    });
    const whole = (await (await ask(hello)).json()) as { choices: [{ message: object }] };
    expect(whole.choices[0].message).toMatchObject({
      content: 'A mug.',
      reasoning_content: 'A round <thing>',
    });
    const text = await (await ask({ ...hello, stream: true })).text();
    const deltas = text
      .split('\n\n')
      .flatMap((event) =>
        event.startsWith('data: {')
          ? [JSON.parse(event.slice(6)) as { choices: [{ delta: Record<string, string> }] }]
          : [],
      )
      .map(({ choices }) => choices[0].delta);
    expect(deltas.map(({ content = '' }) => content).join('')).toBe('A mug.');
    expect(deltas.map(({ reasoning_content: thought = '' }) => thought).join('')).toBe('A round <thing>');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('ends with the client that asked, and the next one gets its turn', async () => {
    let first = true;
    const { ask, sends, model } = await serve((call) => {
      if (!first) return answering('A mug.')(call);
      first = false;
      return endless(call);
    });
    const leave = new AbortController();
    const left = ask(hello, { signal: leave.signal }).catch(() => 'left');
    await until(() => sends().length === 1);
    const next = ask(hello);
    await until(() => model.load.waiting === 1);
    leave.abort();
    expect(await left).toBe('left');
    expect((await next).status).toBe(200);
    expect(sends()[0]?.signal.aborted).toBe(true);
  });

  it('is not waited for by a client that left the queue', async () => {
    const { ask, sends, model } = await serve(endless);
    const [stay, leave] = [new AbortController(), new AbortController()];
    const running = ask(hello, { signal: stay.signal }).catch(() => undefined);
    await until(() => sends().length === 1);
    const waiting = ask(hello, { signal: leave.signal }).catch(() => undefined);
    await until(() => model.load.waiting === 1);
    leave.abort();
    await waiting;
    await until(() => model.load.waiting === 0);
    stay.abort();
    await running;
    expect(sends()).toHaveLength(1);
  });

  it('is refused at once where too many wait', async () => {
    const { ask, model } = await serve(endless);
    const leave = new AbortController();
    const all = Array.from({ length: MOST_WAITING + 1 }, () =>
      ask(hello, { signal: leave.signal }).catch(() => undefined),
    );
    await until(() => model.load.waiting === MOST_WAITING);
    const response = await ask(hello);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await errorOf(response)).toMatchObject({ type: 'rate_limit_error', code: 'busy' });
    leave.abort();
    await Promise.all(all);
    await until(() => model.load.running === 0);
  });

  it.each([
    ['CONTEXT_FULL', 400, 'context_length_exceeded'],
    ['BAD_PICTURE', 400, 'bad_picture'],
    ['DOES_NOT_FIT', 503, 'does_not_fit'],
    ['WORKER_DIED', 503, 'worker_died'],
    ['BUG', 500, 'bug'],
  ] as const)('that fails with %s says so with the status %s', async (code, status, told) => {
    const { ask } = await serve(() =>
      Promise.reject(new SnugError(code, 'it failed', { advice: 'Try less.' })),
    );
    for (const stream of [false, true]) {
      const response = await ask({ ...hello, stream });
      expect(response.status).toBe(status);
      expect(await errorOf(response)).toMatchObject({ message: 'it failed. Try less.', code: told });
    }
  });

  it('that fails after its first words says so in the stream', async () => {
    const { ask } = await serve((call) => {
      call.emit({ kind: 'text', text: 'Once' });
      return Promise.reject(new SnugError('WORKER_DIED', 'it died'));
    });
    const text = await (await ask({ ...hello, stream: true })).text();
    expect(text).toContain('"content":"Once"');
    expect(text).toContain('{"error":{"message":"it died","type":"server_error"');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('that the model was taken away from says so', async () => {
    const { ask } = await serve(() => Promise.resolve({ ...said(''), reason: 'cancelled' as const }));
    const response = await ask(hello);
    expect(response.status).toBe(503);
    expect((await errorOf(response)).code).toBe('model_unloaded');
  });

  it('does not come once the endpoint is closed, and what ran is ended', async () => {
    const { ask, endpoint, sends } = await serve(endless);
    const running = ask(hello).catch(() => 'cut');
    await until(() => sends().length === 1);
    await endpoint.close();
    expect(await running).toBe('cut');
    await until(() => sends()[0]?.signal.aborted === true);
  });
});
