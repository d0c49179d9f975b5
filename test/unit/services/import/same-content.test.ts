import { appendFileSync, copyFileSync, linkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libraryWithApps } from '../../../helpers/library-parts.ts';
import { writeTextModel, writeVisionModel } from '../../../helpers/small-models.ts';
import { until } from '../../../helpers/until.ts';

describe('one file is one model', () => {
  it('when a copy of it is added, wherever that lies', async () => {
    const { library, folder, files } = libraryWithApps();
    const path = writeTextModel(folder('a'));
    const copy = join(folder('b'), 'other name.gguf');
    copyFileSync(path, copy);
    const [first] = (await library.add({ paths: [path] })).added;
    const { added, known, notes } = await library.add({ paths: [copy] });
    expect(added).toEqual([]);
    expect(known).toMatchObject([{ id: first?.id, alsoAt: [copy] }]);
    expect(notes).toEqual([expect.stringContaining('other name.gguf is the same file as that of Small')]);
    expect(files.known(copy)).toBe(files.known(path));

    // what was the same no longer is
    appendFileSync(copy, 'x');
    expect((await library.list())[0]?.alsoAt).toEqual([]);
  });

  it('under two names of one folder, as hard links are, without reading it', async () => {
    const { library, folder, files } = libraryWithApps();
    const path = writeTextModel(folder('a'));
    const link = join(folder('a'), 'link.gguf');
    linkSync(path, link);
    await library.add({ paths: [path] });
    expect((await library.add({ paths: [link] })).added).toEqual([]);
    expect(files.known(link)).toBeUndefined();
  });

  it('and one that only has the same size is another', async () => {
    const { library, folder } = libraryWithApps();
    const [a, b] = [folder('a'), folder('b')];
    const { added } = await library.add({
      paths: [writeTextModel(a, { name: 'One' }), writeTextModel(b, { name: 'Two' })],
    });
    expect(added.map(({ name }) => name)).toEqual(['One', 'Two']);
  });

  it('when the library knows both already, which is found out in the background and told', async () => {
    const { library, models, folder, told } = libraryWithApps();
    const path = writeTextModel(folder('a'));
    const copy = join(folder('b'), 'copy.gguf');
    copyFileSync(path, copy);
    const kept = models.add({ path });
    const other = models.add({ path: copy, mmprojPath: writeVisionModel(folder('c')) });
    const fitted = models.add({ path: writeTextModel(folder('d'), { layers: 3 }), madeFrom: other.id });
    await library.list();
    await until(() => told.some(({ name }) => name === 'library.merged'));
    expect(told.find(({ name }) => name === 'library.merged')?.data).toMatchObject({
      kept: { id: kept.id, alsoAt: [copy] },
      path: copy,
    });
    expect((await library.list()).map(({ id, madeFrom }) => [id, madeFrom])).toEqual([
      [kept.id, null],
      [fitted.id, kept.id],
    ]);
    expect(models.get(kept.id).mmprojPath).not.toBeNull();
  });

  it('and the one in use is left alone until it is not', async () => {
    const { library, models, folder, files, activity } = libraryWithApps();
    const path = writeTextModel(folder('a'));
    const copy = join(folder('b'), 'copy.gguf');
    copyFileSync(path, copy);
    models.add({ path });
    models.add({ path: copy });
    activity.setLoaded({ path: copy, memoryBytes: null });
    await library.list();
    await until(() => files.known(copy) !== undefined && files.known(path) !== undefined);
    expect(await library.list()).toHaveLength(2);
    activity.setLoaded(null);
    expect(await library.list()).toHaveLength(1);
  });
});

describe('a model whose file is gone', () => {
  it('is found where the same file lies too', async () => {
    const { library, folder } = libraryWithApps();
    const path = writeTextModel(folder('a'));
    const copy = join(folder('b'), 'copy.gguf');
    copyFileSync(path, copy);
    const [first] = (await library.add({ paths: [path] })).added;
    await library.add({ paths: [copy] });
    rmSync(path);
    expect(await library.list()).toMatchObject([{ id: first?.id, path: copy, problem: null, alsoAt: [] }]);
  });

  it('is itself again when its file is added from another place', async () => {
    const { library, folder, files } = libraryWithApps();
    const path = writeTextModel(folder('a'));
    const [first] = (await library.add({ paths: [path] })).added;
    await library.list();
    await until(() => files.known(path) !== undefined);
    const moved = join(folder('b'), 'moved.gguf');
    renameSync(path, moved);
    expect((await library.list())[0]?.problem).toContain('gone');
    const { added, known } = await library.add({ paths: [moved] });
    expect(added).toEqual([]);
    expect(known).toMatchObject([{ id: first?.id, path: moved, problem: null }]);
  });

  it('has its vision file where that lies too', async () => {
    const { library, folder, models, files } = libraryWithApps();
    const mmprojPath = writeVisionModel(folder('v'));
    const copy = join(folder('w'), 'copy-mmproj.gguf');
    copyFileSync(mmprojPath, copy);
    const { id } = models.add({ path: writeTextModel(folder('a')), mmprojPath });
    await library.list();
    await until(() => files.known(mmprojPath) !== undefined);
    await library.setMmproj({ id, mmprojPath: copy });
    await until(() => files.known(copy) !== undefined);
    rmSync(copy);
    expect((await library.list())[0]?.mmproj?.path).toBe(mmprojPath);
  });
});
