import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  builtInCalibrationFolder,
  loadBuiltInCalibration,
  loadModelCalibration,
  loadOwnCalibration,
  readCalibrationText,
} from '../../../../src-main/luq/calibrate/calibration-set.ts';
import { hasPipes, makePipe } from '../../../helpers/pipe.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { thrown } from '../../../helpers/thrown.ts';

describe('the built-in set', () => {
  const set = loadBuiltInCalibration();
  const pictures = set.pictures.filter(({ heldOut }) => !heldOut);
  const texts = set.texts.filter(({ heldOut }) => !heldOut);

  it('asks 64 questions about pictures or more, each with an answer', () => {
    const turns = pictures.flatMap((picture) => picture.turns);
    expect(turns.length).toBeGreaterThanOrEqual(64);
    for (const { question, answer } of turns) {
      expect(question.trim()).not.toBe('');
      expect(answer.trim()).not.toBe('');
    }
  });

  it('has 30,000 words of text or more', () => {
    const words = texts.map(({ path }) => readFileSync(path, 'utf8').split(/\s+/).filter(Boolean).length);
    expect(words.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(30_000);
  });

  it('keeps pictures and texts apart for the check, none of them used for calibrating', () => {
    const heldOut = [...set.pictures, ...set.texts].filter((entry) => entry.heldOut);
    expect(heldOut.some((entry) => 'turns' in entry)).toBe(true);
    expect(heldOut.some((entry) => !('turns' in entry))).toBe(true);
    const used = new Set([...pictures, ...texts].map(({ path }) => readFileSync(path).toString('base64')));
    for (const { path } of heldOut) expect(used.has(readFileSync(path).toString('base64')), path).toBe(false);
  });

  it('says of every file under which licence and from where it is', () => {
    const entry = z.object({ file: z.string(), licence: z.string().min(1), source: z.string().min(1) });
    const manifest = z
      .object({ pictures: z.array(entry), texts: z.array(entry) })
      .parse(JSON.parse(readFileSync(join(builtInCalibrationFolder, 'manifest.json'), 'utf8')));
    const entries = [...manifest.pictures, ...manifest.texts];
    expect(entries).toHaveLength(set.pictures.length + set.texts.length);
    expect(new Set(entries.map(({ file }) => file)).size).toBe(entries.length);
    for (const { file } of entries) expect(existsSync(join(builtInCalibrationFolder, file)), file).toBe(true);
  });

  it('has the same name for the same files', () => {
    expect(loadBuiltInCalibration().id).toBe(set.id);
    expect(set.id).toMatch(/^[0-9a-f]{64}$/);
  });
});

const built = loadBuiltInCalibration();

describe("a person's own pictures", () => {
  const somePicture = built.pictures[0]?.path ?? '';

  function ownFolder(...files: string[]): string {
    const folder = join(temporaryFolder(), 'my pictures');
    mkdirSync(join(folder, 'holiday'), { recursive: true });
    for (const file of files) {
      if (file.endsWith('.txt')) writeFileSync(join(folder, file), 'some text of my own');
      else copyFileSync(somePicture, join(folder, file));
    }
    return folder;
  }

  it('are found in all sub-folders, whatever the case of their ending, and asked about', () => {
    const folder = ownFolder('one.png', 'TWO.JPG', 'holiday/three.webp', 'notes.txt', 'budget.xls');
    const set = loadOwnCalibration(folder, built);
    const own = set.pictures.filter(({ heldOut }) => !heldOut);
    expect(own.map(({ path }) => path).sort()).toEqual(
      ['one.png', 'TWO.JPG', 'holiday/three.webp'].map((name) => join(folder, name)).sort(),
    );
    for (const { turns } of own)
      expect(turns).toEqual([{ question: expect.stringMatching(/[?.]$/) as string, answer: '' }]);
    expect(set.name).toBe('my pictures');
  });

  it.skipIf(process.platform === 'win32')(
    'are found once in a folder with links in circles (skipped on Windows, which makes links for administrators)',
    () => {
      const folder = ownFolder('one.png');
      for (const name of ['p', 'q']) symlinkSync('.', join(folder, name));
      symlinkSync('loop.jpg', join(folder, 'loop.jpg'));
      symlinkSync('nowhere.jpg', join(folder, 'gone.jpg'));
      symlinkSync('one.png', join(folder, 'linked.png'));
      const own = loadOwnCalibration(folder, built).pictures.filter(({ heldOut }) => !heldOut);
      expect(own.map(({ path }) => path)).toEqual(
        ['linked.png', 'one.png'].map((name) => join(folder, name)),
      );
    },
  );

  it('come with the built-in texts and are checked on the built-in held-out part', () => {
    const folder = ownFolder('one.png', 'notes.txt');
    const set = loadOwnCalibration(folder, built);
    expect(set.pictures.filter(({ heldOut }) => heldOut)).toEqual(
      built.pictures.filter(({ heldOut }) => heldOut),
    );
    expect(set.texts.map(({ path }) => path)).toEqual([
      join(folder, 'notes.txt'),
      ...built.texts.map(({ path }) => path),
    ]);
  });

  it('that change make it another set', () => {
    const folder = ownFolder('one.png');
    const before = loadOwnCalibration(folder, built).id;
    expect(loadOwnCalibration(folder, built).id).toBe(before);
    copyFileSync(built.pictures[1]?.path ?? '', join(folder, 'one.png'));
    expect(loadOwnCalibration(folder, built).id).not.toBe(before);
  });

  it.each([
    ['an empty folder', []],
    ['a folder of letters', ['letter.txt']],
  ])('%s has none', (_, files) => {
    const error = thrown(() => loadOwnCalibration(ownFolder(...files), built));
    expect(error.code).toBe('NO_CALIBRATION');
    expect(error.advice).toContain('.jpg');
  });

  it('a folder that is not there, or a file, has none', () => {
    expect(thrown(() => loadOwnCalibration('/nowhere/pictures', built)).code).toBe('NO_CALIBRATION');
    expect(thrown(() => loadOwnCalibration(somePicture, built)).code).toBe('NO_CALIBRATION');
  });
});

describe("a model's own set", () => {
  const turns = [{ question: 'What is it?', answer: 'red' }];
  const picture = { file: 'pictures/one.png', heldOut: false, turns };
  const whole = {
    version: 1,
    pictures: [picture],
    texts: [{ file: 'words.txt', heldOut: true }],
    conversations: [{ heldOut: true, turns }],
  };

  function modelSet(manifest: unknown): string {
    const folder = join(temporaryFolder(), 'calibration');
    mkdirSync(join(folder, 'pictures'), { recursive: true });
    copyFileSync(built.pictures[0]?.path ?? '', join(folder, 'pictures', 'one.png'));
    writeFileSync(join(folder, 'words.txt'), 'some words');
    if (manifest !== undefined)
      writeFileSync(
        join(folder, 'manifest.json'),
        typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
      );
    return folder;
  }

  it('is laid out like the built-in one, and may have conversations without a picture', () => {
    const folder = modelSet(whole);
    const set = loadModelCalibration(folder, 'model.gguf.snug.json');
    expect(set).toMatchObject({
      name: "the model's own",
      pictures: [{ path: join(folder, 'pictures', 'one.png'), heldOut: false, turns }],
      texts: [{ path: join(folder, 'words.txt'), heldOut: true }],
      conversations: [{ heldOut: true, turns }],
    });
  });

  it('is another one when a conversation changes', () => {
    const other = [{ heldOut: true, turns: [{ question: 'What is it?', answer: 'blue' }] }];
    const ids = [whole, { ...whole, conversations: other }].map(
      (manifest) => loadModelCalibration(modelSet(manifest), '').id,
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("goes on to check a person's own pictures", () => {
    const folder = temporaryFolder();
    copyFileSync(built.pictures[0]?.path ?? '', join(folder, 'mine.png'));
    const own = loadOwnCalibration(folder, loadModelCalibration(modelSet(whole), ''));
    expect(own.conversations).toEqual(whole.conversations);
    expect(own.texts).toHaveLength(1);
  });

  it.each([
    ['without a list of what is in it', undefined, 'manifest.json'],
    ['with a list that is no JSON', '{', 'JSON'],
    ['with a list of another kind', { ...whole, version: 2 }, 'version'],
    ['with a conversation of no turns', { ...whole, conversations: [{ heldOut: true, turns: [] }] }, 'turns'],
    ['that lacks one of its files', { ...whole, texts: [{ file: 'gone.txt', heldOut: true }] }, 'gone.txt'],
    [
      'that names files above it',
      { ...whole, pictures: [{ ...picture, file: '../../secret.png' }] },
      'lies outside',
    ],
    [
      'that names files elsewhere',
      { ...whole, texts: [{ file: '/etc/hosts', heldOut: false }] },
      'lies outside',
    ],
  ])('%s is refused, and it is said how to go on', (_, manifest, reason) => {
    const folder = modelSet(manifest);
    const error = thrown(() => loadModelCalibration(folder, '/models/a.gguf.snug.json'));
    expect(error.code).toBe('NO_CALIBRATION');
    expect(error.message).toContain('/models/a.gguf.snug.json names a calibration set that cannot be used');
    expect(error.message).toContain(reason);
    expect(error.advice).toContain(folder);
    expect(error.advice).toContain('delete "calibration"');
  });

  it('that is not there is refused likewise', () => {
    const error = thrown(() => loadModelCalibration('/nowhere/calibration', 'a.snug.json'));
    expect(error.code).toBe('NO_CALIBRATION');
    expect(error.advice).toContain('/nowhere/calibration');
  });
});

describe('what is no file', () => {
  it.runIf(hasPipes)('is passed over in a folder of pictures', () => {
    const folder = temporaryFolder();
    const [picture] = built.pictures;
    copyFileSync(picture?.path ?? '', join(folder, 'one.jpg'));
    makePipe(join(folder, 'two.jpg'));
    makePipe(join(folder, 'words.txt'));
    const { pictures, texts } = loadOwnCalibration(folder, built);
    const own = [...pictures, ...texts].filter(({ path }) => path.startsWith(folder));
    expect(own.map(({ path }) => path)).toEqual([join(folder, 'one.jpg')]);
  });

  it.runIf(hasPipes)('is not read as a text when it took the place of one', () => {
    const path = makePipe(join(temporaryFolder(), 'words.txt'));
    const error = thrown(() => readCalibrationText({ path, heldOut: false }));
    expect(error.message).toContain('is a pipe, not a file');
  });
});
