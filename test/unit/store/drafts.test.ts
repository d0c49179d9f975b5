import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DraftContent } from '../../../src-main/contract/draft.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { options, pictureNamed, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const writing = (text: string, more: Partial<DraftContent<string>> = {}): DraftContent<string> => ({
  text,
  pictures: [],
  edit: null,
  ...more,
});

afterEach(() => vi.useRealTimers());

describe('a draft', () => {
  it('is there again when the store is opened anew, with an edited question', () => {
    const folder = temporaryFolder();
    const content = writing('half a', { edit: { messageId: 'm', text: 'What?', pictures: [] } });
    {
      using store = openStore(folder);
      expect(store.drafts.get('c')).toEqual({ revision: 0, content: writing('') });
      expect(store.drafts.keep('c', 0, content)).toBe(true);
    }
    expect(temporaryStore(folder).drafts.get('c')).toEqual({ revision: 1, content });
  });

  it('is not kept over what was kept meanwhile', () => {
    const { drafts } = temporaryStore();
    drafts.keep('c', 0, writing('one'));
    expect(drafts.keep('c', 0, writing('two'))).toBe(false);
    expect(drafts.get('c')).toMatchObject({ revision: 1, content: { text: 'one' } });
    expect(drafts.keep('c', 1, writing('two'))).toBe(true);
    expect(drafts.get('c')).toMatchObject({ revision: 2, content: { text: 'two' } });
  });

  it('goes with its conversation for good, and stays while that can be brought back', () => {
    const { drafts, conversations } = temporaryStore();
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    for (const place of [id, 'compare', 'nowhere']) drafts.keep(place, 0, writing('half a'));
    conversations.remove(id);
    expect(drafts.purge(['compare'])).toBe(1);
    expect(drafts.get(id).content.text).toBe('half a');
    conversations.purgeRemoved();
    expect(drafts.purge(['compare'])).toBe(1);
    expect(drafts.get('compare').content.text).toBe('half a');
  });

  it('keeps its pictures, those of an edited question too, from being swept', () => {
    const { drafts, pictures } = temporaryStore();
    const [own, edited, given] = ['own', 'edited', 'given'].map(
      (name) => pictures.add(pictureNamed(name)).hash,
    );
    const edit = { messageId: 'm', text: '', pictures: [edited ?? ''] };
    drafts.keep('c', 0, writing('', { pictures: [own ?? ''], edit }));
    vi.setSystemTime(Date.now() + 2 * 60 * 60 * 1000);
    pictures.sweep();
    expect([own, edited, given].map((hash) => pictures.find(hash ?? '') !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
