import { describe, expect, it } from 'vitest';
import { options, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

describe('the library', () => {
  it('keeps its models over a restart, in the order in which they came', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    const source = store.models.add({ path: '/m/source.gguf', mmprojPath: '/m/mmproj.gguf', builtIn: true });
    const fitted = store.models.add({ path: '/m/fitted.gguf', madeFrom: source.id });
    store.close();
    const { models } = temporaryStore(folder);
    expect(models.list()).toEqual([source, fitted]);
    expect(models.get(fitted.id)).toEqual(fitted);
    expect(models.findByPath('/m/source.gguf')).toEqual(source);
    expect(models.findByPath('/m/none.gguf')).toBeUndefined();
    expect(source).toMatchObject({
      builtIn: true,
      mmprojPath: '/m/mmproj.gguf',
      madeFrom: null,
      removedAt: null,
    });
    expect(fitted).toMatchObject({
      builtIn: false,
      mmprojPath: null,
      madeFrom: source.id,
      trashedPath: null,
    });
  });

  it('knows a file that comes again as the model it was, removed or not', () => {
    const { models } = temporaryStore();
    const first = models.add({ path: '/m/a.gguf', mmprojPath: '/m/mmproj.gguf' });
    expect(models.add({ path: '/m/a.gguf' })).toEqual(first);
    models.remove(first.id, '/trash/a.gguf');
    expect(models.add({ path: '/m/a.gguf' })).toEqual(first);
    expect(models.list()).toEqual([first]);
  });

  it('hides what was removed until it is restored', () => {
    const { models } = temporaryStore();
    const model = models.add({ path: '/m/a.gguf' });
    const removed = models.remove(model.id, '/trash/a.gguf');
    expect(removed).toMatchObject({ trashedPath: '/trash/a.gguf', removedAt: expect.any(String) as string });
    expect(models.list()).toEqual([]);
    expect(models.removed()).toEqual([removed]);
    expect(models.get(model.id)).toEqual(removed);
    // removed again from a second window: its file is still to be found
    expect(models.remove(model.id).trashedPath).toBe('/trash/a.gguf');
    expect(models.restore(model.id)).toEqual(model);
    expect(models.list()).toEqual([model]);
    expect(models.removed()).toEqual([]);
  });

  it('follows a file and its vision encoder when they move', () => {
    const { models } = temporaryStore();
    const model = models.add({ path: '/m/a.gguf' });
    const other = models.add({ path: '/m/b.gguf' });
    expect(models.setMmproj(model.id, '/m/mmproj.gguf').mmprojPath).toBe('/m/mmproj.gguf');
    expect(models.setMmproj(model.id, null).mmprojPath).toBeNull();
    expect(models.setPath(model.id, '/new/a.gguf').path).toBe('/new/a.gguf');
    expect(models.setPath(model.id, '/new/a.gguf').path).toBe('/new/a.gguf');
    expect(thrown(() => models.setPath(model.id, other.path)).code).toBe('BAD_ARGUMENT');
    expect(models.list().map(({ path }) => path)).toEqual(['/new/a.gguf', '/m/b.gguf']);
  });

  it('keeps a fitted model when its source is forgotten, before or after the fit', () => {
    const { models } = temporaryStore();
    const source = models.add({ path: '/m/source.gguf' });
    const fitted = models.add({ path: '/m/fitted.gguf', madeFrom: source.id });
    models.forget(source.id);
    expect(models.get(fitted.id).madeFrom).toBeNull();
    expect(models.add({ path: '/m/late.gguf', madeFrom: source.id }).madeFrom).toBeNull();
    expect(models.findByPath('/m/source.gguf')).toBeUndefined();
  });

  it('says so when a model is not in it', () => {
    const { models } = temporaryStore();
    for (const use of [
      () => models.get('none'),
      () => models.remove('none'),
      () => models.restore('none'),
      () => models.setMmproj('none', null),
      () => models.setPath('none', '/m/a.gguf'),
      () => models.forget('none'),
    ]) {
      expect(thrown(use).code).toBe('NOT_FOUND');
    }
  });

  it('makes two models one, for everything that knows either', () => {
    const store = temporaryStore();
    const { models, conversations } = store;
    const kept = models.add({ path: '/m/a.gguf' });
    const other = models.add({ path: '/m/b.gguf', mmprojPath: '/m/mmproj.gguf', title: 'b:latest' });
    const fitted = models.add({ path: '/m/fitted.gguf', madeFrom: other.id });
    const { id } = conversations.create({ modelId: other.id, options, title: 'Boats' });
    expect(models.merge(other.id, kept.id)).toMatchObject({
      id: kept.id,
      path: '/m/a.gguf',
      mmprojPath: '/m/mmproj.gguf',
      title: 'b:latest',
    });
    expect(models.list().map((row) => row.id)).toEqual([kept.id, fitted.id]);
    expect(models.get(fitted.id).madeFrom).toBe(kept.id);
    expect(conversations.get(id).modelId).toBe(kept.id);
    expect(thrown(() => models.merge(other.id, kept.id)).code).toBe('NOT_FOUND');
    models.merge(kept.id, fitted.id);
    expect(models.get(fitted.id).madeFrom).toBeNull();
  });
});
