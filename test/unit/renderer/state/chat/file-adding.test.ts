import { describe, expect, it } from 'vitest';
import type { DocumentPages, PictureView } from '../../../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { Bridge } from '../../../../../src-renderer/bridge/bridge.ts';
import { Draft } from '../../../../../src-renderer/state/chat/draft.svelte.ts';

const file = (name: string) => new File(['picture'], name);

/** Files named bad… are refused; documents have as many pages as their name says. */
function draftWith(notes: readonly string[] = []) {
  const asked: string[] = [];
  const addPicture = async (_: File, name: string, page?: number) => {
    await Promise.resolve();
    asked.push(page === undefined ? name : `${name}#${page}`);
    if (name.startsWith('bad'))
      throw new SnugError('BAD_PICTURE', `${name} is damaged`, { advice: 'Copy it.' });
    const shown = page === undefined ? name : `${name}, page ${page}`;
    return { hash: shown, name: shown, width: 1, height: 1, notes };
  };
  const documentPages = async (_: File, name: string, first: number): Promise<DocumentPages> => {
    await Promise.resolve();
    if (name.startsWith('bad')) throw new SnugError('BAD_PICTURE', `${name} is damaged`);
    const pages = Number(/\d+/.exec(name)?.[0]);
    const count = Math.min(12, pages - first + 1);
    return { pages, thumbnails: Array.from({ length: count }, (_, i) => ({ page: first + i, url: null })) };
  };
  const draft = new Draft({ addPicture, documentPages } as unknown as Bridge);
  return { draft, asked };
}

describe('files that are added', () => {
  it('are told in one sentence for those who only hear it', async () => {
    const { draft } = draftWith();
    await draft.addFiles(['a.png', 'b.png', 'c.png', 'bad.heic', 'bad.txt'].map(file));
    expect(draft.files.said).toBe('3 pictures added, 2 refused: bad.heic is damaged; bad.txt is damaged.');
    await draft.addFiles([file('a.png')]);
    expect(draft.files.said).toBe('1 already there.');
  });

  it('and refused are put away all at once', async () => {
    const { draft } = draftWith();
    await draft.addFiles(Array.from({ length: 10 }, (_, i) => file(`bad-${i}.png`)));
    expect(draft.files.problems).toHaveLength(10);
    draft.files.closeProblems();
    expect(draft.files.problems).toEqual([]);
  });

  it('carry what is to be known of them', async () => {
    const { draft } = draftWith(['dance.gif is animated; only its first frame is used']);
    await draft.addFiles([file('dance.gif')]);
    expect(draft.attachments[0]?.notes).toEqual(['dance.gif is animated; only its first frame is used']);
  });

  it('keep the name that the store knows them by', async () => {
    const addPicture = () =>
      Promise.resolve({ hash: 'a', name: 'boat.jpg', notes: [] } as unknown as PictureView);
    const draft = new Draft({ addPicture } as unknown as Bridge);
    await draft.addFiles([file('image.png')]);
    expect(draft.attachments[0]?.name).toBe('boat.jpg');
  });
});

describe('a PDF document', () => {
  it('of one page is taken as it is', async () => {
    const { draft, asked } = draftWith();
    await draft.addFiles([file('letter-1.pdf')]);
    expect(asked).toEqual(['letter-1.pdf']);
    expect(draft.files.choices).toEqual([]);
  });

  it('of several pages asks which, and the chosen ones come in their order', async () => {
    const { draft, asked } = draftWith();
    await draft.addFiles([file('report-30.pdf'), file('a.png')]);
    expect(draft.attachments.map(({ name }) => name)).toEqual(['a.png']);
    const [choice] = draft.files.choices;
    expect(choice?.thumbnails).toHaveLength(12);
    for (const page of [5, 2, 9, 9]) choice?.toggle(page);
    await choice?.next();
    expect([choice?.first, choice?.last]).toEqual([13, 24]);
    choice?.toggle(20);
    await draft.files.addChosen();
    expect(asked.slice(1)).toEqual(['report-30.pdf#2', 'report-30.pdf#5', 'report-30.pdf#20']);
    expect(draft.attachments.map(({ name }) => name)).toEqual([
      'a.png',
      ...['report-30.pdf, page 2', 'report-30.pdf, page 5', 'report-30.pdf, page 20'],
    ]);
    expect(draft.files.choices).toEqual([]);
  });

  it('is shown from any page on, and no further than it goes', async () => {
    const { draft } = draftWith();
    await draft.addFiles([file('report-30.pdf')]);
    const [choice] = draft.files.choices;
    await choice?.show(999);
    expect([choice?.first, choice?.last]).toEqual([30, 30]);
    await choice?.previous();
    expect(choice?.first).toBe(18);
    await choice?.show(-5);
    expect(choice?.first).toBe(1);
  });

  it('lets no more pages be chosen than there is room for', async () => {
    const { draft } = draftWith();
    await draft.addFiles(Array.from({ length: 15 }, (_, i) => file(`${i}.png`)));
    await draft.addFiles([file('report-30.pdf')]);
    const [choice] = draft.files.choices;
    for (const page of [1, 2, 3]) choice?.toggle(page);
    expect([choice?.chosen, choice?.full]).toEqual([[1], true]);
  });

  it('leaves the next one the room that it did not take', async () => {
    const { draft } = draftWith();
    await draft.addFiles(Array.from({ length: 13 }, (_, i) => file(`${i}.png`)));
    await draft.addFiles([file('first-9.pdf'), file('second-9.pdf')]);
    for (const page of [1, 2]) draft.files.choices[0]?.toggle(page);
    await draft.files.addChosen();
    const [second] = draft.files.choices;
    for (const page of [1, 2]) second?.toggle(page);
    expect([second?.name, second?.room, second?.chosen]).toEqual(['second-9.pdf', 1, [1]]);
  });

  it('after another is asked about next, and one that is left out adds nothing', async () => {
    const { draft, asked } = draftWith();
    await draft.addFiles([file('first-2.pdf'), file('second-3.pdf')]);
    draft.files.dropChoice();
    expect(draft.files.choices.map(({ name }) => name)).toEqual(['second-3.pdf']);
    expect(asked).toEqual([]);
  });

  it('that is damaged is refused like any file', async () => {
    const { draft } = draftWith();
    await draft.addFiles([file('bad-9.pdf')]);
    expect(draft.files.problems.map(({ message }) => message)).toEqual(['bad-9.pdf is damaged']);
    expect(draft.attachments).toEqual([]);
  });
});
