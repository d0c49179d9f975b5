import { describe, expect, it } from 'vitest';
import type { PictureView } from '../../../../../src-main/contract/conversation.ts';
import type { Bridge } from '../../../../../src-renderer/bridge/bridge.ts';
import { Draft } from '../../../../../src-renderer/state/chat/draft.svelte.ts';

const file = (name: string) => new File(['picture'], name);

/** A draft whose pictures arrive when the test says so. */
function slowDraft() {
  const waiting = new Map<string, PromiseWithResolvers<PictureView>>();
  const addPicture = (_: File, name: string) => {
    const arrival = Promise.withResolvers<PictureView>();
    waiting.set(name, arrival);
    return arrival.promise;
  };
  const draft = new Draft({ addPicture } as unknown as Bridge);
  const arrive = (name: string) => waiting.get(name)?.resolve({ hash: name, name } as PictureView);
  const fail = (name: string) => waiting.get(name)?.reject(new Error('it is damaged'));
  return { draft, arrive, fail };
}

describe('a question that is sent while its pictures are on their way', () => {
  it('waits for them, also for one that came later, and is not sent twice', async () => {
    const { draft, arrive } = slowDraft();
    draft.text = 'What is it?';
    const first = draft.addFiles([file('a')]);
    const complete = draft.complete();
    expect(draft.sending).toBe(true);
    expect(await draft.complete()).toBe(false);
    const second = draft.addFiles([file('b')]);
    arrive('a');
    await first;
    arrive('b');
    await second;
    expect(await complete).toBe(true);
    expect(draft.hashes).toEqual(['a', 'b']);
    expect(draft.sending).toBe(false);
  });

  it('is kept for the person to look at where one is refused', async () => {
    const { draft, arrive, fail } = slowDraft();
    draft.text = 'What is it?';
    const added = draft.addFiles([file('a'), file('b')]);
    const complete = draft.complete();
    arrive('a');
    fail('b');
    await added;
    expect(await complete).toBe(false);
    expect(draft.text).toBe('What is it?');
    expect(draft.files.problems).toHaveLength(1);
  });

  it('is sent at once where nothing is on its way', async () => {
    const { draft } = slowDraft();
    expect(await draft.complete()).toBe(false);
    draft.text = 'Hello';
    expect(await draft.complete()).toBe(true);
  });
});
