import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import { ChatSession } from '../../src-main/chat/session.ts';
import type { ChatEvent, SendRequest } from '../../src-main/contract/chat.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import type { NativeChat } from '../../src-main/engine/native-types.ts';
import { openModel } from '../../src-main/models/open-model.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import {
  DEMO_ANSWERS,
  DEMO_IMAGE_TOKENS,
  WHO_ARE_YOU,
  demoMmproj,
  demoModel,
  sample,
} from '../fixtures/demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// Conversations with the demo model, as a chat process holds them.

/** Small enough that a few messages fill it. */
const CONTEXT_TOKENS = 512;

function question(text: string, options: Partial<SendRequest> = {}): SendRequest {
  return { text, pictures: [], maxTokens: 32, temperature: 0, seed: 0, ...options };
}

/** Sends and gathers what was told on the way. */
async function send(session: ChatSession, request: SendRequest, signal?: AbortSignal) {
  const events: ChatEvent[] = [];
  const answer = await session.send(request, { signal, onEvent: (event) => events.push(event) });
  const pieces = events.flatMap((event) => (event.kind === 'text' ? [event.text] : []));
  const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
  return { ...answer, events, pieces, notes };
}

const red = question('What color is the circle?', { pictures: [sample('circle')] });

const folder = sharedFolder();

describe('with the demo model', () => {
  const host = new ChatHost();
  let session: ChatSession;

  beforeAll(async () => {
    const opened = await host.open({
      modelPath: demoModel,
      mmprojPath: demoMmproj,
      contextTokens: CONTEXT_TOKENS,
      threads: 1,
    });
    expect(opened).toEqual({
      name: 'Demo-VL',
      memoryBytes: expect.any(Number) as unknown,
      canSee: true,
      contextTokens: CONTEXT_TOKENS,
      imageMaxTokens: DEMO_IMAGE_TOKENS.maxTokens,
    });
    session = host.session;
  });
  afterAll(() => host.close());
  beforeEach(() => session.reset());

  async function tokensOf(path: string): Promise<number> {
    const { usual } = await session.scalePictures({ text: '', pictures: [path] });
    return usual.pictures[0]?.tokens ?? NaN;
  }

  it.each(DEMO_ANSWERS)('sees and says: $question $answer', async ({ question: text, picture, answer }) => {
    const pictures = picture === undefined ? [] : [picture];
    expect(await send(session, question(text, { pictures }))).toMatchObject({ text: answer, reason: 'end' });
  });

  it('says what it is', async () => {
    expect((await send(session, question('Who are you?'))).text).toBe(WHO_ARE_YOU);
  });

  it('does not look at a picture again for the next question', async () => {
    const first = await send(session, red);
    expect(first.statistics.encodedImages).toBe(1);
    const second = await send(session, question('What shape is it?'));
    expect(second.statistics.encodedImages).toBe(0);
    // all of the first prompt and its answer are in the cache
    const { promptTokens, answerTokens } = first.statistics;
    expect(second.statistics.reusedTokens).toBeGreaterThanOrEqual(promptTokens + answerTokens);
    expect(second.statistics.promptTokens).toBeGreaterThan(second.statistics.reusedTokens);
    expect(session.messages.map(({ role, pictures }) => [role, pictures ?? 0])).toEqual([
      ['user', 1],
      ['assistant', 0],
      ['user', 0],
      ['assistant', 0],
    ]);
  });

  it('looks again at a picture after another conversation, and answers the same', async () => {
    const first = await send(session, red);
    session.reset();
    await send(session, question('Who are you?'));
    session.reset();
    const again = await send(session, red);
    expect(again.statistics.encodedImages).toBe(1);
    expect(again.text).toBe(first.text);
  });

  it('tells two pictures of the same size apart', async () => {
    const blue = join(folder, 'blue.png');
    const { data, info } = await sharp(sample('circle'))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    // red and blue exchanged
    for (let i = 0; i < data.length; i += 3) [data[i], data[i + 2]] = [data[i + 2] ?? 0, data[i] ?? 0];
    await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } }).toFile(blue);
    const first = await send(session, red);
    session.reset();
    const second = await send(session, { ...red, pictures: [blue] });
    expect(second.statistics.encodedImages).toBe(1);
    expect(first.text.toLowerCase()).toContain('red');
    expect(second.text.toLowerCase()).toContain('blue');
  });

  it('takes two pictures in one message', async () => {
    const pictures = [sample('circle'), sample('colours')];
    const { statistics } = await send(session, question('How many shapes are there?', { pictures }));
    expect(statistics.encodedImages).toBe(2);
    expect(session.messages[0]?.pictures).toBe(2);
  });

  it('knows the tokens of a picture before it is sent', async () => {
    const without = await send(session, question('What is this?'));
    for (const name of ['circle', 'colours', 'shapes']) {
      session.reset();
      const tokens = await tokensOf(sample(name));
      expect(tokens).toBeGreaterThanOrEqual(DEMO_IMAGE_TOKENS.minTokens);
      expect(tokens).toBeLessThanOrEqual(DEMO_IMAGE_TOKENS.maxTokens);
      const { statistics } = await send(session, question('What is this?', { pictures: [sample(name)] }));
      // the marker's own two tokens stand around the picture: vision start and end
      expect(statistics.promptTokens - without.statistics.promptTokens).toBe(tokens + 2);
    }
  });

  it('keeps to its range of picture tokens, however large or small the picture', async () => {
    for (const [width, height] of [
      [2000, 1500],
      [1, 1],
      [30, 900],
      [2800, 29],
      [40, 4000],
    ] as const) {
      const path = join(folder, `${width}x${height}.png`);
      await sharp({ create: { width, height, channels: 3, background: '#f00' } }).toFile(path);
      const tokens = await tokensOf(path);
      expect(tokens, path).toBeGreaterThanOrEqual(4);
      expect(tokens, path).toBeLessThanOrEqual(DEMO_IMAGE_TOKENS.maxTokens);
      session.reset();
      const answer = await send(session, question('What is this?', { pictures: [path] }));
      expect(answer).toMatchObject({ reason: 'end', pictures: [{ tokens }] });
    }
  });

  it('drops the oldest messages when the context is full, says so, and still answers', async () => {
    const notes: string[] = [];
    let sent = 0;
    while (notes.length === 0 && sent < 40) {
      const answer = await send(session, { ...red, text: `${red.text} Question number ${sent}.` });
      expect(answer.statistics.promptTokens).toBeLessThan(CONTEXT_TOKENS);
      notes.push(...answer.notes);
      sent++;
    }
    expect(sent).toBeGreaterThan(3);
    expect(notes).toEqual([expect.stringMatching(/oldest \d+ messages are no longer seen/)]);
    expect(session.messages.length).toBeLessThan(sent * 2);
    expect(session.messages[0]?.role).toBe('user');
    expect((await send(session, red)).text.toLowerCase()).toContain('red');
  });

  it('refuses a message that alone is larger than the context, and forgets nothing', async () => {
    await send(session, red);
    const before = session.messages;
    await expect(send(session, question('word '.repeat(CONTEXT_TOKENS)))).rejects.toMatchObject({
      code: 'CONTEXT_FULL',
      message: expect.stringContaining(String(CONTEXT_TOKENS)) as string,
      remedies: [{ kind: 'set-context', tokens: expect.any(Number) as number }],
    });
    expect(session.messages).toEqual(before);
    const { statistics } = await send(session, question('What shape is it?'));
    expect(statistics.encodedImages).toBe(0);
  });

  it('ends an answer where the context does', async () => {
    const answer = await send(session, question('Who are you?', { maxTokens: 10_000, ignoreEnd: true }));
    expect(answer.reason).toBe('context');
    expect(answer.statistics.promptTokens + answer.statistics.answerTokens).toBeLessThanOrEqual(
      CONTEXT_TOKENS,
    );
    session.reset();
    expect((await send(session, red)).text.toLowerCase()).toContain('red');
  });

  it('ends an answer at the tokens asked for', async () => {
    const answer = await send(session, question('Who are you?', { maxTokens: 3 }));
    expect(answer).toMatchObject({ reason: 'length', statistics: { answerTokens: 3 } });
    expect(WHO_ARE_YOU.startsWith(answer.text)).toBe(true);
  });

  it('keeps what was said when it is stopped, and goes on with the next question', async () => {
    const controller = new AbortController();
    const pieces: string[] = [];
    const long = question('Who are you?', { maxTokens: 10_000, ignoreEnd: true });
    const answer = await session.send(long, {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind !== 'text') return;
        pieces.push(event.text);
        if (pieces.length === 3) controller.abort();
      },
    });
    expect(answer.reason).toBe('cancelled');
    expect(answer.text).toBe(pieces.join(''));
    expect(answer.text.length).toBeGreaterThan(0);
    expect(session.messages.at(-1)).toEqual({ role: 'assistant', text: answer.text });
    const next = await send(session, red);
    expect(next.reason).toBe('end');
    expect(next.text.toLowerCase()).toContain('red');
  });

  it('stops before the answer and leaves the conversation as it was', async () => {
    await send(session, question('Who are you?'));
    const before = session.messages;
    const controller = new AbortController();
    const stopped = session.send(red, {
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === 'prompt') controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(session.messages).toEqual(before);
    expect((await send(session, red)).text.toLowerCase()).toContain('red');
  });

  it('does not start when it was stopped already', async () => {
    const stopped = send(session, question('Who are you?'), AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(session.messages).toEqual([]);
  });

  it('runs nothing when it was stopped while the picture was read', async () => {
    const controller = new AbortController();
    const told: ChatEvent[] = [];
    const stopped = session.send(red, { signal: controller.signal, onEvent: (event) => told.push(event) });
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(session.messages).toEqual([]);
    expect(told).toEqual([]);
  });

  it('gives the same answer for the same seed, and others for others', async () => {
    const sampled = async (seed: number) => {
      session.reset();
      const request = { temperature: 0.8, maxTokens: 24, ignoreEnd: true, seed };
      return (await send(session, question('Tell me about the picture.', request))).text;
    };
    expect(await sampled(7)).toBe(await sampled(7));
    const answers = new Set([await sampled(1), await sampled(2), await sampled(3), await sampled(4)]);
    expect(answers.size).toBeGreaterThan(1);
  });

  it('streams pieces that make up the answer', async () => {
    const request = {
      temperature: 2,
      maxTokens: 300,
      ignoreEnd: true,
      pictures: [sample('circle')],
      seed: 5,
    };
    const { text, pieces } = await send(session, question('Write something wild: ¿qué? 日本語 🙂', request));
    expect(pieces.join('')).toBe(text);
    expect(pieces.length).toBeGreaterThan(10);
    expect(session.messages.at(-1)?.text).toBe(text);
  });

  it('leaves a marker that a person types as text', async () => {
    const plain = await send(session, question('What is <__media__> in this?'));
    expect(plain.statistics.encodedImages).toBe(0);
  });

  it('takes an empty message, whatever is said to it, and goes on', async () => {
    expect(await send(session, question(''))).toMatchObject({ reason: 'end' });
    expect((await send(session, question('Who are you?'))).text).not.toBe('');
    expect(session.messages).toHaveLength(4);
  });

  it.each([
    ['a text file', 'notes.png', Buffer.from('no picture at all'), 'BAD_PICTURE'],
    ['an empty file', 'empty.png', Buffer.alloc(0), 'BAD_PICTURE'],
    ['a missing file', 'missing.png', undefined, 'FILE'],
  ])('survives %s as a picture', async (_, name, content, code) => {
    const path = join(folder, name);
    if (content) writeFileSync(path, content);
    await send(session, red);
    const before = session.messages;
    await expect(send(session, { ...red, pictures: [path] })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(name) as string,
    });
    await expect(tokensOf(path)).rejects.toMatchObject({ code });
    expect(session.messages).toEqual(before);
    expect((await send(session, question('What shape is it?'))).statistics.encodedImages).toBe(0);
  });

  it('survives a picture that breaks off', async () => {
    const path = join(folder, 'cut.png');
    const whole = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#0f0',
        noise: { type: 'gaussian', mean: 128, sigma: 30 },
      },
    })
      .png()
      .toBuffer();
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    await expect(send(session, { ...red, pictures: [path] })).rejects.toMatchObject({ code: 'BAD_PICTURE' });
    expect(session.messages).toEqual([]);
    expect((await send(session, red)).text.toLowerCase()).toContain('red');
  });
});

describe('characters that take several tokens', () => {
  /** A session whose model says given bytes, each a token of its own. */
  async function saying(bytes: Uint8Array) {
    class Scripted implements NativeChat {
      prompt() {
        const counts = { promptTokens: 1, reusedTokens: 0, encodedImages: 0 };
        return Promise.resolve({ ...counts, encodeSeconds: 0, promptSeconds: 1 });
      }
      answer(_: unknown, onToken?: (event: { token: number; bytes: Buffer }) => void) {
        for (const byte of bytes) onToken?.({ token: 0, bytes: Buffer.of(byte) });
        return Promise.resolve({ reason: 'length' as const, tokens: bytes.length, seconds: 1 });
      }
      logits = () => new Float32Array();
      abort = () => undefined;
      close = () => undefined;
    }
    const { addon } = loadAddon();
    const text = readTextModel(demoModel);
    using model = await openModel(addon, {
      path: demoModel,
      limits: DEMO_IMAGE_TOKENS,
      threads: 1,
    });
    using session = new ChatSession({ ...addon, Chat: Scripted }, model, {
      text,
      contextTokens: 256,
      batchTokens: 256,
      threads: 1,
      vision: undefined,
      limits: DEMO_IMAGE_TOKENS,
    });
    return await send(session, question('Say it.'));
  }

  it('are streamed whole', async () => {
    const said = 'naïve 日本語 🙂 \uFEFF!';
    const { pieces, text } = await saying(Buffer.from(said));
    expect(text).toBe(said);
    expect(pieces.join('')).toBe(said);
    expect(pieces).toHaveLength([...said].length);
  });

  it('are marked when the answer ends inside one', async () => {
    const { text } = await saying(Buffer.from('yes 🙂').subarray(0, -1));
    expect(text).toBe('yes \uFFFD');
  });
});

describe('without a vision encoder', () => {
  it('talks, and says what is missing for a picture', async () => {
    const host = new ChatHost();
    const opened = await host.open({ modelPath: demoModel, contextTokens: 256, threads: 1 });
    expect(opened.canSee).toBe(false);
    await expect(send(host.session, red)).rejects.toMatchObject({
      code: 'CANNOT_SEE',
      remedies: [{ kind: 'add-vision-file' }, { kind: 'choose-model' }],
    });
    expect((await send(host.session, question('Who are you?'))).text).toBe(WHO_ARE_YOU);
    host.close();
  });
});

describe('opening', () => {
  it('takes no longer context than the model was trained for', async () => {
    const host = new ChatHost();
    const opened = await host.open({ modelPath: demoModel, contextTokens: 1_000_000, threads: 1 });
    expect(opened.contextTokens).toBe(4096);
    host.close();
  });

  it('can be stopped', async () => {
    const host = new ChatHost();
    const opening = host.open(
      { modelPath: demoModel, contextTokens: 256, threads: 1 },
      { signal: AbortSignal.abort() },
    );
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
