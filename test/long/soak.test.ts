import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Message } from '../../src-main/contract/conversation.ts';
import { forkWorker } from '../../src-main/engine/fork-worker.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { sample } from '../fixtures/demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// Hundreds of turns with pictures in conversations that take turns: what is held at the end is what was held after the first ones.
// SNUG_ROUNDS asks for more of them.

const TURNS = 300 * Number(process.env['SNUG_ROUNDS'] ?? 1);
const WARM = 60;
const MiB = 2 ** 20;
const home = join(sharedFolder(), 'home');
const names = ['circle', 'colours', 'shapes', 'chart', 'word'];

let services: Services;
let workers = 0;

beforeAll(async () => {
  const start: typeof forkWorker = (entry) => {
    workers++;
    return forkWorker(entry);
  };
  services = await openServices({ home, door: 'browser', start });
  await services.api.settings.set({ threads: 1, contextTokens: 1024, temperature: 0 });
});
afterAll(() => services.close());

/** Resident memory in bytes of this process's children, by name of what runs in them. */
function childMemory(): number {
  const status = (pid: string, field: string) =>
    new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => {
      try {
        if (status(pid, 'PPid') !== String(process.pid)) return sum;
        return sum + Number(status(pid, 'VmRSS') ?? 0) * 1024;
      } catch {
        // it ended while it was looked at
        return sum;
      }
    }, 0);
}

const held = () => ({
  files: readdirSync('/proc/self/fd').length,
  children: childMemory(),
  listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
});

async function ended({ id, conversationId }: Message): Promise<Message> {
  for (;;) {
    const { thread } = await services.api.conversations.get({ id: conversationId });
    const message = thread.find((one) => one.id === id);
    if (message && message.state !== 'streaming') return message;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

it.runIf(process.platform === 'linux')(
  `${TURNS} turns leave no file, process, listener or memory behind (Linux tells what is held)`,
  async () => {
    const { api } = services;
    const [model] = await api.library.list({});
    const conversations = await Promise.all(
      [0, 1, 2].map(() => api.conversations.create({ modelId: model?.id ?? '' })),
    );
    const hashes: string[] = [];
    for (const name of names) {
      hashes.push((await services.addPicture(readFileSync(sample(name)), `${name}.png`)).hash);
    }
    let warm = held();
    for (let turn = 0; turn < TURNS; turn++) {
      if (turn === WARM) warm = held();
      const pictures = [hashes[turn % hashes.length] ?? ''];
      // a new conversation now and then: the context of one is not endless
      const at = turn % conversations.length;
      if (turn % 5 === 0) {
        conversations[at] = await api.conversations.create({ modelId: model?.id ?? '' });
      }
      const { answer } = await api.chat.send({
        conversationId: conversations[at]?.id ?? '',
        text: 'What is in the image?',
        pictures,
      });
      expect(await ended(answer)).toMatchObject({ state: 'done', error: null });
    }
    const after = held();
    expect(after.files).toBeLessThanOrEqual(warm.files + 2);
    expect(after.listeners).toBe(warm.listeners);
    expect(after.children).toBeLessThan(warm.children + 48 * MiB);
    // one for the library's headers, one for pictures, one for the laptop, one for the model; few more where one ended idle
    expect(workers).toBeLessThan(10);
  },
);
