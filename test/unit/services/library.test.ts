import { mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import type { StartWorker } from '../../../src-main/engine/worker-port.ts';
import type { ToWorker } from '../../../src-main/engine/worker-protocol.ts';
import { writeSidecar } from '../../../src-main/models/sidecar.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { BankFolders } from '../../../src-main/services/bank.ts';
import { Library } from '../../../src-main/services/library.ts';
import { ModelReader } from '../../../src-main/services/model-reader.ts';
import { modelImports } from '../../helpers/model-imports.ts';
import { hasPipes, makePipe } from '../../helpers/pipe.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { writeStoredEncoder } from '../../helpers/stored-encoders.ts';
import { temporaryStore } from '../../helpers/store-parts.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';
import { until } from '../../helpers/until.ts';

/** A library over a store, as each start of the app makes one; `asked` are the files that its process had to read. */
function libraryOf(
  store = temporaryStore(),
  { home = temporaryFolder(), start = forkWorker }: { home?: string; start?: StartWorker } = {},
) {
  const asked: string[] = [];
  const watched: StartWorker = (entry, contract) => {
    const port = start(entry, contract);
    const post = (message: ToWorker) => {
      if (message.kind === 'call') asked.push((message.argument as { path: string }).path);
      port.post(message);
    };
    return { ...port, post };
  };
  const events = new EventBus();
  const told: (readonly ModelEntry[])[] = [];
  untilTestEnds(
    events.listen((event) => {
      if (event.name === 'library.changed') told.push(event.data);
    }),
  );
  const activity = new Activity(events);
  const { models } = store;
  const reader = new ModelReader(watched, 3_000);
  const { imports } = modelImports({ home, models, reader, activity, events });
  const bank = new BankFolders(home, activity);
  const library = new Library({ models, events, bank, activity, reader, imports, home });
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

function circle(folder: string, name = 'circle.gguf'): string {
  const path = join(folder, name);
  symlinkSync(path, path);
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

  it.each<[string, (folder: string) => string]>([
    ['a link that leads in a circle', circle],
    ['a name that is too long', (folder) => join(folder, `${'x'.repeat(300)}.gguf`)],
    ['a file in the place of its folder', (folder) => join(writeTextModel(folder, {}, 'f'), 'a.gguf')],
  ])('tells what is wrong with %s, and shows its neighbours', async (_, place) => {
    const folder = temporaryFolder();
    const { library, store } = libraryOf();
    store.models.add({ path: place(folder) });
    store.models.add({ path: writeTextModel(folder), mmprojPath: circle(folder, 'other.gguf') });
    const [bad, good] = await library.list();
    expect(bad?.problem).toBe('its file is gone');
    expect(good).toMatchObject({ name: 'Small', problem: null, mmproj: null });
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

describe('what is added', () => {
  it('again is told as known, by whatever path', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    const path = writeTextModel(folder);
    const [first] = (await library.add({ paths: [path] })).added;
    symlinkSync(path, join(folder, 'link.gguf'));
    const again = await library.add({ paths: [path, join(folder, 'link.gguf')] });
    expect(again.added).toEqual([]);
    expect(again.known.map(({ id }) => id)).toEqual([first?.id, first?.id]);
    expect(await library.list()).toHaveLength(1);
  });

  it('as it was pasted is found', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    const path = writeTextModel(folder, {}, 'my model.gguf');
    const { added, refused } = await library.add({ paths: [`"${path}"`, pathToFileURL(path).href] });
    expect(refused).toEqual([]);
    expect(added.map((entry) => entry.path)).toEqual([path]);
  });

  it.each([
    'https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct',
    'huggingface.co/ggml-org/Qwen2.5-VL-3B-Instruct-GGUF',
    'ggml-org/Qwen2.5-VL-3B-Instruct-GGUF',
  ])('by an address (%s) is told that it can be downloaded', async (address) => {
    const { refused } = await libraryOf().library.add({ paths: [address] });
    expect(refused[0]).toMatchObject({ path: address, advice: 'Download it first.' });
    expect(refused[0]?.message).toContain('is a model on the hub, and not a file');
  });

  it('as a folder is looked through: each model with the vision file beside it', async () => {
    const folder = temporaryFolder();
    for (const name of ['one', 'two']) mkdirSync(join(folder, 'models', name), { recursive: true });
    const [one, two] = ['one', 'two'].map((name) => join(folder, 'models', name)) as [string, string];
    const [first, second] = [writeTextModel(one), writeTextModel(two)];
    const mmprojPaths = [
      writeStoredEncoder(one, 'mmproj.gguf', { seed: 1 }),
      writeStoredEncoder(two, 'mmproj.gguf', { seed: 2 }),
    ];
    writeFileSync(join(one, 'notes.gguf'), 'Dear friend');
    const { added, notes, refused } = await libraryOf().library.add({ paths: [folder] });
    expect(added.map(({ path }) => path)).toEqual([first, second]);
    expect(added.map(({ mmproj }) => mmproj?.path)).toEqual(mmprojPaths);
    expect(notes).toEqual([`5 GGUF files found in ${folder}.`]);
    expect(refused.map(({ path }) => path)).toEqual([join(one, 'notes.gguf')]);
  });

  it('as a folder without any is said', async () => {
    const folder = temporaryFolder();
    const { notes } = await libraryOf().library.add({ paths: [folder] });
    expect(notes).toEqual([`No GGUF files found in ${folder}.`]);
  });
});

describe('a vision file that is added', () => {
  it('goes to the model that lacks it, and is known the next time', async () => {
    const { library } = libraryOf();
    await library.add({ paths: [writeTextModel(temporaryFolder())] });
    const path = writeVisionModel(temporaryFolder());
    const given = await library.add({ paths: [path] });
    expect(given).toMatchObject({
      refused: [],
      notes: ['mmproj-model.gguf is now the vision file of Small.'],
    });
    const again = await library.add({ paths: [path] });
    expect(again).toMatchObject({
      refused: [],
      notes: ['mmproj-model.gguf is here already, as the vision file of Small.'],
    });
  });

  it('is refused where it fits no model', async () => {
    const { library } = libraryOf();
    await library.add({ paths: [writeTextModel(temporaryFolder())] });
    const { refused } = await library.add({ paths: [writeVisionModel(temporaryFolder(), { width: 64 })] });
    expect(refused[0]?.message).toContain('fits no model here');
  });
});

describe('the vision file of a model', () => {
  it('that cannot be used is told with the model, until it can', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    const path = writeTextModel(folder);
    const mmproj = join(folder, 'mmproj-F16.gguf');
    writeFileSync(mmproj, '');
    await library.add({ paths: [path] });
    const [blind] = await library.list();
    expect(blind).toMatchObject({ problem: null, mmproj: null, expectsVision: true });
    expect(blind?.visionProblem).toContain('mmproj-F16.gguf is empty');
    writeVisionModel(folder, {}, 'mmproj-F16.gguf');
    expect((await library.list())[0]).toMatchObject({ mmproj: { path: mmproj }, visionProblem: null });
  });

  it('that comes to lie beside it later is found', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    await library.add({ paths: [writeTextModel(folder)] });
    expect((await library.list())[0]).toMatchObject({ mmproj: null, visionProblem: null });
    const path = writeVisionModel(folder);
    const [seeing] = await library.list();
    expect(seeing?.mmproj?.path).toBe(path);
    expect(library.usable(seeing?.id ?? '').mmprojPath).toBe(path);
  });

  it('that was chosen and is damaged or gone is missed', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    await library.add({ paths: [writeTextModel(folder), writeVisionModel(temporaryFolder())] });
    const [{ mmproj }] = (await library.list()) as [ModelEntry];
    truncateSync(mmproj?.path ?? '', 200);
    expect((await library.list())[0]?.visionProblem).toContain('is not a usable GGUF file');
    rmSync(mmproj?.path ?? '');
    expect((await library.list())[0]).toMatchObject({ mmproj: null, problem: null });
    expect((await library.list())[0]?.visionProblem).toContain('there is no file');
  });

  it('is chosen by a person where there are different ones, and by Snug where there are copies', async () => {
    const folder = temporaryFolder();
    const { library } = libraryOf();
    const best = writeStoredEncoder(folder, 'mmproj-F16.gguf', { type: 'F16' });
    writeStoredEncoder(folder, 'mmproj-BF16.gguf', { type: 'BF16' });
    await library.add({ paths: [writeTextModel(folder)] });
    expect((await library.list())[0]?.mmproj?.path).toBe(best);

    const other = temporaryFolder();
    const choices = [1, 2].map((seed) => writeStoredEncoder(other, `mmproj-${seed}.gguf`, { seed }));
    writeTextModel(other, { layers: 3 });
    const { added, notes } = await library.add({ paths: [other] });
    expect(notes).toHaveLength(1);
    expect(added[0]).toMatchObject({ mmproj: null, visionChoices: choices });
    expect(added[0]?.visionProblem).toContain('several different vision files');
    const chosen = await library.setMmproj({ id: added[0]?.id ?? '', mmprojPath: choices[1] ?? '' });
    expect(chosen).toMatchObject({ mmproj: { path: choices[1] }, visionChoices: [] });
  });

  it('is not expected of a text-only model', async () => {
    const { library } = libraryOf();
    const path = writeTextModel(temporaryFolder(), { architecture: 'llama' });
    expect((await library.add({ paths: [path] })).added[0]).toMatchObject({
      expectsVision: false,
      visionProblem: null,
    });
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
    writeFileSync(join(home, 'work', 'models.json'), '{"version":1,"models":{"x":');
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
