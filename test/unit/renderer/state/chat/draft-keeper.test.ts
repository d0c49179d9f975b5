import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PictureView } from '../../../../../src-main/contract/conversation.ts';
import type { DraftContent, DraftService, KeptDraft } from '../../../../../src-main/contract/draft.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { Bridge } from '../../../../../src-renderer/bridge/bridge.ts';
import { DraftKeeper } from '../../../../../src-renderer/state/chat/draft-keeper.svelte.ts';
import { Draft } from '../../../../../src-renderer/state/chat/draft.svelte.ts';

const view = (hash: string): PictureView => ({ hash, name: `${hash}.png`, width: 1, height: 1 });
const nothing: DraftContent<string> = { text: '', pictures: [], edit: null };

/** What the main process keeps, for the windows of a test. */
class Kept implements DraftService {
  revision = 0;
  content: DraftContent<string> = nothing;
  writer: string | null = null;
  refuses: SnugError | null = null;
  readonly windows: DraftKeeper[] = [];

  get draft(): KeptDraft {
    const { pictures, edit } = this.content;
    const views = {
      pictures: pictures.map(view),
      edit: edit && { ...edit, pictures: edit.pictures.map(view) },
    };
    return { place: 'c', ...this.content, ...views, revision: this.revision, writer: this.writer };
  }

  get(): Promise<KeptDraft> {
    return Promise.resolve(this.draft);
  }

  keep({ revision, content, writer }: Parameters<DraftService['keep']>[0]): ReturnType<DraftService['keep']> {
    if (this.refuses) return Promise.reject(this.refuses);
    if (revision !== this.revision) return Promise.resolve({ kept: false, draft: this.draft });
    this.revision++;
    this.content = content;
    this.writer = writer;
    for (const window of this.windows) window.hear(this.draft);
    return Promise.resolve({ kept: true, draft: this.draft });
  }

  /** What a window of another process does. */
  async writeElsewhere(content: Partial<DraftContent<string>>): Promise<void> {
    const all = { ...nothing, ...content };
    await this.keep({ place: 'c', writer: 'another window', revision: this.revision, content: all });
  }

  async open(early = '') {
    const addPicture = (_: File, name: string) => Promise.resolve(view(name));
    const draft = new Draft({ addPicture } as unknown as Bridge, () => Promise.resolve(null));
    const keeper = new DraftKeeper(this, 'c', draft);
    draft.text = early;
    this.windows.push(keeper);
    await vi.advanceTimersByTimeAsync(0);
    return { draft, keeper };
  }
}

const pause = () => vi.advanceTimersByTimeAsync(1000);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('what is being written', () => {
  it('is kept after a pause, with its pictures, and is there again in the next window', async () => {
    const kept = new Kept();
    const { draft } = await kept.open();
    for (const text of ['W', 'Wh', 'What?']) draft.text = text;
    await draft.addFiles([new File(['x'], 'a')]);
    await pause();
    expect(kept).toMatchObject({ revision: 1, content: { text: 'What?', pictures: ['a'], edit: null } });
    const next = await kept.open();
    expect(next.draft.text).toBe('What?');
    expect(next.draft.attachments).toMatchObject([{ name: 'a.png', view: { hash: 'a' } }]);
    await pause();
    expect(kept.revision).toBe(1);
  });

  it('takes over what is kept without losing a picture that is on its way, and is sent with both', async () => {
    const kept = new Kept();
    await kept.writeElsewhere({ text: 'What?', pictures: ['a'] });
    const uploads: ((picture: PictureView & { notes: string[] }) => void)[] = [];
    const addPicture = () => new Promise((resolve) => uploads.push(resolve));
    const draft = new Draft({ addPicture } as unknown as Bridge, () => Promise.resolve(null));
    const keeper = new DraftKeeper(kept, 'c', draft);
    const adding = draft.addFiles([new File(['x'], 'b')]);
    await vi.advanceTimersByTimeAsync(0);
    const complete = draft.complete();
    uploads[0]?.({ ...view('b'), notes: [] });
    await adding;
    expect(await complete).toBe(true);
    expect([draft.text, draft.hashes]).toEqual(['What?', ['a', 'b']]);
    await keeper.flush();
    expect(kept.content).toMatchObject({ text: 'What?', pictures: ['a', 'b'] });
  });

  it('is kept with an earlier question that is edited, and with what waits meanwhile', async () => {
    const kept = new Kept();
    const { draft } = await kept.open();
    draft.text = 'half a question';
    await draft.addFiles([new File(['x'], 'own')]);
    draft.startEditing({ id: 'q', text: 'What?', pictures: [view('asked')] });
    draft.text = 'Which?';
    await pause();
    const next = await kept.open();
    expect(next.draft).toMatchObject({ editing: 'q', text: 'Which?', hashes: ['asked'] });
    next.draft.stopEditing();
    expect(next.draft).toMatchObject({ editing: null, text: 'half a question', hashes: ['own'] });
  });

  it('is kept with the detail that its pictures are to have, as long as there are any', async () => {
    const kept = new Kept();
    const { draft } = await kept.open();
    await draft.addFiles([new File(['x'], 'a')]);
    await pause();
    draft.costs.moreDetail = true;
    await pause();
    expect(kept).toMatchObject({ revision: 2, content: { pictures: ['a'], moreDetail: true } });
    const next = await kept.open();
    expect(next.draft.costs.moreDetail).toBe(true);
    await pause();
    expect(kept.revision).toBe(2);
    next.draft.costs.moreDetail = false;
    await pause();
    expect(kept.content).not.toHaveProperty('moreDetail');
    next.draft.costs.moreDetail = true;
    await next.draft.remove(next.draft.attachments[0]?.key ?? NaN);
    await pause();
    expect(kept.content).toEqual(nothing);
  });

  it('is gone once it was sent, and at once when the window goes', async () => {
    const kept = new Kept();
    const { draft, keeper } = await kept.open();
    draft.text = 'What?';
    await keeper.flush();
    expect(kept.content.text).toBe('What?');
    draft.take();
    await keeper.flush();
    expect(kept.content).toEqual(nothing);
  });

  it('is kept by the time the store is there that was typed before', async () => {
    const kept = new Kept();
    await kept.open('typed early');
    await pause();
    expect(kept.content.text).toBe('typed early');
  });

  it('says why it can not be kept, and tries again with the next letter', async () => {
    const kept = new Kept();
    const { draft, keeper } = await kept.open();
    kept.refuses = new SnugError('DISK_FULL', 'the disk is full');
    draft.text = 'a';
    await pause();
    expect(keeper.problem?.message).toBe('the disk is full');
    kept.refuses = null;
    draft.text = 'ab';
    await pause();
    expect(keeper.problem).toBeNull();
    expect(kept.content.text).toBe('ab');
  });

  it('is kept once the connection is back', async () => {
    const kept = new Kept();
    const { draft, keeper } = await kept.open();
    kept.refuses = new SnugError('CONNECTION_LOST', 'the connection to Snug was lost');
    draft.text = 'on a train';
    await pause();
    expect(keeper.problem).toBeNull();
    kept.refuses = null;
    await keeper.load();
    expect(kept.content.text).toBe('on a train');
  });
});

describe('two windows', () => {
  it('show the same: what one writes, what its pictures cost, and that it was sent', async () => {
    const kept = new Kept();
    const { draft } = await kept.open();
    const costs = vi.spyOn(draft, 'refreshCosts');
    await kept.writeElsewhere({ text: 'What?', pictures: ['a'] });
    expect(draft).toMatchObject({ text: 'What?', hashes: ['a'] });
    expect(costs).toHaveBeenCalledTimes(1);
    await kept.writeElsewhere({});
    expect(draft).toMatchObject({ text: '', hashes: [] });
    await pause();
    expect(kept.revision).toBe(2);
  });

  it('that write at the same time overwrite nothing until the person has chosen', async () => {
    const kept = new Kept();
    const { draft, keeper } = await kept.open();
    draft.text = 'mine';
    await kept.writeElsewhere({ text: 'theirs' });
    await pause();
    expect([draft.text, kept.content.text, keeper.conflict?.text]).toEqual(['mine', 'theirs', 'theirs']);
    draft.text = 'mine, longer';
    await pause();
    expect([draft.text, kept.content.text]).toEqual(['mine, longer', 'theirs']);
    await keeper.keepMine();
    expect([kept.content.text, keeper.conflict]).toEqual(['mine, longer', null]);
  });

  it("may take the other's", async () => {
    const kept = new Kept();
    const { draft, keeper } = await kept.open();
    draft.text = 'mine';
    await kept.writeElsewhere({ text: 'theirs', pictures: ['a'] });
    await pause();
    keeper.takeTheirs();
    expect(draft).toMatchObject({ text: 'theirs', hashes: ['a'] });
    await pause();
    expect([kept.revision, keeper.conflict]).toEqual([1, null]);
  });

  it.each([
    ['the other has sent its own', 'mine', {}, 'mine'],
    ['this one has emptied its own', '', { text: 'theirs' }, 'theirs'],
    ['both have written the same', 'same', { text: 'same' }, 'same'],
  ])('have nothing to choose where %s', async (_, mine, theirs, left) => {
    const kept = new Kept();
    const { draft, keeper } = await kept.open();
    draft.text = 'before';
    await pause();
    draft.text = mine;
    await kept.writeElsewhere(theirs);
    await pause();
    expect(keeper.conflict).toBeNull();
    expect([draft.text, kept.content.text]).toEqual([left, left]);
  });
});
