import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { DEFAULT_SETTINGS } from '../../../src-main/contract/settings.ts';
import { StreamedAnswer } from '../../../src-main/services/streamed-answer.ts';
import type { ConversationRepository } from '../../../src-main/store/conversations.ts';
import { temporaryStore } from '../../helpers/store-parts.ts';

const { systemPrompt, temperature, contextTokens, maxTokens } = DEFAULT_SETTINGS;
const options = { systemPrompt, temperature, contextTokens, maxTokens, imageMaxTokens: null };

/** An answer in a real store, which takes no more once `full` says so. */
function answerInStore(full: { now: boolean }) {
  const { conversations } = temporaryStore();
  const { id } = conversations.create({ modelId: null, options, title: 'A chat' });
  conversations.addQuestion(id, { text: 'What is it?', pictures: [] });
  const message = conversations.addAnswer(id, { modelId: 'demo', modelName: 'Demo-VL' });
  const refuse = () => {
    if (full.now) throw new SnugError('DISK_FULL', 'the disk is full');
  };
  const repository = {
    appendText: (messageId: string, text: string) => (refuse(), conversations.appendText(messageId, text)),
    finishAnswer: (...end: Parameters<ConversationRepository['finishAnswer']>) => (
      refuse(),
      conversations.finishAnswer(...end)
    ),
  } as ConversationRepository;
  const told: Message[] = [];
  let stops = 0;
  const streamed = new StreamedAnswer(message, repository, {
    tell: (changed) => told.push(changed),
    stop: () => stops++,
  });
  return { streamed, told, stops: () => stops, kept: () => conversations.message(message.id) };
}

describe('an answer while the disk fills up', () => {
  it('is stopped once, says why, and keeps all of it in the window and the first part in the store', () => {
    const full = { now: false };
    const { streamed, told, stops, kept } = answerInStore(full);
    streamed.append('A red ');
    full.now = true;
    streamed.append('circle');
    streamed.append(' and more');
    expect(stops()).toBe(1);
    streamed.stopped();
    expect(told.at(-1)).toMatchObject({
      state: 'failed',
      text: 'A red circle and more',
      error: { code: 'DISK_FULL' },
    });
    expect(kept()).toMatchObject({ state: 'streaming', text: 'A red ' });
  });

  it('is stored as failed when there is room again at its end', () => {
    const full = { now: true };
    const { streamed, kept } = answerInStore(full);
    streamed.append('A red circle');
    full.now = false;
    streamed.stopped();
    expect(kept()).toMatchObject({ state: 'failed', error: { code: 'DISK_FULL' } });
  });

  it('says so when only its end finds no room', () => {
    const full = { now: false };
    const { streamed, told } = answerInStore(full);
    streamed.append('A red circle');
    full.now = true;
    expect(() => streamed.stopped()).not.toThrow();
    expect(told.at(-1)).toMatchObject({ state: 'failed', error: { code: 'DISK_FULL' } });
  });
});
