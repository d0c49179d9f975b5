import { describe, expect, it } from 'vitest';
import type { SideBySideAnswer, SideBySideState } from '../../../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { SideBySide } from '../../../../../src-renderer/state/chat/side-by-side.svelte.ts';
import { FakeAddressBar, FakeBridge, model } from '../../fake-bridge.ts';

const answer = (modelId: string, text = ''): SideBySideAnswer => ({
  modelId,
  modelName: modelId,
  stage: text === '' ? 'waiting' : 'done',
  text,
  error: null,
  statistics: null,
  peakMemoryBytes: null,
});
const state = (running: boolean, text = ''): SideBySideState => ({
  question: { text: 'What is it?', pictures: [] },
  answers: [answer('b', text), answer('a', text)],
  running,
});

async function open(chat: object) {
  const bridge = new FakeBridge({
    library: { list: () => Promise.resolve(['a', 'b', 'c'].map((id) => model({ id }))) },
    chat,
  });
  const app = new AppState(bridge, new FakeAddressBar());
  await app.load();
  const sideBySide = new SideBySide(app);
  bridge.listen((event) => sideBySide.hear(event));
  return { sideBySide, bridge };
}

describe('two models side by side', () => {
  it('is shown in a window that did not begin it, with its question and its models, until its end', async () => {
    const { sideBySide, bridge } = await open({});
    bridge.emit({ name: 'chat.sideBySide', data: state(true) });
    expect(sideBySide).toMatchObject({
      running: true,
      question: { text: 'What is it?' },
      modelIds: ['b', 'a'],
    });
    bridge.emit({ name: 'chat.sideBySide', data: state(false, 'A mug') });
    expect(sideBySide.running).toBe(false);
    expect(sideBySide.answers.map(({ text }) => text)).toEqual(['A mug', 'A mug']);
    expect(sideBySide.announcement).toBe('b: A mug. a: A mug');
  });

  it('is found again after the page was loaded anew', async () => {
    const { sideBySide } = await open({ sideBySide: () => Promise.resolve(state(true)) });
    await sideBySide.load();
    expect(sideBySide).toMatchObject({ running: true, question: { text: 'What is it?' } });
  });

  it('that could not be asked for says why and can be asked for again', async () => {
    const { sideBySide } = await open({
      askSideBySide: () => Promise.reject(new SnugError('BUSY', 'another answer is still being written')),
    });
    sideBySide.draft.text = 'What is it?';
    await sideBySide.ask();
    expect(sideBySide).toMatchObject({ running: false, error: { code: 'BUSY' } });
  });
});
