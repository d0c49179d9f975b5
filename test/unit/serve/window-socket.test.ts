import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MOST_LETTERS } from '../../../src-main/contract/conversation.ts';
import { MOST_MESSAGE_BYTES } from '../../../src-main/contract/wire.ts';
import { MOST_CALLS, MOST_KEPT_BYTES } from '../../../src-main/serve/window-socket.ts';
import { nextMessage, SmallServer } from '../../helpers/small-server.ts';
import { until } from '../../helpers/until.ts';

const call = (id: number, service = 'settings', method = 'get', argument: unknown = {}) =>
  JSON.stringify({ id, service, method, argument });

/** A frame from a client, unmasked bytes for ease: its mask is zeros. */
function frame(first: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0xfe, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([Buffer.from([first]), length, Buffer.alloc(4), payload]);
}

describe('a message that breaks the protocol', () => {
  it.each([
    ['an opcode that does not exist', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
    ['bytes that are no text', frame(0x81, Buffer.from([0xc3, 0x28]))],
    ['an unmasked frame', Buffer.from([0x81, 0x02, 0x68, 0x69])],
    ['a length beyond all bounds', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4])],
    ['a reserved bit', frame(0xc1, Buffer.from('x'))],
    ['a continuation of nothing', frame(0x80, Buffer.from('x'))],
    ['a close with a wrong code', frame(0x88, Buffer.from([0, 1]))],
  ])('ends its own connection alone: %s', async (_, bytes) => {
    const server = await SmallServer.start();
    const other = await server.socket();
    const socket = await server.connect(server.upgrade());
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resume();
    const over = new Promise((resolve) => socket.once('end', resolve));
    socket.write(bytes);
    await over;
    other.send(call(1));
    expect(await nextMessage(other)).toEqual({ kind: 'reply', id: 1, value: { theme: 'dark' } });
  });

  it('ends it when the connection breaks off amid a frame', async () => {
    const server = await SmallServer.start();
    const socket = await server.connect(server.upgrade());
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(Buffer.from([0x81, 0xfe, 0x10]));
    await pause(20);
    socket.resetAndDestroy();
    await pause(20);
    expect(await server.answers()).toBe(204);
  });
});

describe('the size of a message', () => {
  const echo = { chat: { send: ({ text }: { text: string }) => Promise.resolve(text.length) } };
  const send = (text: string) => call(1, 'chat', 'send', { conversationId: 'a', text, pictures: [] });

  it.each([
    ['control characters', '\u0001'],
    ['halves of letters', '\ud800'],
    ['Chinese', '\u6f22'],
  ])('fits the longest question, of %s', async (_, letter) => {
    const server = await SmallServer.start({ api: echo });
    const socket = await server.socket();
    socket.send(send(letter.repeat(MOST_LETTERS)));
    expect(await nextMessage(socket)).toEqual({ kind: 'reply', id: 1, value: MOST_LETTERS });
  });

  it('of a longer one is told in words', async () => {
    const server = await SmallServer.start({ api: echo });
    const socket = await server.socket();
    socket.send(send('\u6f22'.repeat(2 * MOST_LETTERS)));
    expect(await nextMessage(socket)).toMatchObject({
      id: 1,
      error: { code: 'BAD_ARGUMENT', message: expect.stringContaining('text') as string },
    });
  });

  it('beyond everything closes with the reason', async () => {
    const server = await SmallServer.start();
    const socket = await server.socket();
    const code = new Promise((resolve) => socket.once('close', resolve));
    socket.send('x'.repeat(MOST_MESSAGE_BYTES + 1));
    expect(await code).toBe(1009);
    expect(await server.answers()).toBe(204);
  });
});

describe('a window', () => {
  it('hears that a reply could not be written', async () => {
    const api = { settings: { get: () => Promise.resolve(1n) } };
    const server = await SmallServer.start({ api });
    const socket = await server.socket();
    socket.send(call(4));
    expect(await nextMessage(socket)).toMatchObject({ id: 4, error: { code: 'BUG' } });
  });

  it('runs only so many calls at once, and all of them in the end', async () => {
    let running = 0;
    let most = 0;
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const get = async () => {
      most = Math.max(most, ++running);
      await held;
      running--;
    };
    const server = await SmallServer.start({ api: { settings: { get } } });
    const socket = await server.socket();
    let replies = 0;
    socket.on('message', () => replies++);
    for (let id = 0; id < 10 * MOST_CALLS; id++) socket.send(call(id));
    await until(() => running === MOST_CALLS);
    await pause(50);
    expect(most).toBe(MOST_CALLS);
    go();
    await until(() => replies === 10 * MOST_CALLS);
    expect(most).toBe(MOST_CALLS);
  });

  it('that reads nothing gets no further calls run', async () => {
    let ran = 0;
    const get = () => Promise.resolve((ran++, 'x'.repeat(100_000)));
    const server = await SmallServer.start({ api: { settings: { get } } });
    const socket = await server.connect(server.upgrade());
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const one = frame(0x81, Buffer.from(call(1)));
    for (let i = 0; i < 5000; i++) socket.write(one);
    let before = -1;
    while (ran !== before) {
      before = ran;
      await pause(200);
    }
    // the system's own buffers take some megabytes; all of them would be 500
    expect(ran * 100_000).toBeLessThan(50e6);
    // once it reads, they run
    socket.resume();
    await until(() => ran === 5000);
  });

  it('that reads nothing is let go when events pile up, and others hear on', async () => {
    const server = await SmallServer.start();
    const other = await server.socket();
    let heard = 0;
    other.on('message', () => heard++);
    const socket = await server.connect(server.upgrade());
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const data = [{ id: 'x'.repeat(2 ** 20) }] as never;
    const events = (4 * MOST_KEPT_BYTES) / 2 ** 20;
    for (let i = 0; i < events; i++) {
      server.events.emit('library.changed', data);
      await until(() => heard > i);
    }
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve).once('end', resolve));
    expect(heard).toBe(events);
  });
});
