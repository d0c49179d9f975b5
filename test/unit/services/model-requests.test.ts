import { describe, expect, it } from 'vitest';
import type { Conversation, Message } from '../../../src-main/contract/conversation.ts';
import { ModelRequests, sentSizes } from '../../../src-main/services/model-requests.ts';
import { options, statistics } from '../../helpers/store-parts.ts';

const requests = new ModelRequests({
  pictures: { path: (hash: string) => `/pictures/${hash}` },
} as unknown as ConstructorParameters<typeof ModelRequests>[0]);

function message(id: string, role: Message['role'], text: string, more: Partial<Message> = {}): Message {
  return {
    ...{ id, role, text, conversationId: 'c', pictures: [], state: 'done', error: null, notes: [] },
    ...{ modelName: null, modelId: 'm', statistics: null, createdAt: '2026-05-01T10:00:00.000Z' },
    ...more,
  };
}

const mug = { hash: 'mug', name: 'mug.jpg', width: 4032, height: 3024 };
const sent = { width: 1008, height: 756 };

const conversation = (thread: readonly Message[], more: Partial<Conversation> = {}): Conversation => ({
  ...{ id: 'c', title: 'A chat', modelId: 'm', updatedAt: '', messages: thread.length, options, thread },
  ...more,
});

describe('what a model is told of a conversation', () => {
  const texts = (thread: Message[]) =>
    requests.history(conversation(thread), thread).turns.map(({ text }) => text);
  const failed = {
    state: 'failed' as const,
    error: { name: 'SnugError', code: 'CONTEXT_FULL' as const, message: 'full' },
  };

  it('leaves out a question that was refused, wherever it stands', () => {
    const refused = [message('q2', 'user', 'word '.repeat(9000)), message('a2', 'assistant', '', failed)];
    const begun = [message('q1', 'user', 'What is it?'), message('a1', 'assistant', 'A mug')];
    expect(texts([...begun, ...refused])).toEqual(['What is it?', 'A mug']);
    expect(texts([...refused, ...begun, ...refused])).toEqual(['What is it?', 'A mug']);
  });

  it('keeps a question that was stopped before its answer, and one whose answer broke off', () => {
    expect(
      texts([
        message('q1', 'user', 'What is it?'),
        message('a1', 'assistant', '', { state: 'stopped' }),
        message('q2', 'user', 'And this?'),
        message('a2', 'assistant', 'A m', failed),
      ]),
    ).toEqual(['What is it?', 'And this?', 'A m']);
  });

  it('names the sizes at which pictures were sent', () => {
    const thread = [
      message('q1', 'user', 'What is it?', { pictures: [mug] }),
      message('a1', 'assistant', 'A mug', { statistics: { ...statistics, sentPictures: [sent] } }),
    ];
    const [turn] = requests.history(conversation(thread), thread).turns;
    expect(turn?.pictures).toEqual([{ file: '/pictures/mug', sentAs: sent }]);
  });
});

describe('the sizes at which pictures were sent', () => {
  const question = message('q1', 'user', 'What is it?', { pictures: [mug] });
  const answer = message('a1', 'assistant', 'A mug', { statistics: { ...statistics, sentPictures: [sent] } });
  const thread = [question, answer];

  it('hold for the same model and context', () => {
    expect(sentSizes(conversation(thread), thread, question)).toEqual([sent]);
  });

  it.each([
    ['another model', { modelId: 'other' }],
    ['another context', { options: { ...options, contextTokens: 8192 } }],
  ])('do not hold for %s', (_, change) => {
    expect(sentSizes(conversation(thread, change), thread, question)).toBeUndefined();
  });

  it('are not known of answers of an earlier Snug', () => {
    const old = [question, { ...answer, statistics }];
    expect(sentSizes(conversation(old), old, question)).toBeUndefined();
  });
});
