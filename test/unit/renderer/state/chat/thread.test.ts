import { describe, expect, it } from 'vitest';
import type { ApiEvent } from '../../../../../src-main/contract/api.ts';
import type { Conversation, Message } from '../../../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { Bridge } from '../../../../../src-renderer/bridge/bridge.ts';
import { Composer } from '../../../../../src-renderer/state/chat/composer.svelte.ts';
import { Thread } from '../../../../../src-renderer/state/chat/thread.svelte.ts';

const options = {
  systemPrompt: '',
  temperature: 0,
  contextTokens: 4096,
  maxTokens: 100,
  imageMaxTokens: null,
};
const message = (id: string, role: Message['role'], text: string, more: Partial<Message> = {}): Message => ({
  id,
  conversationId: 'c',
  role,
  text,
  pictures: [],
  state: 'done',
  error: null,
  modelName: null,
  modelId: null,
  statistics: null,
  notes: [],
  createdAt: '2026-01-01T00:00:00Z',
  ...more,
});
const conversation = (thread: readonly Message[], id = 'c'): Conversation => ({
  id,
  title: '',
  modelId: 'm',
  updatedAt: '',
  messages: thread.length,
  options,
  thread,
});

/** A main process whose answers the test gives. */
function setUp(calls: Record<string, (argument: never) => unknown>) {
  const frames: (() => void)[] = [];
  const asked: { name: string; argument: unknown }[] = [];
  const service = (group: string) =>
    new Proxy(
      {},
      {
        get: (_, method) => async (argument: never) => {
          const name = `${group}.${String(method)}`;
          asked.push({ name, argument });
          return Promise.resolve(calls[name]?.(argument));
        },
      },
    );
  const bridge = {
    api: { conversations: service('conversations'), chat: service('chat') },
    addPicture: async (file: File, name: string) => {
      if (!file.type.startsWith('image/')) {
        throw new SnugError('BAD_PICTURE', `${name} is not a picture`, { advice: 'Use a JPEG.' });
      }
      return Promise.resolve({ hash: name.padEnd(64, '0'), name, width: 1, height: 1 });
    },
  } as unknown as Bridge;
  const thread = new Thread(bridge, (run) => frames.push(run));
  const composer = new Composer(bridge, thread);
  const drawFrame = () => frames.splice(0).forEach((run) => run());
  const say = (data: Message) => thread.hear({ name: 'chat.message', data } satisfies ApiEvent);
  return { thread, composer, asked, frames, drawFrame, say };
}

const question = message('q', 'user', 'what?');
const streaming = (text: string): Message => message('a', 'assistant', text, { state: 'streaming' });
const answered = message('a', 'assistant', 'a mug', { modelName: 'Demo' });

describe('a thread', () => {
  it('shows a growing answer once a frame', async () => {
    const { thread, frames, drawFrame, say } = setUp({ 'conversations.get': () => conversation([question]) });
    await thread.open('c');
    for (const text of ['', 'a', 'a m', 'a mug']) say(streaming(text));
    expect(frames).toHaveLength(1);
    expect(thread.messages).toHaveLength(1);
    drawFrame();
    expect(thread.messages.map((one) => one.text)).toEqual(['what?', 'a mug']);
    expect(thread.answering).toBe(true);
  });

  it('keeps what arrived while it was being read', async () => {
    const { thread, say, drawFrame } = setUp({
      'conversations.get': () => conversation([question, streaming('a')]),
    });
    const opened = thread.open('c');
    say(streaming('a mug'));
    drawFrame();
    await opened;
    expect(thread.messages.at(-1)?.text).toBe('a mug');
  });

  it('takes no messages of other conversations', async () => {
    const { thread, say, drawFrame } = setUp({ 'conversations.get': () => conversation([]) });
    await thread.open('c');
    say({ ...streaming('x'), conversationId: 'other' });
    drawFrame();
    expect(thread.messages).toEqual([]);
  });

  it('says an answer aloud once, when it has ended', async () => {
    const { thread, say, drawFrame } = setUp({ 'conversations.get': () => conversation([question]) });
    await thread.open('c');
    say(streaming('a **mug**'));
    drawFrame();
    expect(thread.announcement).toBe('');
    say({ ...answered, text: 'a **mug**' });
    drawFrame();
    expect(thread.announcement).toBe('Answer: a mug');
    // the same words as the answer to the next question, asked in another window
    say(message('a2', 'assistant', '', { state: 'streaming' }));
    drawFrame();
    expect(thread.announcement).toBe('');
    say(message('a2', 'assistant', 'a mug'));
    drawFrame();
    expect(thread.announcement).toBe('Answer: a mug');
  });

  it('does not go back to an older text when the reply comes after the events', async () => {
    const { thread, say, drawFrame } = setUp({
      'conversations.get': () => conversation([]),
      'chat.send': () => {
        say(question);
        say(answered);
        drawFrame();
        return { question, answer: streaming('') };
      },
    });
    await thread.open('c');
    expect(await thread.send('what?', [])).toBe(true);
    expect(thread.messages).toEqual([question, answered]);
    expect(thread.answering).toBe(false);
  });

  describe('with an answer that is to take the place of others', () => {
    const later = [message('q2', 'user', 'more'), message('a2', 'assistant', 'yes')];
    const edited = message('q3', 'user', 'which?', { replaces: 'q' });
    const coming = (text: string, more: Partial<Message> = {}) =>
      message('a3', 'assistant', text, { state: 'streaming', replaces: 'q', ...more });
    const ids = (thread: Thread) => thread.messages.map((one) => one.id);
    const failed = { name: 'SnugError', code: 'WORKER_DIED' as const, message: 'it died', advice: 'Try.' };

    async function editing(onCall: (parts: ReturnType<typeof setUp>) => void = () => undefined) {
      const parts: ReturnType<typeof setUp> = setUp({
        'conversations.get': () => conversation([question, answered, ...later]),
        'chat.edit': () => {
          onCall(parts);
          return { question: edited, answer: coming('') };
        },
        'chat.regenerate': () => message('a9', 'assistant', '', { state: 'streaming', replaces: 'a2' }),
      });
      await parts.thread.open('c');
      parts.composer.edit(question);
      parts.composer.draft.text = 'which?';
      await parts.composer.send();
      return parts;
    }
    const hear = (parts: ReturnType<typeof setUp>, ...messages: Message[]) => {
      for (const data of messages) {
        parts.say(data);
        parts.composer.hear({ name: 'chat.message', data });
      }
      parts.drawFrame();
    };

    it('shows both until its first word, and then what is kept', async () => {
      const parts = await editing();
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2', 'q3', 'a3']);
      expect(parts.thread.answering).toBe(true);
      hear(parts, edited, coming('A'));
      expect(ids(parts.thread)).toEqual(['q3', 'a3']);
      hear(parts, message('a3', 'assistant', 'A mug'));
      expect(parts.thread.messages.map(({ text }) => text)).toEqual(['which?', 'A mug']);
      expect(parts.composer.draft.editing).toBeNull();
    });

    it('shows only what is kept when the first word comes before the reply', async () => {
      const parts = await editing((early) => hear(early, edited, coming('A')));
      expect(ids(parts.thread)).toEqual(['q3', 'a3']);
      expect(parts.thread.messages[1]?.text).toBe('A');
    });

    it.each([
      ['before the reply', true],
      ['after the reply', false],
    ])('keeps all when it fails %s, says why, and gives the edited words back', async (_, early) => {
      const end = coming('', { state: 'failed', error: failed });
      const parts = await editing((calling) => early && hear(calling, end));
      if (!early) hear(parts, end);
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2']);
      expect(parts.thread.answering).toBe(false);
      expect(parts.thread.problem).toMatchObject({
        message: 'it died',
        advice: 'The earlier answer was kept. Try.',
      });
      expect(parts.composer.draft).toMatchObject({ editing: 'q', text: 'which?' });
    });

    it('keeps all when it is stopped, and has no problem with that', async () => {
      const parts = await editing();
      hear(parts, coming('', { state: 'stopped' }));
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2']);
      expect(parts.thread.problem).toBeNull();
      expect(parts.composer.draft.text).toBe('which?');
    });

    it('keeps all when it is empty, and says so', async () => {
      const parts = await editing();
      hear(parts, coming('', { state: 'done' }));
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2']);
      expect(parts.thread.problem?.message).toContain('empty');
    });

    it('is an answer again in the same way', async () => {
      const { thread, say, drawFrame } = await (async () => {
        const parts = setUp({
          'conversations.get': () => conversation([question, answered, ...later]),
          'chat.regenerate': () => message('a9', 'assistant', '', { state: 'streaming', replaces: 'a2' }),
        });
        await parts.thread.open('c');
        return parts;
      })();
      await thread.regenerate('a2');
      expect(ids(thread)).toEqual(['q', 'a', 'q2', 'a2', 'a9']);
      say(message('a9', 'assistant', 'no', { state: 'streaming', replaces: 'a2' }));
      drawFrame();
      expect(ids(thread)).toEqual(['q', 'a', 'q2', 'a9']);
    });

    it('is seen from the start in a window that did not ask, and takes its place with its first word', async () => {
      const parts = setUp({ 'conversations.get': () => conversation([question, answered, ...later]) });
      await parts.thread.open('c');
      hear(parts, { ...edited, pending: true }, coming(''));
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2', 'q3', 'a3']);
      expect(parts.thread.answering).toBe(true);
      hear(parts, edited, coming('A'));
      expect(ids(parts.thread)).toEqual(['q3', 'a3']);

      const other = setUp({ 'conversations.get': () => conversation([question, answered, ...later]) });
      await other.thread.open('c');
      hear(other, { ...edited, pending: true }, coming(''), coming('', { state: 'stopped' }));
      expect(ids(other.thread)).toEqual(['q', 'a', 'q2', 'a2']);
    });

    it('takes its place in a window that did not ask, and leaves no trace there when it never began', async () => {
      const parts = setUp({ 'conversations.get': () => conversation([question, answered, ...later]) });
      await parts.thread.open('c');
      hear(parts, message('a8', 'assistant', '', { state: 'failed', error: failed, replaces: 'a2' }));
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2']);
      hear(parts, edited, coming('A'));
      expect(ids(parts.thread)).toEqual(['q3', 'a3']);
    });

    it('gives the edited words back when the app was started anew in between', async () => {
      const parts = await editing();
      await parts.composer.reconnected();
      await parts.thread.reload();
      expect(ids(parts.thread)).toEqual(['q', 'a', 'q2', 'a2']);
      expect(parts.composer.draft).toMatchObject({ editing: 'q', text: 'which?' });
    });
  });

  it('tries again with half the context after memory ran out, down to a floor', async () => {
    const { thread, asked } = setUp({
      'conversations.get': () => conversation([question, answered]),
      'conversations.setOptions': ({ options: changed }: never) => ({
        ...conversation([]),
        options: changed,
      }),
      'chat.regenerate': () => streaming(''),
    });
    await thread.open('c');
    await thread.regenerateSmaller('a');
    expect(asked.find(({ name }) => name === 'conversations.setOptions')?.argument).toEqual({
      id: 'c',
      options: { ...options, contextTokens: 2048 },
    });
    expect(thread.conversation?.options.contextTokens).toBe(2048);
    await thread.setOptions({ ...options, contextTokens: 600 });
    expect(thread.smallerContext).toBeNull();
  });

  describe('that is shown in two windows', () => {
    const listed = (...ids: string[]): ApiEvent => ({
      name: 'conversations.changed',
      data: ids.map((id) => ({ ...conversation([], id), title: 'Renamed', modelId: 'other' })),
    });

    it('shows the question, the title, the model and the options that came from the other one', async () => {
      const { thread, say, drawFrame } = setUp({ 'conversations.get': () => conversation([]) });
      await thread.open('c');
      say(question);
      say(streaming(''));
      drawFrame();
      expect(thread.messages.map(({ text }) => text)).toEqual(['what?', '']);
      expect(thread.answering).toBe(true);
      thread.hear(listed('c'));
      thread.hear({
        name: 'conversations.options',
        data: { id: 'c', options: { ...options, maxTokens: 7 } },
      });
      thread.hear({
        name: 'conversations.options',
        data: { id: 'd', options: { ...options, maxTokens: 8 } },
      });
      expect(thread.conversation).toMatchObject({
        title: 'Renamed',
        modelId: 'other',
        options: { maxTokens: 7 },
      });
    });

    it('says that it was deleted in the other one, and comes back when it is restored there', async () => {
      let text = 'what?';
      const { thread } = setUp({ 'conversations.get': () => conversation([message('q', 'user', text)]) });
      await thread.open('c');
      expect(thread.deleted).toBe(false);
      thread.hear(listed('d'));
      expect(thread.deleted).toBe(true);
      text = 'changed meanwhile';
      thread.hear(listed('c', 'd'));
      await Promise.resolve();
      expect(thread.deleted).toBe(false);
      await expect.poll(() => thread.messages[0]?.text).toBe('changed meanwhile');
      thread.hear(listed());
      await thread.open('other');
      expect(thread.deleted).toBe(false);
    });

    it('says the same of one that an old address names', async () => {
      const { thread } = setUp({
        'conversations.get': () => {
          throw new SnugError('NOT_FOUND', 'there is no such conversation');
        },
      });
      await thread.open('gone');
      expect([thread.deleted, thread.failure]).toEqual([true, null]);
    });

    it('does not say it of one that a lost or refused connection keeps from being read', async () => {
      for (const code of ['CONNECTION_LOST', 'CONNECTION_REFUSED'] as const) {
        const { thread } = setUp({
          'conversations.get': () => Promise.reject(new SnugError(code, 'not now')),
        });
        await thread.open('there');
        expect(thread.deleted).toBe(false);
        expect(thread.failure).toMatchObject({ code });
      }
    });
  });

  it('ignores a conversation whose text comes after another was opened', async () => {
    const { thread } = setUp({
      'conversations.get': ({ id }: { id: string }) => conversation([message(id, 'user', id)], id),
    });
    const slow = thread.open('one');
    await thread.open('two');
    await slow;
    expect(thread.messages[0]?.text).toBe('two');
  });

  it('tells what could not be done and can be asked again', async () => {
    const { thread } = setUp({
      'conversations.get': () => conversation([]),
      'chat.send': () => {
        throw new SnugError('BUSY', 'a fit is running', { advice: 'Wait for it.' });
      },
    });
    await thread.open('c');
    expect(await thread.send('x', [])).toBe(false);
    expect(thread.problem?.advice).toBe('Wait for it.');
    expect(thread.answering).toBe(false);
  });
});

describe('writing a question', () => {
  const picture = (name: string): File => new File(['x'], name, { type: 'image/png' });

  it('does nothing when there is nothing to send', async () => {
    const { thread, composer, asked } = setUp({ 'conversations.get': () => conversation([]) });
    await thread.open('c');
    composer.draft.text = '  \n ';
    await composer.send();
    expect(asked.map(({ name }) => name)).toEqual(['conversations.get']);
    expect(composer.draft.text).toBe('  \n ');
  });

  it('keeps a draft for every conversation', async () => {
    const { thread, composer } = setUp({
      'conversations.get': ({ id }: { id: string }) => conversation([], id),
    });
    await thread.open('one');
    composer.draft.text = 'half a question';
    await thread.open('two');
    expect(composer.draft.text).toBe('');
    await thread.open('one');
    expect(composer.draft.text).toBe('half a question');
  });

  it('names a file that is no picture and keeps the others', async () => {
    const { thread, composer } = setUp({
      'conversations.get': () => conversation([]),
      'chat.pictureCosts': ({ pictures }: { pictures: string[] }) => ({
        usual: {
          pictures: pictures.map((hash) => ({ hash, tokens: 100 })),
          tokens: 200,
          contextShare: 0.2,
          seconds: 4,
          dropped: 0,
        },
        more: null,
      }),
    });
    await thread.open('c');
    const { draft } = composer;
    await draft.addFiles([
      picture('a.png'),
      new File(['x'], 'notes.txt', { type: 'text/plain' }),
      picture('b.png'),
    ]);
    expect(draft.attachments.map((one) => one.name)).toEqual(['a.png', 'b.png']);
    expect(draft.files.problems.map((one) => one.message)).toEqual(['notes.txt is not a picture']);
    expect(draft.files.problems[0]?.advice).toBe('Use a JPEG.');
    expect(draft.costs.chosen).toMatchObject({ tokens: 200, contextShare: 0.2, seconds: 4 });
    expect(draft.hashes.map((hash) => draft.costs.tokensOf(hash))).toEqual([100, 100]);
  });

  it('takes a picture once and no more than a message may have', async () => {
    const { thread, composer } = setUp({
      'conversations.get': () => conversation([]),
      'chat.pictureCosts': () => null,
    });
    await thread.open('c');
    const { draft } = composer;
    await draft.addFiles([picture('a.png'), picture('a.png')]);
    expect(draft.attachments).toHaveLength(1);
    await draft.addFiles(Array.from({ length: 20 }, (_, index) => picture(`${index}.png`)));
    expect(draft.attachments).toHaveLength(16);
    expect(draft.files.problems[0]?.message).toContain('5 were left out');
  });

  it('gives the draft back when it could not be sent', async () => {
    const { thread, composer } = setUp({
      'conversations.get': () => conversation([]),
      'chat.pictureCosts': () => null,
      'chat.send': () => {
        throw new SnugError('BUSY', 'busy');
      },
    });
    await thread.open('c');
    composer.draft.text = 'look';
    await composer.draft.addFiles([picture('a.png')]);
    await composer.send();
    expect(composer.draft.text).toBe('look');
    expect(composer.draft.attachments).toHaveLength(1);
  });

  it('edits the last question from an empty field and leaves the draft as it was', async () => {
    const { thread, composer, asked } = setUp({
      'conversations.get': () => conversation([question, answered]),
      'chat.edit': () => ({
        question: message('q2', 'user', 'which?', { replaces: 'q' }),
        answer: message('a2', 'assistant', '', { state: 'streaming', replaces: 'q' }),
      }),
    });
    await thread.open('c');
    expect(composer.editLast()).toBe(true);
    expect(composer.draft.text).toBe('what?');
    expect(composer.editLast()).toBe(false);
    composer.draft.text = 'which?';
    await composer.send();
    expect(asked.at(-1)).toEqual({
      name: 'chat.edit',
      argument: { messageId: 'q', text: 'which?', pictures: [] },
    });
    expect(composer.draft.editing).toBeNull();
    expect(composer.draft.text).toBe('');
    expect(composer.editLast()).toBe(false);
  });

  it('edits the pictures of a question too, and gives them back with the words', async () => {
    const asked = { hash: 'a'.repeat(64), name: 'mug.png', width: 1, height: 1 };
    const {
      thread,
      composer,
      asked: calls,
    } = setUp({
      'conversations.get': () => conversation([{ ...question, pictures: [asked] }, answered]),
      'chat.pictureCosts': () => [],
      'chat.edit': () => {
        throw new SnugError('BUSY', 'busy');
      },
    });
    await thread.open('c');
    const { draft } = composer;
    draft.text = 'half a question';
    await draft.addFiles([picture('own.png')]);
    composer.edit(thread.messages[0] ?? question);
    expect(draft.attachments.map(({ name }) => name)).toEqual(['mug.png']);
    await draft.addFiles([picture('b.png')]);
    await draft.remove(draft.attachments[0]?.key ?? 0);
    draft.text = '';
    await composer.send();
    expect(calls.find(({ name }) => name === 'chat.edit')?.argument).toEqual({
      messageId: 'q',
      text: '',
      pictures: ['b.png'.padEnd(64, '0')],
    });
    expect(draft.editing).toBe('q');
    expect(draft.attachments.map(({ name }) => name)).toEqual(['b.png']);
    draft.stopEditing();
    expect(draft.text).toBe('half a question');
    expect(draft.attachments.map(({ name }) => name)).toEqual(['own.png']);
  });

  it('asks what was edited anew where the question is gone meanwhile', async () => {
    const {
      thread,
      composer,
      asked: calls,
    } = setUp({
      'conversations.get': () => conversation([question, answered]),
      'chat.send': () => ({ question: message('q2', 'user', 'which?'), answer: streaming('') }),
    });
    await thread.open('c');
    composer.edit(message('gone', 'user', 'what?'));
    composer.draft.text = 'which?';
    await composer.send();
    expect(calls.at(-1)).toMatchObject({ name: 'chat.send', argument: { text: 'which?' } });
    expect(composer.draft).toMatchObject({ editing: null, text: '' });
  });
});
