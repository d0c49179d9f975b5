import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import type { ForeignModel, ForeignModels } from '../../../../../src-main/contract/elsewhere.ts';
import { CancelledError, SnugError } from '../../../../../src-main/contract/errors.ts';
import type { LibraryService } from '../../../../../src-main/contract/model.ts';
import ElsewhereCard from '../../../../../src-renderer/components/models/ElsewhereCard.svelte';
import ModelRow from '../../../../../src-renderer/components/models/ModelRow.svelte';
import { ElsewhereState, useWords } from '../../../../../src-renderer/state/models/elsewhere.svelte.ts';
import { createRawSnippet } from 'svelte';
import { FakeBridge, MiB, model } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

const foreign = (change: Partial<ForeignModel> = {}): ForeignModel => ({
  path: '/studio/a.gguf',
  name: 'a.gguf',
  visionPath: '/studio/mmproj.gguf',
  bytes: 10 * MiB,
  kind: 'source',
  knownAs: null,
  problem: null,
  ...change,
});
const other = foreign({ path: '/studio/b.gguf', name: 'b.gguf', visionPath: null, kind: 'quantized' });
const found: readonly ForeignModels[] = [
  { app: 'lmStudio', folders: ['/studio'], models: [foreign(), other], isPartial: true },
];

async function open(library: Partial<LibraryService> = {}) {
  const bridge = new FakeBridge({
    library: {
      list: () => Promise.resolve([]),
      copying: () => Promise.resolve(null),
      elsewhere: () => Promise.resolve(found),
      ...library,
    },
  });
  const app = openApp(bridge);
  await app.load();
  return { app, bridge, elsewhere: new ElsewhereState(app) };
}

const html = (elsewhere: ElsewhereState) => render(ElsewhereCard, { props: { state: elsewhere } }).body;

describe('models of other apps', () => {
  it('are looked for when a person asks, never before', async () => {
    const { bridge, elsewhere } = await open();
    expect(html(elsewhere)).toContain('Look for models of other apps');
    expect(bridge.asked('library.elsewhere')).toEqual([]);
    await elsewhere.look();
    const shown = html(elsewhere);
    expect(shown).toContain('LM Studio');
    expect(shown).toContain('Can be fitted and chatted with');
    expect(shown).toContain('not fitted: it is compressed; without pictures');
    expect(shown).toContain('There is more here than Snug looked through');
  });

  it('that are chosen are added with their vision files, linked or copied', async () => {
    const add = { added: [model()], known: [], notes: ['It stays.'], refused: [] };
    const { app, bridge, elsewhere } = await open({ add: () => Promise.resolve(add) });
    await elsewhere.look();
    await elsewhere.add();
    expect(bridge.asked('library.add')).toEqual([]);
    elsewhere.choose(foreign(), true);
    elsewhere.choose(other, true);
    elsewhere.choose(other, false);
    expect(elsewhere.chosenBytes).toBe(10 * MiB);
    elsewhere.how = 'copy';
    await elsewhere.add();
    expect(bridge.asked('library.add')).toEqual([
      { paths: ['/studio/a.gguf', '/studio/mmproj.gguf'], how: 'copy' },
    ]);
    expect(elsewhere.notes).toEqual(['It stays.']);
    expect(elsewhere.chosen).toEqual([]);
    expect(app.toasts.list.map(({ text }) => text)).toEqual(['Demo-VL was added']);
  });

  it('show how far copying is, which can be stopped', async () => {
    const add = () => Promise.reject(new CancelledError());
    const { app, bridge, elsewhere } = await open({ add, cancelCopying: () => Promise.resolve() });
    const copy = { name: 'a', doneModels: 1, totalModels: 2, doneBytes: MiB, totalBytes: 4 * MiB };
    bridge.emit({ name: 'library.copying', data: copy });
    expect(elsewhere.progressText).toBe('a: 1.0\u00a0MiB of 4.0\u00a0MiB, model 2 of 2');
    expect(html(elsewhere)).toContain('Stop copying');
    await elsewhere.cancel();
    expect(bridge.asked('library.cancelCopying')).toEqual([{}]);
    await elsewhere.look();
    elsewhere.choose(foreign(), true);
    await elsewhere.add();
    expect(elsewhere.error).toBeNull();
    expect(app.toasts.list.map(({ text }) => text)).toEqual([expect.stringContaining('Copying was stopped')]);
    bridge.emit({ name: 'library.copying', data: null });
    expect(elsewhere.progressText).toBe('');
    elsewhere.close();
  });

  it('say what went wrong', async () => {
    const full = new SnugError('DISK_FULL', 'the copies take 5\u00a0GiB', { advice: 'Free some space.' });
    const { elsewhere } = await open({ add: () => Promise.reject(full) });
    await elsewhere.look();
    elsewhere.choose(foreign(), true);
    await elsewhere.add();
    expect(html(elsewhere)).toContain('copies take 5\u00a0GiB');
    const { elsewhere: none } = await open({ elsewhere: () => Promise.resolve([]) });
    await none.look();
    expect(html(none)).toContain('None of these apps keeps models on this laptop');
  });

  it('cannot be chosen where they are here already or can’t be used', () => {
    expect(useWords(foreign({ knownAs: 'id' }))).toBe('Here already');
    expect(useWords(foreign({ problem: 'it is a mixture of experts' }))).toBe(
      'Can’t be used: it is a mixture of experts',
    );
  });
});

it('a model says in whose folder it lies, what it is called there, and where its file lies too', () => {
  const nothing = () => undefined;
  const later = () => Promise.resolve();
  const entry = model({ title: 'llava:7b', keptBy: 'ollama', alsoAt: ['/copies/llava.gguf'] });
  const { body } = render(ModelRow, {
    props: {
      model: entry,
      origin: null,
      mmprojError: undefined,
      ...{
        onfit: nothing,
        onchat: nothing,
        oninspect: nothing,
        onremove: nothing,
        onexport: nothing,
        onshow: null,
      },
      ...{ onfindmmproj: later, onsetmmproj: later, onchoosemmproj: null },
      inMemory: createRawSnippet(() => ({ render: () => '<span></span>' })),
      gone: createRawSnippet(() => ({ render: () => '<span></span>' })),
    },
  });
  expect(body).toContain('llava:7b');
  expect(body).toContain('kept by Ollama: what it deletes is gone here too');
  expect(body).toContain('/copies/llava.gguf');
});

it('two models that turned out to be one are told', async () => {
  const { app, bridge } = await open();
  bridge.emit({ name: 'library.merged', data: { kept: model(), path: '/b.gguf' } });
  expect(app.toasts.list.map(({ text }) => text)).toEqual([expect.stringContaining('is one model now')]);
});
