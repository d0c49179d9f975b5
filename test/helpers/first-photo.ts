import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished } from 'vitest';
import type { Message } from '../../src-main/contract/conversation.ts';
import { writeSidecar } from '../../src-main/models/sidecar.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { writeSparseQwenVl, type RealLayout } from '../fixtures/sparse-models.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A photo as phones take it: 12 megapixels. */
export function phonePhoto(): Promise<Buffer> {
  return sharp({ create: { width: 4032, height: 3024, channels: 3, background: '#80a0c0' } })
    .jpeg()
    .toBuffer();
}

async function ended(services: Services, { id, conversationId }: Message): Promise<Message> {
  for (;;) {
    const { thread } = await services.api.conversations.get({ id: conversationId });
    const message = thread.find((one) => one.id === id);
    if (message && message.state !== 'streaming') return message;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * A model of this shape, a photo of 12 megapixels and questions, with every setting as it is at first. The model's weights are zeros: what
 * it says means nothing, but that it says something took all that a real one takes.
 */
export async function firstPhoto(layout: RealLayout, weights: 'F16' | 'Q8_0'): Promise<void> {
  const folder = temporaryFolder();
  const { model: builtIn, mmproj } = writeSparseQwenVl(folder, layout, weights);
  writeSidecar(builtIn, { mmproj });
  const services = await openServices({ home: join(folder, 'home'), door: 'browser', builtIn });
  onTestFinished(() => services.close());
  const { api } = services;
  await api.settings.set({ maxTokens: 2 });
  const { id: conversationId } = await api.conversations.create({});
  const { hash } = await services.addPicture(await phonePhoto(), 'photo.jpg');
  const ask = async (text: string, pictures: readonly string[]) =>
    ended(services, (await api.chat.send({ conversationId, text, pictures })).answer);

  const costs = await api.chat.pictureCosts({ conversationId, text: 'What is this?', pictures: [hash] });
  const { tokens = NaN } = costs?.usual ?? {};
  expect(tokens).toBeGreaterThan(900);
  expect(costs?.usual.contextShare).toBeLessThan(0.3);
  expect(costs?.more?.tokens).toBeGreaterThan(2 * tokens);

  const first = await ask('What is this?', [hash]);
  expect(first).toMatchObject({ state: 'length', error: null, statistics: { answerTokens: 2 } });
  expect(first.statistics?.promptTokens).toBeGreaterThan(tokens);
  expect(first.statistics?.promptTokens).toBeLessThan(tokens + 100);

  // a question that cannot be sent is as if it had never been asked
  const refused = await ask('word '.repeat(5000), []);
  expect(refused).toMatchObject({ state: 'failed', error: { code: 'CONTEXT_FULL' } });
  const second = await ask('And what colour is it?', []);
  expect(second).toMatchObject({ state: 'length', error: null, notes: [], statistics: { encodeSeconds: 0 } });
  expect(second.statistics?.reusedTokens).toBeGreaterThan(tokens);
}
