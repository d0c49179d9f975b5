import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { KeptAnswers } from '../../../src-main/evaluate/kept-answers.ts';
import { Bank } from '../../../src-main/luq/quantize/bank.ts';
import { publish, writeFileAtomically } from '../../../src-main/files/durable-files.ts';
import { openWorkspace } from '../../../src-main/fit/workspace.ts';
import { writeSidecar } from '../../../src-main/models/sidecar.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { BankFolders } from '../../../src-main/services/bank.ts';
import { Library } from '../../../src-main/services/library.ts';
import type { ModelReader } from '../../../src-main/services/model-reader.ts';
import { realDisk } from '../../../src-main/services/move/disk.ts';
import { MoveJournal } from '../../../src-main/services/move/journal.ts';
import { Connection } from '../../../src-main/store/connection.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { MIGRATIONS } from '../../../src-main/store/migrations/index.ts';
import { modelImports } from '../../helpers/model-imports.ts';
import type { DiskCall } from '../../helpers/recorded-fs.ts';
import { undoable } from '../../helpers/recorded-fs.ts';
import { ggufTensor } from '../../helpers/small-models.ts';
import {
  answering,
  fitStart,
  options,
  pictureNamed,
  runningJob,
  statistics,
  temporaryStore,
} from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const disk = vi.hoisted(() => ({
  calls: [] as DiskCall[],
  beforeRename: (_from: string, _to: string): void => undefined,
  beforeSync: (_path: string): void => undefined,
}));

vi.mock('node:fs', async (original) => {
  const { recordedFs } = await import('../../helpers/recorded-fs.ts');
  return recordedFs(await original(), disk);
});

beforeEach(() => {
  disk.calls.length = 0;
  disk.beforeRename = () => undefined;
  disk.beforeSync = () => undefined;
});

function refuse(code: string): never {
  throw Object.assign(new Error(code), { code });
}

const renames = () => disk.calls.filter(({ kind }) => kind === 'renamed');

/** A library that knows one model file. */
function libraryOfOne() {
  const folder = temporaryFolder();
  const path = join(folder, 'model.gguf');
  writeFileSync(path, 'a model');
  const { models } = temporaryStore(join(folder, 'home'));
  const { id } = models.add({ path });
  const events = new EventBus();
  const activity = new Activity(events);
  const reader = {
    read: () => Promise.reject(new SnugError('NOT_GGUF', 'no model')),
  } as unknown as ModelReader;
  const { imports } = modelImports({ home: folder, models, reader, activity, events });
  const bank = new BankFolders(folder, activity);
  const library = new Library({ models, events, bank, activity, reader, imports, home: folder });
  return { library, models, path, id };
}

describe('after a power cut', () => {
  it('a small file is whole, in a folder that is there', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a', 'b', 'state.json');
    writeFileAtomically(path, 'new');
    const [rename] = renames();
    expect(disk.calls).toEqual([
      { kind: 'made', path: join(folder, 'a') },
      { kind: 'made', path: join(folder, 'a', 'b') },
      { kind: 'sync', path: join(folder, 'a') },
      { kind: 'sync', path: folder },
      { kind: 'sync', path: rename?.from },
      { kind: 'renamed', path, from: rename?.from },
      { kind: 'sync', path: dirname(path) },
    ]);
  });

  const folder = () => temporaryFolder();
  it.each<[string, () => void | Promise<void>]>([
    [
      'a published file',
      () => {
        const path = join(folder(), 'model.gguf');
        writeFileSync(`${path}.tmp`, '');
        publish(`${path}.tmp`, path);
      },
    ],
    ['a picture', () => void temporaryStore().pictures.add(pictureNamed('boat'))],
    ['a sidecar', () => writeSidecar(join(folder(), 'a.gguf'), { samples: [] })],
    [
      'the copy from before an update',
      () => {
        const home = folder();
        openStore(home).close();
        openStore(home, [...MIGRATIONS, { version: 99, apply: () => undefined }]).close();
      },
    ],
    [
      'a damaged database that was set aside',
      () => {
        const home = folder();
        writeFileSync(join(home, 'snug.db'), 'something else entirely '.repeat(100));
        openStore(home).close();
      },
    ],
    [
      'a model that was removed and brought back',
      async () => {
        const { library, id } = libraryOfOne();
        await library.remove({ id, deleteFile: true });
        await library.restore({ id });
      },
    ],
    [
      'a moved model',
      () => {
        const from = join(folder(), 'a.gguf');
        writeFileSync(from, '');
        const to = folder();
        realDisk.rename(from, join(to, 'a.gguf'));
        expect(disk.calls).toContainEqual({ kind: 'sync', path: dirname(from) });
      },
    ],
    [
      'the journal of a move',
      () => {
        const home = folder();
        const file = { from: '/a', to: '/b', bytes: 1 };
        const journal = new MoveJournal(home);
        journal.add(file);
        const { length } = disk.calls;
        journal.remove(file);
        expect(disk.calls.slice(length)).toEqual([{ kind: 'sync', path: home }]);
      },
    ],
    [
      'a block of the bank',
      async () => {
        const tensor = ggufTensor({ name: 'blk.0.attn_q.weight', shape: [256, 4] });
        const bank = new Bank(join(folder(), 'bank'), 'key');
        bank.begin(tensor, tensorTypeId('Q4_K'));
        await bank.add(tensor, tensorTypeId('Q4_K'));
      },
    ],
    ["a model's work folder", () => void openWorkspace(join(folder(), 'home'), 'a'.repeat(64))],
    [
      'a file of kept answers',
      () => {
        using kept = KeptAnswers.open(join(folder(), 'evaluate', 'a.jsonl'));
        expect(disk.calls).toContainEqual({ kind: 'sync', path: dirname(kept.path) });
      },
    ],
  ])('%s is where it was put', async (_, put) => {
    await put();
    expect(disk.calls.length).toBeGreaterThan(0);
    expect(undoable(disk.calls)).toEqual([]);
  });

  it('what a disk cannot sync is written all the same, and what it failed to sync is told', () => {
    const home = temporaryFolder();
    disk.beforeSync = (path) => void (path === home && refuse('EINVAL'));
    writeFileAtomically(join(home, 'a'), 'kept');
    expect(readFileSync(join(home, 'a'), 'utf8')).toBe('kept');
    disk.beforeSync = (path) => void (path === home && refuse('EIO'));
    expect(thrown(() => writeFileAtomically(join(home, 'a'), 'new')).code).toBe('CANNOT_WRITE');
  });
});

describe('a model whose file is to be deleted', () => {
  it('is out of the library before its file is renamed: a crash between the two loses no file that it shows', async () => {
    const { library, models, path, id } = libraryOfOne();
    let known: unknown[] | undefined;
    disk.beforeRename = () => (known = models.list());
    await library.remove({ id, deleteFile: true });
    expect(known).toEqual([]);
    expect(existsSync(path)).toBe(false);
    await library.restore({ id });
    expect(readFileSync(path, 'utf8')).toBe('a model');
  });

  it('stays in the library when its file cannot be renamed', async () => {
    const { library, models, path, id } = libraryOfOne();
    disk.beforeRename = () => refuse('EROFS');
    await expect(library.remove({ id, deleteFile: true })).rejects.toMatchObject({ code: 'CANNOT_WRITE' });
    expect(models.list()).toMatchObject([{ id, path, trashedPath: null }]);
  });

  it('that the system keeps at the next start is deleted at a later one', () => {
    const { library, models, path, id } = libraryOfOne();
    // nothing removes a folder as a file
    mkdirSync(`${path}.removed-by-snug`);
    models.remove(id, `${path}.removed-by-snug`);
    library.emptyTrash();
    expect(models.removed().map(({ trashedPath }) => basename(trashedPath ?? ''))).toEqual([
      'model.gguf.removed-by-snug',
    ]);
  });
});

/** How each statement was synced: 2 is FULL, 1 NORMAL. */
function syncedStatements() {
  const levels: { sql: string; level: unknown }[] = [];
  const run = Reflect.get(Connection.prototype, 'run') as (...given: unknown[]) => number;
  const spy = vi.spyOn(Connection.prototype, 'run').mockImplementation(function (
    this: Connection,
    ...given: Parameters<Connection['run']>
  ) {
    levels.push({ sql: given[0], level: this.pragma('synchronous') });
    return run.apply(this, given);
  });
  onTestFinished(() => spy.mockRestore());
  return levels;
}

describe('what a person was told is saved', () => {
  it('is synced: questions, answers, titles, settings, models, fits and deletions', () => {
    const levels = syncedStatements();
    const { conversations, settings, models, fitJobs, pictures } = temporaryStore();
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    const picture = pictures.add(pictureNamed('boat'));
    const question = conversations.addQuestion(id, { text: 'What is it?', pictures: [picture.hash] });
    const answer = conversations.addAnswer(id, answering);
    for (const piece of ['a', ' boat']) conversations.appendText(answer.id, piece);
    const { length } = levels;
    conversations.finishAnswer(answer.id, { state: 'done', statistics, error: null, notes: [] });
    conversations.rename(id, 'Ships');
    conversations.replaceFrom(question.id, { question, answer });
    conversations.remove(id);
    conversations.purgeRemoved();
    settings.set({ threads: 2 });
    settings.reset();
    const model = models.add({ path: '/a.gguf' });
    models.remove(model.id);
    fitJobs.save({ ...runningJob('fit'), progress: null }, fitStart);
    fitJobs.save({ ...runningJob('fit'), state: 'done' }, fitStart);
    expect(levels.length).toBeGreaterThan(length + 12);
    expect(levels.slice(length).filter(({ level }) => level !== 2)).toEqual([]);
  });

  it('is not waited for with every word of an answer, but about once a second', () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    const { conversations } = temporaryStore();
    const { id } = conversations.create({ modelId: null, options, title: 'Boats' });
    const answer = conversations.addAnswer(id, answering);
    const levels = syncedStatements();
    for (now = 0; now < 3000; now += 100) conversations.appendText(answer.id, 'word ');
    expect(levels.filter(({ level }) => level === 2)).toHaveLength(3);
    expect(levels.filter(({ level }) => level === 1)).toHaveLength(27);
    conversations.finishAnswer(answer.id, { state: 'done', statistics, error: null, notes: [] });
    expect(() => conversations.appendText(answer.id, 'more')).toThrow();
    conversations.rename(id, 'Ships');
    expect(levels.at(-1)?.level).toBe(2);
  });
});
