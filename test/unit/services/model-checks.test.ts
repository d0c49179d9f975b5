import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CheckProgress } from '../../../src-main/contract/verification.ts';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import { sidecarPath, writeSidecar } from '../../../src-main/models/sidecar.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { BankFolders } from '../../../src-main/services/bank.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { Library } from '../../../src-main/services/library.ts';
import { ModelReader } from '../../../src-main/services/model-reader.ts';
import { modelImports } from '../../helpers/model-imports.ts';
import { splitModel } from '../../fixtures/split-model.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';

/** A library, its models folder, and what it told of its checks. */
function newLibrary(home = temporaryFolder()) {
  const [store, events, modelsFolder] = [temporaryStore(), new EventBus(), temporaryFolder()];
  const activity = new Activity(events);
  const told: CheckProgress[] = [];
  untilTestEnds(
    events.listen((event) => {
      if (event.name === 'library.checking') told.push(event.data);
    }),
  );
  const reader = new ModelReader(forkWorker, 10_000);
  const { imports } = modelImports({
    ...{ home, models: store.models, reader, activity, events },
    inBackground: false,
  });
  const library = new Library({
    ...{ models: store.models, events, activity, home, imports, reader, start: forkWorker },
    bank: new BankFolders(home, activity),
    modelsFolder: () => modelsFolder,
  });
  onTestFinished(() => library.close());
  const add = async (...paths: string[]) => (await library.add({ paths })).added[0]?.id ?? '';
  return { library, store, told, modelsFolder, add };
}

/** Other weights of the same size. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 40] = 1;
  writeFileSync(path, bytes);
}

/** As a disk loses bits: the file's time stays. */
function rot(path: string): void {
  const { atimeMs, mtimeMs } = statSync(path);
  damage(path);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

/** A model of the test whose times are whole seconds, so that they can be given back. */
function modelIn(folder: string, name = 'model.gguf'): string {
  const path = writeTextModel(folder, {}, name);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  return path;
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('a model that is verified', () => {
  it('is noted the first time, with its vision file, and unchanged the next', async () => {
    const { library, add, told } = newLibrary();
    const folder = temporaryFolder();
    const [path, mmproj] = [modelIn(folder), writeVisionModel(folder)];
    const id = await add(path);
    const first = await library.verify({ id });
    expect(first.state).toBe('unknown');
    expect(first.files).toMatchObject([
      { path, sha256: sha256(path), comparedWith: null, problem: null },
      { path: mmproj, sha256: sha256(mmproj) },
    ]);
    const again = await library.verify({ id });
    expect(again.state).toBe('unchanged');
    expect(again.files[0]).toMatchObject({ state: 'unchanged', comparedWith: 'noted' });
    const total = statSync(path).size + statSync(mmproj).size;
    expect(told[0]).toMatchObject({ id, kind: 'verify', totalBytes: total });
    const { files } = await library.inspect({ id });
    expect(files.map((file) => file.sha256)).toEqual([path, mmproj].map(sha256));
  });

  it('is damaged where nobody wrote it, changed where somebody did, and both until it is added again', async () => {
    const { library, add } = newLibrary();
    const path = modelIn(temporaryFolder());
    const id = await add(path);
    await library.verify({ id });
    rot(path);
    for (const _ of [1, 2]) expect((await library.verify({ id })).state).toBe('damaged');
    damage(path);
    utimesSync(path, 1_800_000_000, 1_800_000_000);
    for (const _ of [1, 2]) expect((await library.verify({ id })).state).toBe('changed');
    await add(path);
    expect((await library.verify({ id })).state).toBe('unknown');
    expect((await library.verify({ id })).state).toBe('unchanged');
  });

  it('is compared with what its hub publishes, also the first time', async () => {
    const { library, add } = newLibrary();
    const path = modelIn(temporaryFolder());
    const file = {
      path: 'a/model.gguf',
      name: 'model.gguf',
      bytes: statSync(path).size,
      sha256: sha256(path),
    };
    writeSidecar(path, {
      source: {
        ...{ hub: 'https://huggingface.co', repository: 'a/b', revision: 'main', commit: 'c' },
        files: [file],
        downloadedAt: '2026-05-01T00:00:00.000Z',
      },
    });
    const id = await add(path);
    const verified = await library.verify({ id });
    expect(verified.files).toMatchObject([{ state: 'unchanged', comparedWith: 'published' }]);
    rot(path);
    expect((await library.verify({ id })).state).toBe('damaged');
    expect((await library.inspect({ id })).origin).toMatchObject({
      kind: 'hub',
      source: { repository: 'a/b' },
    });
  });

  it('is not held against its vision file where that lies elsewhere under a published name', async () => {
    const { library, add } = newLibrary();
    const path = modelIn(temporaryFolder());
    const mmproj = writeVisionModel(temporaryFolder());
    const published = {
      path: 'mmproj-model.gguf',
      name: 'mmproj-model.gguf',
      bytes: 1,
      sha256: 'a'.repeat(64),
    };
    writeSidecar(path, {
      mmproj,
      source: {
        ...{ hub: 'https://huggingface.co', repository: 'a/b', revision: 'main', commit: 'c' },
        files: [published],
        downloadedAt: '2026-05-01T00:00:00.000Z',
      },
    });
    const { files } = await library.verify({ id: await add(path) });
    expect(files[1]).toMatchObject({ path: mmproj, state: 'unknown', comparedWith: null });
  });

  it('is as bad as the worst of its parts, each told by itself', async () => {
    const { library, add } = newLibrary();
    const parts = splitModel(writeTextModel(temporaryFolder()), temporaryFolder());
    for (const part of parts) utimesSync(part, 1_700_000_000, 1_700_000_000);
    const id = await add(parts[1] ?? '');
    await library.verify({ id });
    rot(parts[1] ?? '');
    const { state, files } = await library.verify({ id });
    expect(state).toBe('damaged');
    expect(files.map((file) => [file.path, file.state])).toEqual(
      parts.map((part, i) => [part, i === 1 ? 'damaged' : 'unchanged']),
    );
  });

  it('can be stopped, and is not read twice at once', async () => {
    const { library, add } = newLibrary();
    const id = await add(modelIn(temporaryFolder()));
    const verifying = library.verify({ id }).catch((error: unknown) => error);
    await Promise.resolve();
    const second = await rejected(library.verify({ id }));
    expect(second.code).toBe('BUSY');
    await library.cancelCheck({ id });
    expect(await verifying).toMatchObject({ code: 'CANCELLED' });
    expect((await library.verify({ id })).state).toBe('unknown');
  });

  it('that is gone is told as such', async () => {
    const { library, add } = newLibrary();
    const path = modelIn(temporaryFolder());
    const id = await add(path);
    await library.verify({ id });
    rmSync(path);
    expect((await rejected(library.verify({ id }))).message).toContain('its file is gone');
  });
});

describe('a model whose file is gone', () => {
  it('is found in the models folder by what it holds, with its vision file and companion file', async () => {
    const { library, add, modelsFolder } = newLibrary();
    const folder = temporaryFolder();
    const path = modelIn(folder);
    const mmproj = writeVisionModel(temporaryFolder());
    writeSidecar(path, { mmproj, ordering: 'depth' });
    const id = await add(path);
    await library.verify({ id });
    const below = join(modelsFolder, 'below');
    mkdirSync(below);
    const [to, mmprojTo] = [join(below, 'Other name.gguf'), join(below, 'mmproj-other.gguf')];
    // the same size and other content
    writeTextModel(modelsFolder, {}, 'decoy.gguf');
    damage(join(modelsFolder, 'decoy.gguf'));
    renameSync(path, to);
    renameSync(mmproj, mmprojTo);
    expect(await library.lookFor({ id })).toMatchObject({
      ...{ id, path: to, problem: null, ordering: 'depth' },
      mmproj: { path: mmprojTo },
    });
    expect((await library.verify({ id })).state).toBe('unchanged');
    expect(() => statSync(sidecarPath(path))).toThrow();
  });

  it('is found beside the folder in which it lay, and in one that a person chose', async () => {
    const { library, add } = newLibrary();
    const around = temporaryFolder();
    for (const name of ['old', 'new']) mkdirSync(join(around, name));
    const path = modelIn(join(around, 'old'));
    const id = await add(path);
    await library.verify({ id });
    renameSync(path, join(around, 'new', 'moved.gguf'));
    expect(await library.lookFor({ id })).toMatchObject({ path: join(around, 'new', 'moved.gguf') });
    const far = temporaryFolder();
    renameSync(join(around, 'new', 'moved.gguf'), join(far, 'far.gguf'));
    const error = await rejected(library.lookFor({ id, folder: join(around, 'old') }));
    expect(error.message).toContain('was not found in');
    expect(await library.lookFor({ id, folder: far })).toMatchObject({ path: join(far, 'far.gguf') });
  });

  it('is found as one with all its parts, and not where one is another', async () => {
    const { library, add } = newLibrary();
    const parts = splitModel(writeTextModel(temporaryFolder()), temporaryFolder(), { stem: 'a' });
    const id = await add(parts[0] ?? '');
    await library.verify({ id });
    const folder = temporaryFolder();
    const moved = parts.map((_, i) => join(folder, `b-0000${i + 1}-of-00003.gguf`));
    parts.forEach((part, i) => renameSync(part, moved[i] ?? ''));
    const kept = readFileSync(moved[2] ?? '');
    damage(moved[2] ?? '');
    await rejected(library.lookFor({ id, folder }));
    writeFileSync(moved[2] ?? '', kept);
    expect(await library.lookFor({ id, folder })).toMatchObject({ path: moved[0], problem: null });
  });

  it('becomes one with what was added from there', async () => {
    const { library, add, store } = newLibrary();
    const path = modelIn(temporaryFolder());
    const id = await add(path);
    await library.verify({ id });
    const folder = temporaryFolder();
    renameSync(path, join(folder, 'a.gguf'));
    // by a Snug that did not compare what was added
    const { id: other } = store.models.add({ path: join(folder, 'a.gguf') });
    const fitted = store.models.add({ path: join(folder, 'fitted.gguf'), madeFrom: other });
    expect(await library.lookFor({ id, folder })).toMatchObject({ id, path: join(folder, 'a.gguf') });
    expect(store.models.get(fitted.id).madeFrom).toBe(id);
    expect((await library.list()).map((entry) => entry.id)).toEqual([id, fitted.id]);
  });

  it('that was never read whole is not guessed about', async () => {
    const { library, add } = newLibrary();
    const path = modelIn(temporaryFolder());
    const id = await add(path);
    const folder = temporaryFolder();
    renameSync(path, join(folder, 'model.gguf'));
    const { message, advice } = await rejected(library.lookFor({ id, folder }));
    expect(message).toContain('nothing is known of what model.gguf held');
    expect(advice).toContain('Add it again');
  });
});

it('the details of a model say what was made from it, and where it came from', async () => {
  const { library, add, store } = newLibrary();
  const folder = temporaryFolder();
  const path = modelIn(folder);
  const id = await add(path);
  const copy = join(folder, 'fitted.gguf');
  copyFileSync(path, copy);
  const fitted = store.models.add({ path: copy, madeFrom: id });
  await library.list();
  const details = await library.inspect({ id });
  expect(details.origin).toEqual({ kind: 'file' });
  expect(details.files).toEqual([{ path, role: 'model', bytes: statSync(path).size, sha256: null }]);
  expect(details.fits).toMatchObject([{ id: fitted.id, bytes: statSync(copy).size }]);
  expect(dirname(details.files[0]?.path ?? '')).toBe(folder);
});
