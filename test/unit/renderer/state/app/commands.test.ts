import { describe, expect, it } from 'vitest';
import type { Conversation, Message } from '../../../../../src-main/contract/conversation.ts';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { chatCommands, conversationCommands } from '../../../../../src-renderer/state/chat/chat-commands.ts';
import { Chat } from '../../../../../src-renderer/state/chat/chat.svelte.ts';
import { Commands, type Command } from '../../../../../src-renderer/state/app/commands.svelte.ts';
import { fitCommands } from '../../../../../src-renderer/state/fit/fit-commands.ts';
import { shellCommands } from '../../../../../src-renderer/state/app/shell.svelte.ts';
import { FakeAddressBar, FakeBridge, job, model } from '../../fake-bridge.ts';

const titles = (commands: readonly Command[]) => commands.map(({ title }) => title);
const answer: Message = {
  id: 'a',
  conversationId: 'c',
  role: 'assistant',
  text: 'A mug',
  pictures: [],
  state: 'done',
  error: null,
  modelName: null,
  modelId: null,
  statistics: null,
  notes: [],
  createdAt: '2026-01-01T00:00:00Z',
};
const summary = (id: string, title: string) => ({
  id,
  title,
  modelId: 'demo',
  updatedAt: '2026',
  messages: 1,
});
const conversation = (thread: readonly Message[]): Conversation => ({
  ...summary('c', 'Boats of Venice'),
  options: { systemPrompt: '', temperature: 0, contextTokens: 4096, maxTokens: 8, imageMaxTokens: null },
  thread,
});

async function open(thread: readonly Message[] = [answer], fits: object = {}) {
  const bridge = new FakeBridge({
    library: {
      list: () => Promise.resolve([model(), model({ id: 'fitted', name: 'Fitted-VL', kind: 'fitted' })]),
    },
    conversations: {
      list: () => Promise.resolve([summary('c', 'Boats of Venice'), summary('d', 'Bakery receipt')]),
      get: () => Promise.resolve(conversation(thread)),
      setModel: ({ modelId }) => Promise.resolve({ ...conversation(thread), modelId }),
    },
    fits,
  });
  const app = new AppState(bridge, new FakeAddressBar('#/chat/c'));
  await app.load();
  const chat = new Chat(app, (run) => run());
  return { app, bridge, chat };
}

describe('the palette', () => {
  const paletteOf = (...given: readonly (Partial<Command> & { title: string })[]) => {
    const commands = new Commands();
    commands.register(given.map((one) => ({ id: one.title, run: () => undefined, ...one })));
    return (query: string) => titles(commands.matching(query));
  };

  it('finds by words anywhere, then by letters in their order, and nothing by letters far apart', () => {
    const find = paletteOf(
      { title: 'Bakery receipt' },
      { title: 'Reset concept pictures' },
      { title: 'Boats' },
    );
    expect(find('receipt')).toEqual(['Bakery receipt']);
    expect(find('rcpt')).toEqual(['Bakery receipt']);
    expect(find('bts')).toEqual(['Boats']);
    const words = paletteOf({ title: 'Keyboard shortcuts' }, { title: 'Boats', onlyFound: true });
    expect(words('boa')).toEqual(['Boats', 'Keyboard shortcuts']);
    expect(find('bt')).toEqual([]);
    expect(find('xyz')).toEqual([]);
  });

  it('shows what there are many of only once something was typed, and last what can not be done', () => {
    const find = paletteOf(
      { title: 'Switch to it', unavailable: 'An answer is being written' },
      { title: 'Switches, a chat', onlyFound: true },
      { title: 'Switch theme' },
    );
    expect(find('')).toEqual(['Switch to it', 'Switch theme']);
    expect(find('switch')).toEqual(['Switch theme', 'Switches, a chat', 'Switch to it']);
  });

  it('offers what there is at the moment', () => {
    const commands = new Commands();
    let now: readonly Command[] = [];
    commands.register(() => now);
    expect(commands.matching('')).toEqual([]);
    now = [{ id: 'x', title: 'Now', run: () => undefined }];
    expect(titles(commands.matching(''))).toEqual(['Now']);
  });
});

describe('commands of a conversation', () => {
  it('are those that do something now', async () => {
    const { app, chat } = await open();
    expect(titles(chatCommands(app, chat))).toEqual(['Two models side by side']);
    await chat.show('c');
    expect(titles(chatCommands(app, chat))).toEqual([
      'Answer again',
      'Rename this conversation',
      'Export this conversation as Markdown',
      'Export this conversation as JSON',
      'Delete this conversation',
      'Two models side by side',
      'Switch to Fitted-VL · fitted, 12.0\u00a0MiB',
    ]);
  });

  it('switch the model, and say why they can not while an answer comes', async () => {
    const { app, bridge, chat } = await open();
    await chat.show('c');
    const toFitted = () => chatCommands(app, chat).find(({ id }) => id === 'chat.model.fitted');
    await toFitted()?.run();
    expect(bridge.asked('conversations.setModel')).toEqual([{ id: 'c', modelId: 'fitted' }]);

    const busy = await open([{ ...answer, state: 'streaming' }]);
    await busy.chat.show('c');
    const commands = chatCommands(busy.app, busy.chat);
    expect(commands[0]?.title).toBe('Stop the answer');
    expect(commands.at(-1)?.unavailable).toBe('An answer is being written');
    expect(titles(commands)).not.toContain('Answer again');
  });

  it('jump to any conversation, and begin one with any model', async () => {
    const { app, chat } = await open();
    await chat.prepare();
    app.commands.register(() => conversationCommands(app, chat));
    const [jump] = app.commands.matching('bakery');
    await jump?.run();
    expect(app.route).toEqual({ page: 'chat', id: 'd' });
    expect(titles(app.commands.matching('new fitted'))).toEqual([
      'New chat with Fitted-VL · fitted, 12.0\u00a0MiB',
    ]);
  });
});

describe('commands of fitting', () => {
  const steered = (id: string, state: 'paused' | 'running' | 'cancelled') =>
    Promise.resolve(job({ id, state }));

  it('choose a model to fit; there is nothing to pause', async () => {
    const { app } = await open();
    const commands = fitCommands(app);
    expect(titles(commands)).toEqual(['Fit Demo-VL to this laptop…']);
    await commands[0]?.run();
    expect(app.route).toEqual({ page: 'fit', id: 'demo' });
  });

  it('pause, resume and cancel the one under way', async () => {
    const { app, bridge } = await open([], {
      list: () => Promise.resolve([job({ id: 'one' })]),
      pause: () => steered('one', 'paused'),
      resume: () => steered('one', 'running'),
      cancel: () => steered('one', 'cancelled'),
    });
    const run = async (id: string) =>
      fitCommands(app)
        .find((command) => command.id === id)
        ?.run();
    await run('fit.resume');
    await run('fit.pause');
    expect(titles(fitCommands(app)).slice(0, 2)).toEqual([
      'Resume fitting Demo-VL',
      'Cancel fitting Demo-VL',
    ]);
    await run('fit.resume');
    expect(titles(fitCommands(app)).slice(0, 2)).toEqual(['Pause fitting Demo-VL', 'Cancel fitting Demo-VL']);
    await run('fit.cancel');
    expect(titles(fitCommands(app))).toEqual(['Fit Demo-VL to this laptop…']);
    expect(bridge.calls.map(({ name }) => name).filter((name) => /pause|resume|cancel/.test(name))).toEqual([
      'fits.pause',
      'fits.resume',
      'fits.cancel',
    ]);
  });

  it('say why one can not be resumed while another runs', async () => {
    const { app } = await open([], {
      list: () =>
        Promise.resolve([
          job({ id: 'one', modelName: 'A' }),
          job({ id: 'two', modelName: 'B', state: 'paused' }),
        ]),
    });
    const resume = fitCommands(app).find(({ id }) => id === 'fit.resume');
    expect(resume).toMatchObject({ title: 'Resume fitting B', unavailable: 'Another fit is running' });
  });
});

it('leads to each part of the settings', async () => {
  const { app } = await open();
  app.commands.register(() => shellCommands(app, 'Linux'));
  expect(app.commands.matching('settings')[0]?.id).toBe('go.settings');
  await app.commands.matching('gpu')[0]?.run();
  expect(app.route).toEqual({ page: 'settings', id: 'computing' });
});
