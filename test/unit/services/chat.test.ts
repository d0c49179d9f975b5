import { describe, expect, it, onTestFinished } from 'vitest';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import type { SentAnswer } from '../../../src-main/contract/chat.ts';
import type { SideBySideState, Message } from '../../../src-main/contract/conversation.ts';
import { CancelledError, SnugError } from '../../../src-main/contract/errors.ts';
import { DEFAULT_SETTINGS } from '../../../src-main/contract/settings.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { Chat } from '../../../src-main/services/chat.ts';
import { LoadedModel } from '../../../src-main/services/loaded-model.ts';
import { ModelRequests } from '../../../src-main/services/model-requests.ts';
import { ConversationList } from '../../../src-main/services/conversation-list.ts';
import { Conversations } from '../../../src-main/services/conversations.ts';
import type { chatContract } from '../../../src-main/contract/workers/chat.ts';
import { CurrentAnswer } from '../../../src-main/services/current-answer.ts';
import type { Library } from '../../../src-main/services/library.ts';
import { FakeWorkers, openedAs, type FakeCall } from '../../helpers/fake-workers.ts';
import { options, pictureNamed, temporaryStore } from '../../helpers/store-parts.ts';
import { rejected } from '../../helpers/thrown.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';
import { until } from '../../helpers/until.ts';

type ChatCall = FakeCall<typeof chatContract>;
type ChatWorkers = FakeWorkers<typeof chatContract>;
type Parts = ConstructorParameters<typeof Chat>[0];

const statistics = {
  promptTokens: 1,
  reusedTokens: 0,
  encodedImages: 0,
  encodeSeconds: 0,
  promptSeconds: 1,
  answerTokens: 1,
  answerSeconds: 1,
  contextTokens: 4096,
};
const said = (text: string, reason: SentAnswer['reason'] = 'end'): SentAnswer => ({
  text,
  reason,
  statistics,
  pictures: [],
});
/** A picture that takes 100 tokens, and 300 with more detail. */
const scaled = (tokens: number) => ({
  pictures: [{ width: 280, height: tokens * 2.8, tokens }],
  dropped: 0,
});
const scaling = { usual: scaled(100), more: scaled(300) };
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Processes that hold weights now. */
const loadedWorkers = ({ alive }: ChatWorkers) => alive.filter(({ asked }) => asked.includes('open')).length;

/** Ends as a model does that hears when it is told to stop. */
async function untilStopped(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  throw new CancelledError();
}

/** A chat with a real store, whose model a test plays; unless it says otherwise it answers "A mug". */
function setUp(play: (call: ChatCall) => unknown = () => undefined) {
  const { conversations: repository, pictures } = temporaryStore();
  const workers = new FakeWorkers<typeof chatContract>(async (call) => {
    const played = await play(call);
    if (played !== undefined) return played;
    await settle();
    if (call.method === 'open' || call.method === 'openToCount')
      return openedAs({ memoryBytes: 1000, contextTokens: call.argument.contextTokens });
    if (call.method === 'restore') return undefined;
    if (call.method === 'scalePictures') return scaling;
    if (call.method === 'send') call.emit({ kind: 'text', text: 'A mug' });
    return said('A mug');
  });
  const events = new EventBus();
  const heard: Message[] = [];
  untilTestEnds(
    events.listen((event) => {
      if (event.name === 'chat.message') heard.push(event.data);
    }),
  );
  const usable = (id: string) => ({ id, name: id, path: `/${id}.gguf`, mmprojPath: undefined });
  const settings = { current: { ...DEFAULT_SETTINGS, threads: 1, contextTokens: 512, maxTokens: 8 } };
  const activity = new Activity(events);
  const list = new ConversationList(repository, events);
  const current = new CurrentAnswer(activity);
  const library = { usable } as unknown as Parts['library'];
  const chat = new Chat({
    ...{ conversations: repository, list, current, activity, pictures, library, events },
    settings: settings as Parts['settings'],
    model: new LoadedModel(workers.start, (loaded) => activity.setLoaded(loaded)),
    requests: new ModelRequests({
      ...{ pictures, library, settings: settings as Parts['settings'] },
      laptop: { threads: () => Promise.resolve(1) },
    }),
    start: workers.start,
  });
  const kept = new Conversations({
    repository,
    settings: settings as never,
    events,
    list,
    current,
    activity,
    library: { usable, newestUsable: () => 'm' } as unknown as Parts['library'] & Library,
  });
  onTestFinished(() => chat.close());
  const begin = (contextTokens = 4096, modelId = 'demo') =>
    repository.create({ modelId, options: { ...options, contextTokens }, title: 'A chat' }).id;
  const ended = async (answer: Message): Promise<Message> => {
    const last = () => heard.findLast(({ id, state }) => id === answer.id && state !== 'streaming');
    await until(() => last() !== undefined);
    // the chat takes the next one a moment later
    await settle();
    return last() ?? answer;
  };
  const ask = async (conversationId: string, text = 'What is it?') =>
    ended((await chat.send({ conversationId, text, pictures: [] })).answer);
  const words = (id: string) => repository.get(id).thread.map(({ text }) => text);
  const { hash } = pictures.add(pictureNamed('mug.png'));
  return {
    chat,
    activity,
    list: kept,
    events,
    pictures,
    repository,
    workers,
    heard,
    settings,
    begin,
    ended,
    ask,
    words,
    hash,
  };
}

describe('one model in memory', () => {
  it('is not loaded for what a picture costs', async () => {
    const { chat, workers, begin, hash } = setUp();
    const costs = await chat.pictureCosts({ conversationId: begin(), text: '', pictures: [hash] });
    expect(costs?.usual.tokens).toBe(100);
    expect(workers.all.flatMap(({ asked }) => asked)).toEqual(['openToCount', 'restore', 'scalePictures']);
    expect(await chat.loaded()).toBeNull();
  });

  it('is told with what it takes, and goes when a person unloads it', async () => {
    const { chat, events, workers, begin, ask } = setUp();
    const told: unknown[] = [];
    untilTestEnds(events.listen((event) => event.name === 'chat.loaded' && told.push(event.data)));
    await ask(begin());
    expect(await chat.loaded()).toEqual({ path: '/demo.gguf', memoryBytes: 1000 });
    await chat.unload();
    expect(workers.alive).toEqual([]);
    expect(told).toEqual([{ path: '/demo.gguf', memoryBytes: 1000 }, null]);
  });

  it('goes when a conversation gets another model, and stays when it gets the same', async () => {
    const { chat, list, begin, ask, workers } = setUp();
    const id = begin();
    await ask(id);
    await list.setModel({ id, modelId: 'demo' });
    await settle();
    expect(loadedWorkers(workers)).toBe(1);
    await list.setModel({ id, modelId: 'other' });
    await until(() => workers.alive.length === 0);
    expect(await chat.loaded()).toBeNull();
  });

  it('is loaded with too little memory only once a person wants it so', async () => {
    const { chat, workers, begin, ask } = setUp(({ method, argument }) => {
      if (method === 'open' && !argument.anyway)
        throw new SnugError('DOES_NOT_FIT', 'it is too large', { remedies: [{ kind: 'load-anyway' }] });
      return undefined;
    });
    const id = begin();
    expect(await ask(id)).toMatchObject({
      state: 'failed',
      error: { code: 'DOES_NOT_FIT', remedies: [{ kind: 'load-anyway' }] },
    });
    expect(workers.alive).toEqual([]);
    await chat.loadAnyway({ modelId: 'demo' });
    expect(await ask(id)).toMatchObject({ state: 'done', text: 'A mug' });
  });

  it('says with the answer what its file is warned of, once', async () => {
    const { begin, ask } = setUp(({ method, emit }) => {
      if (method === 'open') emit({ kind: 'note', text: 'odd tokens' });
      return undefined;
    });
    const id = begin();
    expect((await ask(id)).notes).toEqual(['odd tokens']);
    expect((await ask(id)).notes).toEqual([]);
  });

  it('is loaded once, whoever asks at the same time, with whatever settings', async () => {
    const { chat, workers, begin, ended, hash } = setUp();
    const [one, two] = [begin(2048), begin(1024)];
    for (let round = 0; round < 8; round++) {
      const asking = round % 2 === 0 ? one : two;
      const other = asking === one ? two : one;
      const costs = [asking, other, asking].map((conversationId) =>
        chat.pictureCosts({ conversationId, text: '', pictures: [hash] }),
      );
      for (let step = 0; step < round; step++) await settle();
      const { answer } = await chat.send({ conversationId: asking, text: 'What is it?', pictures: [hash] });
      expect(await ended(answer)).toMatchObject({ state: 'done', text: 'A mug', error: null });
      const [own] = await Promise.all(costs);
      expect(own?.usual.pictures).toEqual([{ hash, tokens: 100 }]);
      expect(loadedWorkers(workers)).toBeLessThanOrEqual(1);
    }
    // beside it one that counts, without weights
    expect(workers.mostAlive).toBeLessThanOrEqual(2);
  });

  it("is left to an answer: another conversation's cost is not told, its own is told afterwards", async () => {
    const go = Promise.withResolvers<undefined>();
    const { chat, workers, begin, ended, hash } = setUp(async ({ method, emit }) => {
      if (method !== 'send') return undefined;
      emit({ kind: 'text', text: 'A ' });
      await go.promise;
      emit({ kind: 'text', text: 'mug' });
      return said('A mug');
    });
    const [one, two] = [begin(2048), begin(1024)];
    const { answer } = await chat.send({ conversationId: one, text: 'What is it?', pictures: [] });
    const own = chat.pictureCosts({ conversationId: one, text: '', pictures: [hash] });
    expect(await chat.pictureCosts({ conversationId: two, text: '', pictures: [hash] })).toBeNull();
    go.resolve(undefined);
    expect(await ended(answer)).toMatchObject({ state: 'done', text: 'A mug' });
    expect(await own).not.toBeNull();
    expect(workers.all).toHaveLength(1);
  });

  it('that is still being loaded for a cost makes way for the answer of another conversation', async () => {
    const { chat, workers, begin, ask, hash } = setUp(({ method, argument, signal }) =>
      method === 'openToCount' && argument.contextTokens === 2048 ? untilStopped(signal) : undefined,
    );
    const cost = chat.pictureCosts({ conversationId: begin(2048), text: '', pictures: [hash] });
    await settle();
    expect(await ask(begin(1024))).toMatchObject({ state: 'done' });
    expect(await cost).toBeNull();
    expect(workers.mostAlive).toBe(1);
  });

  it('costs the same pictures once, however often one asks', async () => {
    const { chat, workers, begin, hash } = setUp();
    const conversationId = begin();
    const costs = Array.from({ length: 50 }, () =>
      chat.pictureCosts({ conversationId, text: '', pictures: [hash] }),
    );
    expect(await Promise.all(costs)).toHaveLength(50);
    expect(workers.all[0]?.asked).toEqual(['openToCount', 'restore', 'scalePictures']);
  });

  it('is loaded again when its settings change, and not when they do not', async () => {
    const { workers, settings, begin, ask } = setUp();
    const id = begin();
    await ask(id);
    await ask(id);
    expect(workers.all).toHaveLength(1);
    Object.assign(settings.current, { gpuLayers: 3 });
    await ask(id);
    expect(workers.all).toHaveLength(2);
    expect(workers.alive).toHaveLength(1);
  });

  it('whose process died between two answers is loaded again, and nobody notices', async () => {
    const { workers, begin, ask } = setUp();
    const id = begin();
    await ask(id);
    workers.all[0]?.kill();
    await settle();
    expect(await ask(id)).toMatchObject({ state: 'done' });
    expect(workers.alive).toHaveLength(1);
  });

  it('is unloaded before two models are compared, also while it is being loaded', async () => {
    const { chat, workers, begin, hash } = setUp(({ method, signal }) => {
      if (method === 'openToCount') return untilStopped(signal);
      return method === 'askOnce' ? { answer: said('A mug'), peakMemoryBytes: 1 } : undefined;
    });
    const cost = chat.pictureCosts({ conversationId: begin(), text: '', pictures: [hash] });
    await settle();
    const argument = { modelIds: ['a', 'b'] as const, text: 'What is it?', pictures: [] };
    const [first, second] = [chat.askSideBySide(argument), rejected(chat.askSideBySide(argument))];
    expect((await second).code).toBe('BUSY');
    expect((await first).map(({ stage }) => stage)).toEqual(['done', 'done']);
    expect(await cost).toBeNull();
    expect(workers.mostAlive).toBe(1);
    expect(workers.alive).toEqual([]);
  });

  it('is gone after closing, whatever was being done, and is not loaded any more', async () => {
    for (const method of ['open', 'restore', 'send']) {
      const { chat, workers, begin, ended, hash } = setUp((call) =>
        call.method === method ? untilStopped(call.signal) : undefined,
      );
      const id = begin();
      const { answer } = await chat.send({ conversationId: id, text: 'What is it?', pictures: [] });
      const cost = chat
        .pictureCosts({ conversationId: id, text: '', pictures: [hash] })
        .catch((error: unknown) => error);
      await settle();
      if (method === 'restore') workers.all[0]?.kill();
      await chat.close();
      expect((await ended(answer)).state).not.toBe('streaming');
      await cost;
      expect(workers.alive).toEqual([]);
      const late = chat.send({ conversationId: id, text: 'And now?', pictures: [] });
      await expect(late).rejects.toThrow(SnugError);
      expect(workers.alive).toEqual([]);
    }
  });

  it('is not taken from under an answer, but is from under anything else', async () => {
    const { chat, activity, workers, begin, ended } = setUp(({ method, signal }) =>
      method === 'send' ? untilStopped(signal) : undefined,
    );
    const id = begin();
    const { answer } = await chat.send({ conversationId: id, text: 'What is it?', pictures: [] });
    expect((await rejected(activity.freeMemory('/demo.gguf'))).code).toBe('BUSY');
    await activity.freeMemory('/another.gguf');
    await chat.stop({ conversationId: id });
    expect((await ended(answer)).state).toBe('stopped');
    await activity.freeMemory('/demo.gguf');
    expect(workers.alive).toEqual([]);
  });
});

describe('an answer that nobody stopped', () => {
  it.each([
    ['dies with its process', (workers: ChatWorkers) => workers.alive[0]?.kill()],
    ['loses its process that leaves by itself', (workers: ChatWorkers) => workers.alive[0]?.die(0, null)],
  ])('is not "stopped" when it %s', async (_, end) => {
    const { chat, workers, begin, ended, ask } = setUp(({ method, signal, argument }) =>
      method === 'send' && argument.text === 'die' ? untilStopped(signal) : undefined,
    );
    const id = begin();
    const { answer } = await chat.send({ conversationId: id, text: 'die', pictures: [] });
    await until(() => workers.alive[0]?.asked.includes('send') ?? false);
    end(workers);
    expect(await ended(answer)).toMatchObject({
      state: 'failed',
      error: { code: 'WORKER_DIED', advice: expect.any(String) as string },
    });
    expect(await ask(id)).toMatchObject({ state: 'done' });
  });

  it.each([
    ['says that it was', () => said('A', 'cancelled')],
    ['ends as if it was', () => Promise.reject(new CancelledError())],
  ])('is a failure with words when the model %s', async (_, play) => {
    const { begin, ask } = setUp(({ method }) => (method === 'send' ? play() : undefined));
    expect(await ask(begin())).toMatchObject({
      state: 'failed',
      error: { code: 'MODEL_UNLOADED', advice: expect.any(String) as string },
    });
  });
});

describe('what pictures cost', () => {
  it('is their share of the context and, once one was seen, their time, as they are sent and with more detail', async () => {
    const { chat, begin, ended, hash } = setUp(({ method }) =>
      method === 'send'
        ? {
            ...said('A mug'),
            statistics: {
              ...statistics,
              encodedImages: 1,
              encodeSeconds: 10,
              promptTokens: 200,
              promptSeconds: 20,
            },
            pictures: scaling.usual.pictures,
          }
        : undefined,
    );
    const id = begin(1000);
    const argument = { conversationId: id, text: '', pictures: [hash] };
    expect(await chat.pictureCosts(argument)).toEqual({
      usual: { pictures: [{ hash, tokens: 100 }], tokens: 100, contextShare: 0.1, seconds: null, dropped: 0 },
      more: { pictures: [{ hash, tokens: 300 }], tokens: 300, contextShare: 0.3, seconds: null, dropped: 0 },
    });
    await ended((await chat.send({ conversationId: id, text: 'What is it?', pictures: [hash] })).answer);
    // 10 s of encoding, and half of the 200 tokens that were read in 20 s
    expect(await chat.pictureCosts(argument)).toMatchObject({
      usual: { seconds: 20 },
      more: { seconds: 60 },
    });
  });

  it('names no more detail where there is none to be had', async () => {
    const { chat, begin, hash } = setUp(({ method }) =>
      method === 'scalePictures' ? { usual: scaled(100), more: scaled(100) } : undefined,
    );
    const costs = await chat.pictureCosts({ conversationId: begin(), text: '', pictures: [hash] });
    expect(costs?.more).toBeNull();
  });
});

describe('an answer that is asked for again', () => {
  /** A chat with two questions and their answers. */
  async function answered(play?: (call: ChatCall) => unknown) {
    let plays = false;
    const parts = setUp((call) => (plays ? play?.(call) : undefined));
    const id = parts.begin();
    const first = await parts.ask(id, 'What is it?');
    await parts.ask(id, 'What colour?');
    plays = true;
    const [question] = parts.repository.get(id).thread;
    if (!question) throw new Error('there is no question');
    return { ...parts, id, first, question };
  }
  const before = ['What is it?', 'A mug', 'What colour?', 'A mug'];
  type Answered = Awaited<ReturnType<typeof answered>>;
  const again = {
    'again, by the answer': ({ chat, first }: Answered) => chat.regenerate({ messageId: first.id }),
    'with an edited question': async ({ chat, question }: Answered) =>
      (await chat.edit({ messageId: question.id, text: 'Which mug?' })).answer,
  };
  const after = { 'again, by the answer': 'What is it?', 'with an edited question': 'Which mug?' };

  describe.each(Object.keys(again) as (keyof typeof again)[])('%s', (kind) => {
    it('leaves all as it was until its first word, and then takes its place', async () => {
      const [words, go] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      const parts = await answered(async ({ method, emit }) => {
        if (method !== 'send') return undefined;
        await words.promise;
        emit({ kind: 'text', text: '\n ' });
        await go.promise;
        emit({ kind: 'text', text: 'A cup' });
        return said('A cup');
      });
      const answer = await again[kind](parts);
      expect(answer).toMatchObject({ state: 'streaming', text: '' });
      await settle();
      expect(parts.words(parts.id)).toEqual(before);
      words.resolve(undefined);
      await settle();
      // no word yet: blanks
      expect(parts.words(parts.id)).toEqual(before);
      go.resolve(undefined);
      expect(await parts.ended(answer)).toMatchObject({ state: 'done' });
      expect(parts.words(parts.id)).toEqual([after[kind], '\n A cup']);
    });

    it.each([
      ['the model cannot be loaded', 'open', () => Promise.reject(new SnugError('MODEL_LOAD', 'no'))],
      ['it fails', 'send', () => Promise.reject(new SnugError('NATIVE', 'no'))],
      ['it is empty', 'send', () => said('')],
    ])('leaves all as it was when %s', async (_, method, play) => {
      const parts = await answered((call) => (call.method === method ? play() : undefined));
      if (method === 'open') await parts.activity.freeMemory();
      const answer = await again[kind](parts);
      const end = await parts.ended(answer);
      expect(end).toMatchObject({ text: '', replaces: expect.any(String) as string });
      expect(parts.words(parts.id)).toEqual(before);
      expect(await parts.ask(parts.id, 'Still there?')).toMatchObject({ id: expect.any(String) as string });
    });

    it('leaves all as it was when it is stopped before its first word, or its process dies', async () => {
      for (const end of ['stop', 'kill'] as const) {
        const parts = await answered(({ method, signal }) =>
          method === 'send' ? untilStopped(signal) : undefined,
        );
        const answer = await again[kind](parts);
        await settle();
        if (end === 'stop') await parts.chat.stop({ conversationId: parts.id });
        else parts.workers.alive[0]?.kill();
        expect((await parts.ended(answer)).state).toBe(end === 'stop' ? 'stopped' : 'failed');
        expect(parts.words(parts.id)).toEqual(before);
      }
    });

    it('is in the thread of a window that is opened meanwhile, after what it will take the place of', async () => {
      const parts = await answered(({ method, signal }) =>
        method === 'send' ? untilStopped(signal) : undefined,
      );
      const answer = await again[kind](parts);
      const { thread } = await parts.list.get({ id: parts.id });
      expect(thread.slice(0, 4).map(({ text }) => text)).toEqual(before);
      expect(thread.at(-1)).toEqual(answer);
      expect(thread).toHaveLength(kind === 'with an edited question' ? 6 : 5);
      await parts.chat.stop({ conversationId: parts.id });
      expect((await parts.list.get({ id: parts.id })).thread).toHaveLength(4);
    });
  });

  it('tells every window of the edited question before its answer', async () => {
    const parts = await answered();
    parts.heard.length = 0;
    await parts.ended(await again['with an edited question'](parts));
    expect(parts.heard[0]).toMatchObject({ role: 'user', text: 'Which mug?', replaces: parts.question.id });
    expect(parts.heard[1]).toMatchObject({ role: 'assistant', replaces: parts.question.id });
  });
});

describe('every window', () => {
  it('is told of a question and its answer before that has a word', async () => {
    const { chat, heard, begin, ended } = setUp();
    const { question, answer } = await chat.send({
      conversationId: begin(),
      text: 'What is it?',
      pictures: [],
    });
    expect(heard).toEqual([question, answer]);
    await ended(answer);
  });

  it('is told that an answer is given again, or to an edited question, and when that is kept', async () => {
    const { chat, heard, begin, ask, ended, repository } = setUp();
    const id = begin();
    const first = await ask(id);
    heard.length = 0;
    const again = await chat.regenerate({ messageId: first.id });
    expect(heard.at(-1)).toEqual(again);
    await ended(again);

    const [question] = repository.get(id).thread;
    heard.length = 0;
    const edited = await chat.edit({ messageId: question?.id ?? '', text: 'Which?' });
    expect(edited.question.pending).toBe(true);
    expect(heard).toEqual([edited.question, edited.answer]);
    await ended(edited.answer);
    expect(heard.filter(({ role }) => role === 'user').map(({ pending }) => pending)).toEqual([
      true,
      undefined,
    ]);
  });

  it('is told of changed options', async () => {
    const { list, events, begin } = setUp();
    const told: unknown[] = [];
    untilTestEnds(events.listen(({ name, data }) => name === 'conversations.options' && told.push(data)));
    const id = begin();
    const changed = { ...options, temperature: 1 };
    await list.setOptions({ id, options: changed });
    expect(told).toEqual([{ id, options: changed }]);
  });

  it('is told of a comparison from its beginning to its end, and one that opens later can ask', async () => {
    const { chat, events } = setUp(({ method, emit }) => {
      if (method !== 'askOnce') return undefined;
      emit({ kind: 'text', text: 'A mug' });
      return { answer: said('A mug'), peakMemoryBytes: 1 };
    });
    const told: SideBySideState[] = [];
    untilTestEnds(events.listen((event) => event.name === 'chat.sideBySide' && told.push(event.data)));
    expect(await chat.sideBySide()).toBeNull();
    await chat.askSideBySide({ modelIds: ['one', 'two'], text: 'What is it?', pictures: [] });
    expect(told[0]).toMatchObject({
      question: { text: 'What is it?', pictures: [] },
      answers: [{ stage: 'waiting' }, { stage: 'waiting' }],
      running: true,
    });
    expect(told.at(-1)).toMatchObject({
      answers: [
        { modelId: 'one', stage: 'done' },
        { modelId: 'two', stage: 'done' },
      ],
      running: false,
    });
    expect(await chat.sideBySide()).toEqual(told.at(-1));
  });
});

describe('an edited question', () => {
  it('can have other pictures, which keep their names and their order', async () => {
    const { chat, begin, ended, repository, pictures, hash } = setUp();
    const id = begin();
    const { question, answer } = await chat.send({ conversationId: id, text: 'What?', pictures: [hash] });
    await ended(answer);
    // the same bytes come again under another name
    pictures.add({ ...pictureNamed('mug.png'), name: 'later.png' });
    const added = pictures.add(pictureNamed('cup.png'));
    const edited = await chat.edit({
      messageId: question.id,
      text: 'What are they?',
      pictures: [added.hash, hash],
    });
    await ended(edited.answer);
    const [kept] = repository.get(id).thread;
    expect(kept?.pictures.map(({ name }) => name)).toEqual(['cup.png', 'mug.png']);

    const bare = await chat.edit({ messageId: kept?.id ?? '', text: 'Anything?', pictures: [] });
    await ended(bare.answer);
    expect(repository.get(id).thread[0]).toMatchObject({ text: 'Anything?', pictures: [] });
  });

  it('keeps its pictures where none are named, and takes none that are not there', async () => {
    const { chat, begin, ended, repository, hash } = setUp();
    const id = begin();
    const { question, answer } = await chat.send({ conversationId: id, text: 'What?', pictures: [hash] });
    await ended(answer);
    const missing = { messageId: question.id, text: '', pictures: ['0'.repeat(64)] };
    expect((await rejected(chat.edit(missing))).code).toBe('NOT_FOUND');
    await ended((await chat.edit({ messageId: question.id, text: 'And?' })).answer);
    expect(repository.get(id).thread[0]?.pictures).toHaveLength(1);
  });
});

describe('the title of a new conversation', () => {
  async function titleAfter(
    question: { text: string; name?: string },
    answer = 'A **mug** on a table. It is red.',
  ) {
    const { chat, list, ended, pictures, repository } = setUp(({ method, emit }) => {
      if (method !== 'send') return undefined;
      if (answer !== '') emit({ kind: 'text', text: answer });
      return said(answer);
    });
    const { id } = await list.create({ modelId: 'demo' });
    const sent = question.name === undefined ? [] : [pictures.add(pictureNamed(question.name)).hash];
    const asked = await chat.send({ conversationId: id, text: question.text, pictures: sent });
    await ended(asked.answer);
    return repository.get(id).title;
  }

  it.each([
    ['its words', { text: ' What\n is  it? ', name: 'receipt.jpg' }, 'What is it?'],
    ["its picture's name", { text: '', name: 'Receipt_from the_baker.jpeg' }, 'Receipt from the baker'],
    [
      "the answer's first sentence, where a camera named it",
      { text: '', name: 'IMG_2041.HEIC' },
      'A mug on a table.',
    ],
    ['the same for what was pasted', { text: ' ', name: 'image.png' }, 'A mug on a table.'],
  ])('is %s', async (_, question, title) => {
    expect(await titleAfter(question)).toBe(title);
  });

  it('is the name of the picture where there is nothing else', async () => {
    expect(await titleAfter({ text: '', name: 'IMG_2041.HEIC' }, '')).toBe('IMG_2041.HEIC');
  });

  it('is shortened', async () => {
    const title = await titleAfter({ text: 'word '.repeat(40) });
    expect(title).toHaveLength(60);
    expect(title.endsWith('…')).toBe(true);
  });
});

describe('a conversation that is removed', () => {
  it('gets no more of its answer, and has what was said when it is brought back', async () => {
    const { chat, list, workers, begin, ended, ask } = setUp(({ method, signal, emit, argument }) => {
      if (method !== 'send' || argument.text !== 'long') return undefined;
      emit({ kind: 'text', text: 'Once upon' });
      return untilStopped(signal);
    });
    const id = begin();
    const { answer } = await chat.send({ conversationId: id, text: 'long', pictures: [] });
    await until(() => workers.alive[0]?.asked.includes('send') ?? false);
    await list.remove({ id });
    expect((await ended(answer)).state).toBe('stopped');
    expect(await ask(begin())).toMatchObject({ state: 'done' });
    await list.restore({ id });
    expect((await list.get({ id })).thread.at(-1)).toMatchObject({ text: 'Once upon', state: 'stopped' });
  });
});
