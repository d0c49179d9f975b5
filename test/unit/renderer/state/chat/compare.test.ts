import { describe, expect, it } from 'vitest';
import type { ComparedAnswer, ComparedModels } from '../../../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { Compare } from '../../../../../src-renderer/state/chat/compare.svelte.ts';
import { FakeAddressBar, FakeBridge, model } from '../../fake-bridge.ts';

const answer = (modelId: string, text = ''): ComparedAnswer => ({
  modelId,
  modelName: modelId,
  stage: text === '' ? 'waiting' : 'done',
  text,
  error: null,
  statistics: null,
  peakMemoryBytes: null,
});
const compared = (running: boolean, text = ''): ComparedModels => ({
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
  const compare = new Compare(app);
  bridge.listen((event) => compare.hear(event));
  return { compare, bridge };
}

describe('a comparison', () => {
  it('is shown in a window that did not begin it, with its question and its models, until its end', async () => {
    const { compare, bridge } = await open({});
    bridge.emit({ name: 'chat.compared', data: compared(true) });
    expect(compare).toMatchObject({ running: true, question: { text: 'What is it?' }, modelIds: ['b', 'a'] });
    bridge.emit({ name: 'chat.compared', data: compared(false, 'A mug') });
    expect(compare.running).toBe(false);
    expect(compare.answers.map(({ text }) => text)).toEqual(['A mug', 'A mug']);
    expect(compare.announcement).toBe('b: A mug. a: A mug');
  });

  it('is found again after the page was loaded anew', async () => {
    const { compare } = await open({ compared: () => Promise.resolve(compared(true)) });
    await compare.load();
    expect(compare).toMatchObject({ running: true, question: { text: 'What is it?' } });
  });

  it('that could not be asked for says why and can be asked for again', async () => {
    const { compare } = await open({
      compare: () => Promise.reject(new SnugError('BUSY', 'another answer is still being written')),
    });
    compare.draft.text = 'What is it?';
    await compare.ask();
    expect(compare).toMatchObject({ running: false, error: { code: 'BUSY' } });
  });
});
