import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { BankFolders } from '../../../src-main/services/bank.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { Library } from '../../../src-main/services/library.ts';
import { ModelReader } from '../../../src-main/services/model-reader.ts';
import { trashedPathOf } from '../../../src-main/services/trash.ts';
import { partFile, splitModel } from '../../fixtures/split-model.ts';
import { modelImports } from '../../helpers/model-imports.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

function newLibrary() {
  const [store, home, events] = [temporaryStore(), temporaryFolder(), new EventBus()];
  const activity = new Activity(events);
  const bank = new BankFolders(home, activity);
  const reader = new ModelReader(forkWorker, 10_000);
  const { models } = store;
  const { imports } = modelImports({ home, models, reader, activity, events });
  const library = new Library({ models, events, bank, activity, reader, imports, home });
  onTestFinished(() => library.close());
  return library;
}

const smallParts = (folder = temporaryFolder(), stem = 'vl') =>
  splitModel(writeTextModel(temporaryFolder(), { layers: 4 }), folder, { stem });

const bytesOf = (paths: readonly string[]) => paths.reduce((sum, path) => sum + readFileSync(path).length, 0);

describe('a split model in the library', () => {
  it('is one entry, whichever parts are given, and however often', async () => {
    const library = newLibrary();
    const parts = smallParts();
    const { added, refused } = await library.add({ paths: [parts[2] ?? '', parts[0] ?? ''] });
    expect(refused).toEqual([]);
    expect(added).toMatchObject([{ path: parts[0], layers: 4, bytes: bytesOf(parts), problem: null }]);
    const again = await library.add({ paths: parts });
    expect(again).toMatchObject({ added: [], known: [{ path: parts[0] }] });
    expect(await library.list()).toHaveLength(1);
  });

  it('is one model of a folder, beside others', async () => {
    const folder = temporaryFolder();
    const parts = smallParts(folder);
    const other = writeTextModel(folder, {}, 'other.gguf');
    const mmproj = writeVisionModel(folder);
    const { added, notes } = await newLibrary().add({ paths: [folder] });
    expect(added.map(({ path }) => path).sort()).toEqual([other, parts[0]].sort());
    expect(added.map((entry) => entry.mmproj?.path)).toEqual([mmproj, mmproj]);
    expect(notes).toEqual([`3 GGUF files found in ${folder}.`]);
  });

  it('that lacks a part is refused once, and taken when it is whole', async () => {
    const folder = temporaryFolder();
    const parts = smallParts(folder);
    const last = join(temporaryFolder(), 'later');
    renameSync(parts[1] ?? '', last);
    const library = newLibrary();
    const { added, refused } = await library.add({ paths: [parts[2] ?? '', folder] });
    expect(added).toEqual([]);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.message).toContain('(vl-00002-of-00003.gguf)');
    renameSync(last, parts[1] ?? '');
    expect((await library.add({ paths: [folder] })).added).toHaveLength(1);
  });

  it('says what is wrong when a part goes, comes back, or is another one', async () => {
    const library = newLibrary();
    const parts = smallParts();
    const [, second = ''] = parts;
    await library.add({ paths: parts });
    const kept = readFileSync(second);
    const problem = async () => (await library.list())[0]?.problem;
    rmSync(second);
    expect(await problem()).toContain('1 file of them is missing (vl-00002-of-00003.gguf)');
    writeFileSync(second, kept.subarray(0, kept.length - 64));
    expect(await problem()).toContain('vl-00002-of-00003.gguf is not complete');
    copyFileSync(parts[2] ?? '', second);
    expect(await problem()).toContain('holds part 3, and not 2');
    writeFileSync(second, kept);
    expect(await problem()).toBeNull();
  });

  it('is removed, brought back and deleted for good with all its parts', async () => {
    const library = newLibrary();
    const parts = smallParts();
    const total = bytesOf(parts);
    const [{ id = '' } = {}] = (await library.add({ paths: parts })).added;
    expect(await library.remove({ id, deleteFile: true })).toEqual({ freedBytes: total });
    expect(parts.filter((path) => existsSync(path))).toEqual([]);
    expect(await library.restore({ id })).toMatchObject({ problem: null, bytes: total });
    expect(parts.filter((path) => existsSync(path))).toEqual(parts);
    await library.remove({ id, deleteFile: true });
    library.emptyTrash();
    expect(readdirSync(join(parts[0] ?? '', '..'))).toEqual([]);
  });

  it('stays whole when one of its parts cannot be removed', async () => {
    const library = newLibrary();
    const parts = smallParts();
    const [{ id = '' } = {}] = (await library.add({ paths: parts })).added;
    mkdirSync(trashedPathOf(parts[2] ?? ''));
    writeFileSync(join(trashedPathOf(parts[2] ?? ''), 'x'), '');
    await expect(library.remove({ id, deleteFile: true })).rejects.toThrow();
    expect(parts.filter((path) => existsSync(path))).toEqual(parts);
    expect(await library.list()).toMatchObject([{ id, problem: null }]);
  });

  it('that is broken is removed with the parts that are there, and nothing else', async () => {
    const library = newLibrary();
    const folder = temporaryFolder();
    const parts = smallParts(folder);
    const [{ id = '' } = {}] = (await library.add({ paths: parts })).added;
    rmSync(parts[1] ?? '');
    // what is called as a part is not one by that
    const stranger = writeTextModel(folder, {}, partFile('vl', 2, 3));
    await library.remove({ id, deleteFile: true });
    expect(existsSync(stranger)).toBe(true);
    expect(existsSync(parts[2] ?? '')).toBe(false);
  });
});

it('a whole model that is called as a part is removed alone', async () => {
  const library = newLibrary();
  const folder = temporaryFolder();
  const path = writeTextModel(folder, {}, partFile('vl', 1, 2));
  const neighbour = writeTextModel(folder, { layers: 3 }, partFile('vl', 2, 2));
  const { added } = await library.add({ paths: [path, neighbour] });
  expect(added).toHaveLength(2);
  await library.remove({ id: added[0]?.id ?? '', deleteFile: true });
  expect(existsSync(path)).toBe(false);
  expect(existsSync(neighbour)).toBe(true);
});
