import { truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EventBus } from '../../../src-main/api/event-bus.ts';
import { workerEntries } from '../../../src-main/api/entries.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import type { StartWorker } from '../../../src-main/engine/worker-port.ts';
import type { ToWorker } from '../../../src-main/engine/worker-protocol.ts';
import { writeSidecar } from '../../../src-main/models/sidecar.ts';
import { Library } from '../../../src-main/services/library.ts';
import { ModelReader } from '../../../src-main/services/model-reader.ts';
import { hasPipes, makePipe } from '../../helpers/pipe.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';
import { until } from '../../helpers/until.ts';

/** A library over a store, as each start of the app makes one; `asked` are the files that its process had to read. */
function libraryOf(
  store = temporaryStore(),
  { home = temporaryFolder(), start = forkWorker }: { home?: string; start?: StartWorker } = {},
) {
  const asked: string[] = [];
  const watched: StartWorker = (entry) => {
    const port = start(entry);
    const post = (message: ToWorker) => {
      if (message.kind === 'call') asked.push((message.argument as { path: string }).path);
      port.post(message);
    };
    return { ...port, post };
  };
  const events = new EventBus();
  const told: (readonly ModelEntry[])[] = [];
  events.listen((event) => {
    if (event.name === 'library.changed') told.push(event.data);
  });
  const library = new Library({
    models: store.models,
    events,
    bank: { use: () => ({ sources: [], bytes: 0 }), clean: () => 0 },
    unload: () => Promise.resolve(),
    reader: new ModelReader(workerEntries.read, watched, 3_000),
    kept: join(home, 'models.json'),
  });
  onTestFinished(() => library.close());
  return { library, store, home, asked, told };
}

/** A header that says it goes on for half a gigabyte, and does. */
function hostile(path: string): string {
  const header = Buffer.alloc(24 + 8 + 9 + 4 + 4 + 8);
  header.write('GGUF');
  header.writeUInt32LE(3, 4);
  header.writeBigUInt64LE(1n, 16);
  header.writeBigUInt64LE(9n, 24);
  header.write('luq.rungs', 32);
  header.writeUInt32LE(9, 41);
  header.writeUInt32LE(8, 45);
  header.writeBigUInt64LE(46_000_000n, 49);
  writeFileSync(path, header);
  truncateSync(path, 460e6);
  return path;
}

describe('a library', () => {
  it('tells what is wrong with a file and shows its neighbours', async () => {
    const folder = temporaryFolder();
    const { library, store } = libraryOf();
    store.models.add({ path: hostile(join(folder, 'hostile.gguf')) });
    store.models.add({ path: writeTextModel(folder) });
    store.models.add({ path: join(folder, 'gone.gguf') });
    const [bad, good, gone] = await library.list();
    expect(bad?.problem).toContain('luq.rungs claims 46000000 elements');
    expect(good).toMatchObject({ name: 'Small', layers: 2, problem: null });
    expect(gone?.problem).toBe('its file is gone');
  });

  it.runIf(hasPipes)('does not wait for a pipe', async () => {
    const { library, store } = libraryOf();
    const path = makePipe(join(temporaryFolder(), 'pipe.gguf'));
    store.models.add({ path });
    expect((await library.list())[0]?.problem).toContain('is a pipe, not a file');
    const { refused } = await library.add({ paths: [path] });
    expect(refused[0]?.message).toContain('is a pipe, not a file');
  });

  it('refuses what is no model, and takes the rest with its encoder', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    const paths = [
      hostile(join(folder, 'hostile.gguf')),
      writeTextModel(folder),
      writeVisionModel(temporaryFolder()),
    ];
    const { added, refused } = await library.add({ paths });
    expect(refused.map(({ path }) => path)).toEqual([paths[0]]);
    expect(added).toMatchObject([{ name: 'Small', mmproj: { path: paths[2] }, problem: null }]);
  });
});

describe('what was read', () => {
  it('is not read again by the next start, neither is what is bad', async () => {
    const folder = temporaryFolder();
    const store = temporaryStore();
    const { library, home, asked } = libraryOf(store);
    await library.add({ paths: [writeTextModel(folder)] });
    store.models.add({ path: hostile(join(folder, 'hostile.gguf')) });
    const before = await library.list();
    expect(asked).toContain(join(folder, 'hostile.gguf'));
    await library.close();

    const next = libraryOf(store, { home });
    expect(await next.library.list()).toEqual(before);
    expect(next.asked).toEqual([]);
  });

  it('is read again when a file of the model changes', async () => {
    const folder = temporaryFolder();
    const { library, asked } = libraryOf();
    const path = writeTextModel(folder);
    await library.add({ paths: [path] });
    asked.length = 0;
    writeTextModel(folder, { layers: 3 });
    utimesSync(path, 1, 1);
    expect((await library.list())[0]?.layers).toBe(3);
    const mmproj = writeVisionModel(folder);
    writeSidecar(path, { mmproj });
    expect((await library.list())[0]?.mmproj?.path).toBe(mmproj);
    await library.list();
    expect(asked).toEqual([path, path]);
  });

  it('is read again when what was kept of it is damaged', async () => {
    const store = temporaryStore();
    const { library, home } = libraryOf(store);
    await library.add({ paths: [writeTextModel(temporaryFolder())] });
    await library.close();
    writeFileSync(join(home, 'models.json'), '{"version":1,"models":{"x":');
    expect((await libraryOf(store, { home }).library.list())[0]).toMatchObject({ name: 'Small' });
  });
});

describe('a model that is still being read', () => {
  it('is told as such, and again when it is known', async () => {
    const { library, told } = libraryOf();
    const path = writeTextModel(temporaryFolder());
    const entry = library.register({ path });
    expect(entry).toMatchObject({ path, name: 'model.gguf', problem: 'Snug is still reading its file' });
    expect(told.at(-1)?.[0]?.problem).toBe('Snug is still reading its file');
    await until(() => told.at(-1)?.[0]?.problem === null);
    expect(told.at(-1)?.[0]?.name).toBe('Small');
  });

  it('may be used already, with the encoder that its sidecar names', () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    const path = writeTextModel(folder);
    const mmprojPath = writeVisionModel(folder);
    writeSidecar(path, { mmproj: mmprojPath });
    const { id } = library.register({ path });
    expect(library.usable(id)).toMatchObject({ path, mmprojPath });
    expect(library.newestUsable()).toBe(id);
  });

  it('and turns out to be none is used no more', async () => {
    const { library } = libraryOf();
    const { id } = library.register({ path: hostile(join(temporaryFolder(), 'hostile.gguf')) });
    await library.list();
    expect(thrown(() => library.usable(id)).message).toContain('cannot be used');
    expect(library.newestUsable()).toBeUndefined();
  });
});

it('a file that its reader never ends with costs neither the others nor the library', async () => {
  const folder = temporaryFolder();
  // the process hears of this file and says nothing more
  const start: StartWorker = (entry) => {
    const port = forkWorker(entry);
    const post = (message: ToWorker) => {
      const { path } = (message.kind === 'call' ? message.argument : {}) as { path?: string };
      if (!path?.endsWith('slow.gguf')) port.post(message);
    };
    return { ...port, post };
  };
  const { library, store } = libraryOf(temporaryStore(), { start });
  store.models.add({ path: writeTextModel(folder, {}, 'slow.gguf') });
  store.models.add({ path: writeTextModel(folder) });
  const [slow, good] = await library.list();
  expect(slow?.problem).toContain('could not be read within 3 seconds');
  expect(good?.problem).toBeNull();
});
