import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Message } from '../../../src-main/contract/conversation.ts';
import type { ConversationRepository } from '../../../src-main/store/conversations.ts';
import { answering, options, pictureNamed, statistics, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

/** Dates of what follows, a minute apart at each call. */
function clock(): () => void {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-05-01T10:00:00Z') });
  onTestFinished(() => void vi.useRealTimers());
  return () => void vi.setSystemTime(Date.now() + 60_000);
}

function begin(conversations: ConversationRepository, title = 'Boats') {
  const { id } = conversations.create({ modelId: 'demo', options, title });
  const question = conversations.addQuestion(id, { text: 'What is this?', pictures: [] });
  const answer = conversations.addAnswer(id, answering);
  return { id, question, answer };
}

const ended = { state: 'done', statistics: null, error: null, notes: [] } as const;

describe('a conversation', () => {
  it('is read back as it was written, pictures, statistics and errors included', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    const { conversations, pictures } = store;
    const [one, two] = [pictureNamed('boat.jpg'), pictureNamed('harbour.png')];
    for (const picture of [one, two]) pictures.add(picture);
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    conversations.addQuestion(id, { text: 'Which is older?', pictures: [two.hash, one.hash] });
    const answer = conversations.addAnswer(id, answering);
    expect(answer).toMatchObject({ state: 'streaming', text: '', statistics: null, modelName: 'Demo-VL' });
    conversations.appendText(answer.id, 'The ');
    conversations.appendText(answer.id, 'harbour 🚢.');
    conversations.finishAnswer(answer.id, {
      state: 'length',
      statistics,
      error: {
        name: 'SnugError',
        code: 'CONTEXT_FULL',
        message: 'it is full',
        advice: 'Ask less.',
        remedies: [{ kind: 'set-context', tokens: 8192 }],
      },
      notes: ['one picture is animated'],
    });
    const before = conversations.get(id);
    store.close();

    const after = temporaryStore(folder).conversations.get(id);
    expect(after).toEqual(before);
    expect(after).toMatchObject({ modelId: null, options, title: 'Boats', messages: 2 });
    expect(after.thread[0]).toMatchObject({ role: 'user', state: 'done', modelId: null, modelName: null });
    const { hash: _, bytes: _bytes, ...harbour } = two;
    expect(after.thread[0]?.pictures[0]).toEqual({ hash: two.hash, ...harbour });
    expect(after.thread[0]?.pictures.map(({ name }) => name)).toEqual(['harbour.png', 'boat.jpg']);
    expect(after.thread[1]).toMatchObject({
      role: 'assistant',
      text: 'The harbour 🚢.',
      state: 'length',
      statistics,
      error: { code: 'CONTEXT_FULL', advice: 'Ask less.', remedies: [{ kind: 'set-context', tokens: 8192 }] },
      notes: ['one picture is animated'],
      ...answering,
    });
  });

  it('comes first in the list when something is said in it or it is renamed', () => {
    const tick = clock();
    const { conversations } = temporaryStore();
    const titles = () => conversations.list().map(({ title }) => title);
    const [boats, cats, dogs] = ['Boats', 'Cats', 'Dogs'].map((title) => {
      tick();
      return conversations.create({ modelId: null, options, title }).id;
    }) as [string, string, string];
    expect(titles()).toEqual(['Dogs', 'Cats', 'Boats']);
    tick();
    conversations.addQuestion(boats, { text: 'Which?', pictures: [] });
    expect(titles()).toEqual(['Boats', 'Dogs', 'Cats']);
    tick();
    conversations.rename(cats, 'Kittens');
    expect(titles()).toEqual(['Kittens', 'Boats', 'Dogs']);
    tick();
    const answer = conversations.addAnswer(dogs, answering);
    expect(titles()).toEqual(['Dogs', 'Kittens', 'Boats']);
    tick();
    conversations.rename(boats, 'Ships');
    tick();
    conversations.finishAnswer(answer.id, ended);
    expect(titles()).toEqual(['Dogs', 'Ships', 'Kittens']);
    expect(conversations.list()[0]).toMatchObject({ messages: 1, updatedAt: new Date().toISOString() });
  });

  it('stays where it is in the list when only its model or its options change', () => {
    const tick = clock();
    const { conversations } = temporaryStore();
    const created = conversations.create({ modelId: null, options, title: 'Boats' });
    tick();
    conversations.setModel(created.id, 'other');
    const changed = conversations.setOptions(created.id, { ...options, imageMaxTokens: 256 });
    expect(changed).toEqual({ ...created, modelId: 'other', options: { ...options, imageMaxTokens: 256 } });
    expect(conversations.get(created.id)).toEqual(changed);
  });

  it('that was removed is neither listed, nor found, nor opened, and comes back whole', () => {
    const { conversations } = temporaryStore();
    const { id, answer } = begin(conversations);
    conversations.finishAnswer(answer.id, ended);
    const before = conversations.get(id);
    conversations.remove(id);
    expect(conversations.list()).toEqual([]);
    expect(conversations.search('boats')).toEqual([]);
    expect(conversations.search('what')).toEqual([]);
    for (const use of [
      () => conversations.get(id),
      () => conversations.rename(id, 'x'),
      () => conversations.remove(id),
      () => conversations.addQuestion(id, { text: 'Still there?', pictures: [] }),
    ]) {
      expect(thrown(use)).toMatchObject({ code: 'NOT_FOUND', message: 'there is no such conversation' });
    }
    conversations.restore(id);
    expect(conversations.get(id)).toEqual(before);
    expect(conversations.search('boats')).toHaveLength(1);
    expect(conversations.search('what')).toHaveLength(1);
  });

  it('that was removed is gone for good once purged, and only that one', () => {
    const { conversations } = temporaryStore();
    const gone = begin(conversations, 'Boats');
    const kept = begin(conversations, 'Cats');
    conversations.remove(gone.id);
    expect(conversations.purgeRemoved()).toBe(1);
    expect(thrown(() => conversations.restore(gone.id)).code).toBe('NOT_FOUND');
    expect(thrown(() => conversations.message(gone.question.id)).message).toBe('there is no such message');
    expect(conversations.list().map(({ id }) => id)).toEqual([kept.id]);
    expect(conversations.search('what')).toHaveLength(1);
  });

  it('cannot be asked about a picture that is not kept, and nothing is left of the question', () => {
    const { conversations, pictures } = temporaryStore();
    const { hash } = pictures.add(pictureNamed('boat.jpg'));
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    const error = thrown(() =>
      conversations.addQuestion(id, { text: 'These?', pictures: [hash, 'f'.repeat(64)] }),
    );
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'there is no such picture' });
    expect(conversations.get(id).thread).toEqual([]);
  });
});

/** An answer on its way to take a message's place, with its first word. */
function begun(conversationId: string, text = 'A'): Message {
  return {
    id: randomUUID(),
    conversationId,
    role: 'assistant',
    text,
    pictures: [],
    state: 'streaming',
    error: null,
    ...answering,
    statistics: null,
    notes: [],
    createdAt: new Date().toISOString(),
  };
}

describe('an answer that takes the place of another', () => {
  it('takes that of all that came after it too, and goes on like any other', () => {
    const { conversations } = temporaryStore();
    const { id, question, answer } = begin(conversations);
    conversations.finishAnswer(answer.id, ended);
    conversations.addQuestion(id, { text: 'And this?', pictures: [] });
    const other = begin(conversations, 'Cats');
    const again = begun(id, 'A light');
    conversations.replaceFrom(answer.id, { answer: again });
    expect(conversations.get(id).thread).toEqual([question, again]);
    conversations.appendText(again.id, 'house.');
    expect(conversations.finishAnswer(again.id, ended)).toMatchObject({
      text: 'A lighthouse.',
      state: 'done',
    });
    expect(conversations.get(other.id).thread).toHaveLength(2);
  });

  it('brings an edited question with its pictures, found by its new words and no longer by its old ones', () => {
    const { conversations, pictures } = temporaryStore();
    const { hash } = pictures.add(pictureNamed('ship.png'));
    const { id } = conversations.create({ modelId: 'demo', options, title: 'Untitled' });
    const old = conversations.addQuestion(id, { text: 'What is this?', pictures: [hash] });
    const question = { ...old, id: randomUUID(), text: 'Which ship?' };
    const answer = begun(id);
    conversations.replaceFrom(old.id, { question, answer });
    expect(conversations.get(id).thread).toEqual([question, answer]);
    expect(conversations.search('ship')).toMatchObject([{ messageId: question.id }]);
    expect(conversations.search('this')).toEqual([]);
  });

  it('changes nothing when it cannot be kept', () => {
    const { conversations } = temporaryStore();
    const { id, question, answer } = begin(conversations);
    conversations.finishAnswer(answer.id, ended);
    const before = conversations.get(id).thread;
    const nowhere = { hash: '0'.repeat(64), name: 'gone.png', width: 1, height: 1 };
    const edited = { ...question, id: randomUUID(), pictures: [nowhere] };
    expect(
      thrown(() => conversations.replaceFrom(question.id, { question: edited, answer: begun(id) })).code,
    ).toBe('NOT_FOUND');
    expect(thrown(() => conversations.replaceFrom('gone', { answer: begun(id) })).code).toBe('NOT_FOUND');
    expect(conversations.get(id).thread).toEqual(before);
  });
});

describe('an answer', () => {
  it('that has ended takes no more words and does not end twice', () => {
    const { conversations } = temporaryStore();
    const { answer } = begin(conversations);
    conversations.finishAnswer(answer.id, { ...ended, state: 'stopped' });
    expect(thrown(() => conversations.appendText(answer.id, 'more')).code).toBe('BAD_ARGUMENT');
    expect(thrown(() => conversations.finishAnswer(answer.id, ended)).code).toBe('BAD_ARGUMENT');
    expect(conversations.message(answer.id)).toMatchObject({ text: '', state: 'stopped' });
  });

  it('is found once it is finished', () => {
    const { conversations } = temporaryStore();
    const { id, answer } = begin(conversations);
    conversations.appendText(answer.id, 'A lighthouse.');
    expect(conversations.search('lighthouse')).toEqual([]);
    conversations.finishAnswer(answer.id, ended);
    expect(conversations.search('lighthouse')).toEqual([
      {
        conversationId: id,
        title: 'Boats',
        in: 'message',
        matches: 1,
        messageId: answer.id,
        excerpt: 'A \u0002lighthouse\u0003.',
      },
    ]);
  });

  it('that was cut by the end of the app keeps its words, is marked as cut, and is found', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    const { answer } = begin(store.conversations);
    store.conversations.appendText(answer.id, 'A lighthouse at');
    const whole = begin(store.conversations);
    store.conversations.finishAnswer(whole.answer.id, ended);
    store.close();
    const { conversations } = temporaryStore(folder);
    expect(conversations.recoverInterrupted()).toBe(1);
    expect(conversations.recoverInterrupted()).toBe(0);
    expect(conversations.message(answer.id)).toMatchObject({ state: 'cut', text: 'A lighthouse at' });
    expect(conversations.message(whole.answer.id).state).toBe('done');
    expect(conversations.search('lighthouse')).toHaveLength(1);
  });
});
