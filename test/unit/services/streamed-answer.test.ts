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
function answerInStore(full: { now: boolean }, takesPlace = false) {
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
  const again = { ...message, id: 'again', replaces: message.id };
  const begin = (begun: Message) => (refuse(), conversations.replaceFrom(message.id, { answer: begun }));
  const streamed = new StreamedAnswer(takesPlace ? again : message, repository, {
    begin: takesPlace ? begin : undefined,
    tell: (changed) => told.push(changed),
    stop: () => stops++,
  });
  const thread = () => conversations.get(id).thread.slice(1);
  return { streamed, told, stops: () => stops, kept: () => conversations.message(message.id), thread };
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

  it('that was to take the place of another leaves that one, and says so to the window without a word', () => {
    const { streamed, told, stops, thread } = answerInStore({ now: true }, true);
    const before = thread();
    streamed.append('A red ');
    streamed.append('circle');
    expect(stops()).toBe(1);
    expect(told).toEqual([]);
    streamed.stopped();
    expect(told).toMatchObject([{ id: 'again', state: 'failed', text: '', error: { code: 'DISK_FULL' } }]);
    expect(thread()).toEqual(before);
  });

  it('that has taken the place of another keeps what it had', () => {
    const full = { now: false };
    const { streamed, told, thread } = answerInStore(full, true);
    streamed.append('A red ');
    full.now = true;
    streamed.append('circle');
    streamed.stopped();
    expect(told.at(-1)).toMatchObject({ state: 'failed', text: 'A red circle' });
    expect(thread()).toMatchObject([{ id: 'again', text: 'A red ' }]);
  });
});

it('an answer that took the place of another says so with its last word too: a window may hear of that one alone', () => {
  const { streamed, told } = answerInStore({ now: false }, true);
  streamed.append('red');
  streamed.stopped();
  const [first] = told;
  expect(told.at(-1)).toMatchObject({
    id: 'again',
    state: 'stopped',
    text: 'red',
    replaces: first?.replaces,
  });
  expect(first?.replaces).toBeDefined();
});
