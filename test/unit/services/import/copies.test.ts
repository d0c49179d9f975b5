import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { realDisk, type Disk } from '../../../../src-main/services/move/disk.ts';
import { libraryWithApps } from '../../../helpers/library-parts.ts';
import { writeTextModel, writeVisionModel } from '../../../helpers/small-models.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected } from '../../../helpers/thrown.ts';
import { until } from '../../../helpers/until.ts';

/** A disk that shares no bytes between files. */
const plain = (change: Partial<Disk> = {}): Disk => ({
  ...realDisk,
  clone: () => Promise.resolve(false),
  ...change,
});

function setUp(disk: Disk = plain()) {
  const parts = libraryWithApps({ disk });
  const place = join(parts.home, 'models');
  return { ...parts, place, there: () => (existsSync(place) ? readdirSync(place) : []) };
}

describe('a copied model', () => {
  it.each([
    ['byte by byte', plain()],
    [
      'by a disk that shares bytes',
      plain({ clone: async (from, to) => realDisk.copy(from, to, quiet).then(() => true) }),
    ],
  ])('lies in a folder of its own with its vision file, %s', async (_, disk) => {
    const { library, folder, place, told } = setUp(disk);
    const models = folder('.lmstudio', 'models', 'a', 'b');
    const path = writeTextModel(models, {}, 'Qwen-F16.gguf');
    const mmproj = writeVisionModel(models);
    chmodSync(path, 0o444);
    const { added, notes } = await library.add({ paths: [path], how: 'copy' });
    expect(notes).toEqual([]);
    const copy = join(place, 'Qwen-F16', 'Qwen-F16.gguf');
    expect(added).toMatchObject([
      { path: copy, keptBy: null, mmproj: { path: join(place, 'Qwen-F16', basename(mmproj)) } },
    ]);
    expect(readFileSync(copy)).toEqual(readFileSync(path));
    expect(existsSync(path)).toBe(true);
    if (platform() !== 'win32') expect(statSync(copy).mode & 0o777).toBe(0o600);
    const progress = told.flatMap((event) => (event.name === 'library.copying' ? [event.data] : []));
    expect(progress[0]).toMatchObject({ name: 'Qwen-F16', doneModels: 0, totalModels: 1, doneBytes: 0 });
    expect(progress.at(-1)).toBeNull();
  });

  it('of a file without a name has the one of its app', async () => {
    const { library, folder, place } = setUp();
    const blob = `sha256-${'a'.repeat(64)}`;
    const models = folder('.ollama', 'models', 'blobs');
    writeTextModel(models, {}, blob);
    const layer = { mediaType: 'application/vnd.ollama.image.model', digest: blob, size: 0 };
    const tags = folder('.ollama', 'models', 'manifests', 'registry.ollama.ai', 'library', 'llava');
    writeFileSync(join(tags, '7b'), JSON.stringify({ layers: [layer] }));
    const { added } = await library.add({ paths: [join(models, blob)], how: 'copy' });
    expect(added).toMatchObject([{ path: join(place, 'llava-7b', 'llava-7b.gguf'), title: null }]);
  });

  it('has every part of one that is split, and a name that any system takes', async () => {
    const { library, folder, place, there } = setUp();
    const models = folder('models');
    const name = `${'ü'.repeat(100)} 模型: a?`;
    const path = writeTextModel(models, {}, `${name}.gguf`);
    const { added } = await library.add({ paths: [path], how: 'copy' });
    expect(added[0]?.problem).toBeNull();
    expect(Buffer.byteLength(there()[0] ?? '')).toBeLessThan(200);
    expect(there()[0]).not.toMatch(/[:?]/);
    // a second model of that name
    const other = writeTextModel(folder('others'), { layers: 3 }, `${name}.gguf`);
    await library.add({ paths: [other], how: 'copy' });
    expect(there()).toHaveLength(2);
    expect(there().every((folder) => readdirSync(join(place, folder)).length === 1)).toBe(true);
  });

  it('is not copied again', async () => {
    const { library, folder, there } = setUp();
    const path = writeTextModel(folder('models'));
    await library.add({ paths: [path], how: 'copy' });
    const { added, known, notes } = await library.add({ paths: [path], how: 'copy' });
    expect(added).toEqual([]);
    expect(known).toHaveLength(1);
    expect(notes).toEqual([expect.stringContaining('is the same file')]);
    expect(there()).toHaveLength(1);
  });
});

const quiet = { signal: new AbortController().signal, onBytes: () => undefined };

describe('copying', () => {
  it('asks for the room first', async () => {
    const { library, folder, there } = setUp(plain({ freeBytes: () => 100 }));
    const path = writeTextModel(folder('models'));
    const refused = await rejected(library.add({ paths: [path], how: 'copy' }));
    expect(refused.code).toBe('DISK_FULL');
    expect(refused.message).toContain('only 100 B are free');
    expect(refused.advice).toContain('link them');
    expect(there()).toEqual([]);
  });

  it('stops when it is told to, and leaves what was copied wholly', async () => {
    let copies = 0;
    const held = Promise.withResolvers<undefined>();
    const disk = plain({
      copy: async (from, to, options) => {
        copies++;
        if (copies === 2) {
          options.onBytes(10);
          await held.promise;
        }
        return realDisk.copy(from, to, options);
      },
    });
    const { library, folder, there } = setUp(disk);
    const models = folder('models');
    const paths = [writeTextModel(models, {}, 'a.gguf'), writeTextModel(models, { layers: 3 }, 'b.gguf')];
    const adding = rejected(library.add({ paths, how: 'copy' }));
    await until(() => copies === 2);
    expect(await library.copying()).toMatchObject({ name: 'b', doneModels: 1, totalModels: 2 });
    const busy = await rejected(
      library.add({ paths: [writeTextModel(models, { layers: 4 }, 'c.gguf')], how: 'copy' }),
    );
    expect(busy.code).toBe('BUSY');
    const cancelled = library.cancelCopying();
    held.resolve(undefined);
    await cancelled;
    expect((await adding).code).toBe('CANCELLED');
    expect(there()).toEqual(['a']);
    expect(await library.list()).toHaveLength(1);
    expect(await library.copying()).toBeNull();
  });

  it('refuses a file that changes meanwhile, and goes on with the others', async () => {
    const disk = plain({
      copy: async (from, to, options) => {
        await realDisk.copy(from, to, options);
        if (from.endsWith('a.gguf')) appendFileSync(from, 'more');
      },
    });
    const { library, folder, there } = setUp(disk);
    const models = folder('models');
    const paths = [writeTextModel(models, {}, 'a.gguf'), writeTextModel(models, { layers: 3 }, 'b.gguf')];
    const { added, refused } = await library.add({ paths, how: 'copy' });
    expect(added.map(({ path }) => basename(path))).toEqual(['b.gguf']);
    expect(refused).toMatchObject([
      { path: paths[0], message: expect.stringContaining('changed while') as string },
    ]);
    expect(there()).toEqual(['b']);
  });

  it('says that a disk became full, and keeps no half of a model', async () => {
    const disk = plain({
      copy: async (_, to) => {
        writeFileSync(to, 'half');
        return Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
      },
    });
    const { library, folder, there } = setUp(disk);
    const path = writeTextModel(folder('models'));
    const refused = await rejected(library.add({ paths: [path], how: 'copy' }));
    expect(refused.code).toBe('DISK_FULL');
    expect(there()).toEqual([]);
    expect(await library.list()).toEqual([]);
  });

  it.runIf(platform() !== 'win32' && process.getuid?.() !== 0)('says where it may not write', async () => {
    const { library, folder, place } = setUp();
    mkdirSync(place, { mode: 0o500 });
    onTestFinished(() => chmodSync(place, 0o700));
    const path = writeTextModel(folder('models'));
    const { refused } = await library.add({ paths: [path], how: 'copy' });
    expect(refused).toMatchObject([
      { path, message: expect.stringContaining('permission was denied') as string },
    ]);
  });

  it('that was cut off by the end of Snug is removed by the next start, and nothing else', () => {
    const { copies, place, there } = setUp();
    copies.tidyUp();
    mkdirSync(join(place, 'a.snug-copying'), { recursive: true });
    writeFileSync(join(place, 'a.snug-copying', 'a.gguf'), 'half');
    mkdirSync(join(place, 'b'));
    copies.tidyUp();
    expect(there()).toEqual(['b']);
  });
});

it('a model in a folder that may only be read is linked and copied', async () => {
  const { library, folder } = setUp();
  const models = folder('models');
  const path = writeTextModel(models);
  chmodSync(path, 0o444);
  chmodSync(models, 0o555);
  onTestFinished(() => chmodSync(dirname(path), 0o755));
  const linked = await library.add({ paths: [path] });
  expect(linked.added[0]).toMatchObject({ path, problem: null });
  await library.remove({ id: linked.added[0]?.id ?? '', deleteFile: false });
  const copied = await library.add({ paths: [path], how: 'copy' });
  expect(copied.added[0]?.problem).toBeNull();
  expect(copied.added[0]?.path).not.toBe(path);
});

it('paths that are not here are told, whichever way they are added', async () => {
  const { library } = setUp();
  const gone = join(temporaryFolder(), 'gone.gguf');
  expect((await library.add({ paths: [gone], how: 'copy' })).refused[0]?.message).toContain(
    'there is no file',
  );
});
