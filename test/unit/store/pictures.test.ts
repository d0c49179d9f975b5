import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { options, pictureNamed, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

function clock(): (minutes: number) => void {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-05-01T10:00:00Z') });
  onTestFinished(() => void vi.useRealTimers());
  return (minutes) => void vi.setSystemTime(Date.now() + minutes * 60_000);
}

describe('a picture', () => {
  it('is kept with its bytes, and found by its hash', () => {
    const { pictures } = temporaryStore();
    const { bytes, ...view } = pictureNamed('boat.jpg');
    expect(pictures.add({ bytes, ...view })).toEqual(view);
    expect(pictures.get(view.hash)).toEqual(view);
    expect(readFileSync(pictures.path(view.hash))).toEqual(Buffer.from(bytes));
  });

  it('that comes again under another name is kept once; earlier questions show the name they were sent with', () => {
    const folder = temporaryFolder();
    const { conversations, pictures } = temporaryStore(folder);
    const picture = pictureNamed('boat.jpg');
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    for (const name of ['boat.jpg', 'ship.jpg']) {
      pictures.add({ ...picture, name });
      conversations.addQuestion(id, { text: '', pictures: [picture.hash] });
    }
    const names = conversations.get(id).thread.map((message) => message.pictures[0]?.name);
    expect(names).toEqual(['boat.jpg', 'ship.jpg']);
    expect(readdirSync(join(folder, 'pictures'))).toEqual([picture.hash]);
  });

  it.each([
    ['boat.jpg', 'image.png', 'boat.jpg'],
    ['image.png', 'boat.jpg', 'boat.jpg'],
    ['boat.jpg', 'ship.jpg', 'boat.jpg'],
  ])('that waits as %s and comes again as %s is %s', (first, second, shown) => {
    const { pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    pictures.add({ ...picture, name: first });
    expect(pictures.add({ ...picture, name: second }).name).toBe(shown);
  });

  it('that was sent as a file keeps its name when a copy is pasted', () => {
    const { conversations, pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    pictures.add(picture);
    conversations.addQuestion(id, { text: '', pictures: [picture.hash] });
    expect(pictures.add({ ...picture, name: 'image.png' }).name).toBe('boat.jpg');
  });

  it('whose file was lost is whole again after it is added again', () => {
    const { pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    pictures.add(picture);
    writeFileSync(pictures.path(picture.hash), 'cut');
    pictures.add(picture);
    expect(readFileSync(pictures.path(picture.hash))).toEqual(Buffer.from(picture.bytes));
  });

  it('that is not there, or has no proper hash, is said to be missing', () => {
    const folder = temporaryFolder();
    const { pictures } = temporaryStore(folder);
    const picture = pictureNamed('boat.jpg');
    expect(thrown(() => pictures.get(picture.hash)).message).toBe('there is no such picture');
    expect(thrown(() => pictures.path('../snug.db')).code).toBe('NOT_FOUND');
    for (const hash of ['../../evil', picture.hash.toUpperCase(), `${picture.hash}0`]) {
      expect(thrown(() => pictures.add({ ...picture, hash })).code).toBe('BAD_ARGUMENT');
    }
    expect(existsSync(join(folder, 'pictures'))).toBe(false);
  });

  it('that cannot be written is told in plain words, and is not there afterwards', () => {
    const folder = temporaryFolder();
    const { pictures } = temporaryStore(folder);
    writeFileSync(join(folder, 'pictures'), 'a file where the folder should be');
    const picture = pictureNamed('boat.jpg');
    const error = thrown(() => pictures.add(picture));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.remedies).toContainEqual({ kind: 'choose-home' });
    expect(thrown(() => pictures.get(picture.hash)).code).toBe('NOT_FOUND');
  });
});

describe('a picture whose file was replaced', () => {
  it.skipIf(platform() === 'win32')('by a FIFO or a link is not opened', () => {
    const { pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    pictures.add(picture);
    const path = pictures.path(picture.hash);
    for (const replace of [
      () => execFileSync('mkfifo', [path]),
      () => symlinkSync('/dev/zero', path),
      () => mkdirSync(path),
    ]) {
      rmSync(path);
      replace();
      const error = thrown(() => pictures.path(picture.hash));
      expect(error.code).toBe('FILE');
      expect(error.advice).toBeTruthy();
    }
  });

  it.skipIf(platform() === 'win32')('by a FIFO gets its file back when it is added again', () => {
    const { pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    pictures.add(picture);
    const path = pictures.path(picture.hash);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    pictures.add(picture);
    expect(readFileSync(pictures.path(picture.hash)).equals(picture.bytes)).toBe(true);
  });
});

describe('a sweep', () => {
  it('frees pictures that were never sent, an hour later, and keeps those in conversations', () => {
    const advance = clock();
    const { conversations, pictures } = temporaryStore();
    const [unsent, sent, hidden, fresh] = ['unsent', 'sent', 'hidden', 'fresh'].map(pictureNamed) as [
      ReturnType<typeof pictureNamed>,
      ReturnType<typeof pictureNamed>,
      ReturnType<typeof pictureNamed>,
      ReturnType<typeof pictureNamed>,
    ];
    for (const picture of [unsent, sent, hidden]) pictures.add(picture);
    const ask = (hash: string) => {
      const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
      conversations.addQuestion(id, { text: '', pictures: [hash] });
      return id;
    };
    ask(sent.hash);
    const removed = ask(hidden.hash);
    conversations.remove(removed);
    advance(59);
    pictures.add(fresh);
    expect(pictures.sweep()).toBe(0);
    advance(2);
    const unsentPath = pictures.path(unsent.hash);
    expect(pictures.sweep()).toBe(unsent.bytes.length);
    expect(existsSync(unsentPath)).toBe(false);
    expect(thrown(() => pictures.get(unsent.hash)).code).toBe('NOT_FOUND');
    for (const { hash } of [sent, hidden, fresh]) expect(existsSync(pictures.path(hash))).toBe(true);
    conversations.restore(removed);
    expect(conversations.get(removed).thread[0]?.pictures).toHaveLength(1);
  });

  it('frees the pictures of a conversation that was deleted for good', () => {
    const advance = clock();
    const { conversations, pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    pictures.add(picture);
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    conversations.addQuestion(id, { text: '', pictures: [picture.hash, picture.hash] });
    conversations.remove(id);
    advance(61);
    expect(pictures.sweep()).toBe(0);
    conversations.purgeRemoved();
    expect(pictures.sweep()).toBe(picture.bytes.length);
  });

  it('does not take a picture that was chosen again a moment ago', () => {
    const advance = clock();
    const { pictures } = temporaryStore();
    const picture = pictureNamed('boat.jpg');
    pictures.add(picture);
    advance(120);
    pictures.add(picture);
    expect(pictures.sweep()).toBe(0);
    expect(existsSync(pictures.path(picture.hash))).toBe(true);
  });

  it('frees what a killed process left in the folder', () => {
    const folder = temporaryFolder();
    const { pictures } = temporaryStore(folder);
    expect(pictures.sweep()).toBe(0);
    const picture = pictureNamed('boat.jpg');
    pictures.add(picture);
    writeFileSync(join(folder, 'pictures', `${'0'.repeat(64)}.123.tmp`), 'half of it');
    mkdirSync(join(folder, 'pictures', 'not ours'));
    expect(pictures.sweep()).toBe('half of it'.length);
    expect(readdirSync(join(folder, 'pictures')).sort()).toEqual([picture.hash, 'not ours'].sort());
  });

  it('keeps every picture of a damaged database that was set aside', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    const picture = pictureNamed('boat.jpg');
    store.pictures.add(picture);
    store.close();
    writeFileSync(
      join(folder, 'snug.db'),
      'not a database at all, but longer than a header of one hundred bytes'.repeat(9),
    );
    const { pictures } = temporaryStore(folder);
    expect(pictures.sweep()).toBe(0);
    expect(readdirSync(join(folder, 'pictures'))).toEqual([picture.hash]);
  });
});
