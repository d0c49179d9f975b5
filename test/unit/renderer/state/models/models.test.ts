import { createRawSnippet } from 'svelte';
import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { ModelEntry } from '../../../../../src-main/contract/model.ts';
import ModelSelect from '../../../../../src-renderer/components/chat/ModelSelect.svelte';
import ModelChoice from '../../../../../src-renderer/components/fit/ModelChoice.svelte';
import ModelRow from '../../../../../src-renderer/components/models/ModelRow.svelte';
import { formatFact } from '../../../../../src-renderer/text/format.ts';
import Settings from '../../../../../src-renderer/pages/Settings.svelte';
import { distinction } from '../../../../../src-renderer/text/model-names.ts';
import { ModelsState, planWords } from '../../../../../src-renderer/state/models/models.svelte.ts';
import { SettingsState } from '../../../../../src-renderer/state/settings/settings.svelte.ts';
import { FakeBridge, laptop, MiB, model } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

async function open(answers: ConstructorParameters<typeof FakeBridge>[0] = {}) {
  const bridge = new FakeBridge(answers);
  const app = openApp(bridge);
  await app.load();
  return { app, bridge, models: new ModelsState(app), settings: new SettingsState(app) };
}

describe('the models page', () => {
  it('shows the newest first and what came with the app last', async () => {
    const { models } = await open({
      library: {
        list: () =>
          Promise.resolve([
            model({ id: 'demo', builtIn: true, addedAt: '2026-12-01T00:00:00Z' }),
            model({ id: 'old', addedAt: '2026-01-01T00:00:00Z' }),
            model({ id: 'new', addedAt: '2026-06-01T00:00:00Z' }),
          ]),
      },
    });
    expect(models.models.map(({ id }) => id)).toEqual(['new', 'old', 'demo']);
  });

  it('takes pasted paths as they are, and shows what was refused, found and there before', async () => {
    const refused = [{ path: '/b.txt', message: 'not a GGUF file', advice: null }];
    const notes = ['2 GGUF files found in /models.'];
    const { app, bridge, models } = await open({
      library: {
        list: () => Promise.resolve([]),
        add: () => Promise.resolve({ added: [], known: [model()], notes, refused }),
      },
    });
    expect(await models.take(['"/a model.gguf"', '  ', '/b.txt'])).toBe(false);
    expect(bridge.asked('library.add')).toEqual([{ paths: ['"/a model.gguf"', '/b.txt'] }]);
    expect(models.refused).toEqual(refused);
    expect(models.notes).toEqual([...notes, 'Demo-VL is already here.']);
    expect(models.importing).toBe(false);
    expect(app.toasts.list).toEqual([]);
    models.closeOutcome();
    expect([models.refused, models.notes]).toEqual([[], []]);
  });

  it('takes dropped files where the door knows their paths, and says so where it does not', async () => {
    const { bridge, models } = await open({
      library: {
        list: () => Promise.resolve([]),
        add: () => Promise.resolve({ added: [], known: [], notes: [], refused: [] }),
      },
    });
    const file = new File([], 'a.gguf');
    await models.takeDropped([file]);
    expect(models.refused[0]?.advice).toContain('path');
    bridge.paths.set('a.gguf', '/models/a.gguf');
    await models.takeDropped([file]);
    expect(bridge.asked('library.add')).toEqual([{ paths: ['/models/a.gguf'] }]);
  });

  it('removes with the freed space said and an undo that brings it back', async () => {
    const { app, bridge, models } = await open({
      library: {
        list: () => Promise.resolve([model()]),
        remove: () => Promise.resolve({ freedBytes: 3 * MiB }),
        restore: () => Promise.resolve(model()),
      },
    });
    await models.remove(model(), true);
    expect(app.toasts.list[0]?.text).toBe('Demo-VL was removed, which frees 3.0\u00a0MiB');
    await app.toasts.list[0]?.action?.run();
    expect(bridge.asked('library.restore')).toEqual([{ id: 'demo' }]);
  });

  it('says beside the model why its other file was not found', async () => {
    let found = false;
    const { models } = await open({
      library: {
        list: () => Promise.resolve([model()]),
        findMmproj: () =>
          found
            ? Promise.resolve(model())
            : Promise.reject(new SnugError('FILE', 'no vision file lies there')),
      },
    });
    await models.findMmproj(model());
    expect(models.mmprojErrors['demo']?.message).toBe('no vision file lies there');
    found = true;
    await models.findMmproj(model());
    expect(models.mmprojErrors).toEqual({});
  });

  it('tells a plan in words', () => {
    const plan = { lowLayers: 3, rungs: { high: 'Q4_K_M', low: 'IQ1_M' } };
    expect(planWords(model({ plan }))).toBe('3 of 4 layers ultra-low');
    expect(planWords(model({ plan: { ...plan, lowLayers: 0 } }))).toBe('no layer ultra-low');
    expect(planWords(model())).toBeNull();
  });
});

const nothing = () => undefined;
const noWork = () => Promise.resolve();

function row(entry: ModelEntry): string {
  return render(ModelRow, {
    props: {
      model: entry,
      origin: null,
      mmprojError: undefined,
      inMemory: createRawSnippet(() => ({ render: () => '<i></i>' })),
      gone: createRawSnippet(() => ({ render: () => '<i></i>' })),
      onfit: nothing,
      onchat: nothing,
      oninspect: nothing,
      onexport: nothing,
      onfindmmproj: noWork,
      onsetmmproj: noWork,
      onchoosemmproj: null,
      onshow: null,
      onremove: nothing,
    },
  }).body;
}

describe('a model in the list', () => {
  it('can be exported when Snug fitted it', () => {
    expect(row(model({ kind: 'fitted' }))).toContain('Export…');
    expect(row(model({ kind: 'source' }))).not.toContain('Export…');
  });

  it('shows its file and folder, on any system', () => {
    const body = row(model({ path: 'C:\\Models\\Qwen\\vl-f16.gguf' }));
    expect(body).toContain('vl-f16.gguf');
    expect(body).toContain('C:\\Models\\Qwen<');
  });

  it('that was made to see and lacks its vision file says so, and a text-only one does not', () => {
    const NEEDS = 'it needs its vision file';
    expect(row(model({ mmproj: null }))).toContain(NEEDS);
    expect(row(model({ mmproj: null }))).toContain('Add vision file');
    const textOnly = row(model({ mmproj: null, architecture: 'llama', expectsVision: false }));
    expect(textOnly).not.toContain(NEEDS);
    expect(textOnly).not.toContain('vision file');
    expect(row(model())).not.toContain(NEEDS);
  });

  it('whose vision file is damaged says which', () => {
    const body = row(model({ mmproj: null, visionProblem: '/models/mmproj-F16.gguf is empty' }));
    expect(body).toContain('mmproj-F16.gguf is empty');
  });

  it('with different vision files beside it offers each', () => {
    const visionChoices = ['/models/mmproj-a.gguf', '/models/mmproj-b.gguf'];
    const body = row(model({ mmproj: null, visionProblem: 'several fit', visionChoices }));
    expect(body).toContain('Use mmproj-a.gguf');
    expect(body).toContain('Use mmproj-b.gguf');
  });
});

describe('models of one name', () => {
  const alike = [
    model({ id: '1', path: '/models/vl-f16.gguf' }),
    model({ id: '2', path: '/models/vl-q8_0.gguf' }),
    model({ id: '3', path: '/other/vl-f16.gguf' }),
    model({ id: '4', path: '/models/x.gguf', name: 'Other' }),
  ];

  it('are told apart by their files, or by the folders of these', () => {
    const told = alike.map((one) => distinction(one, alike));
    expect(told).toEqual(['models/vl-f16.gguf', 'vl-q8_0.gguf', 'other/vl-f16.gguf', null]);
  });

  it('are told apart wherever one is chosen', () => {
    const props = { label: 'Model', models: alike, value: null, onchoose: nothing };
    const chat = render(ModelSelect, { props }).body;
    const [chosen] = alike as [ModelEntry];
    const fit = render(ModelChoice, { props: { models: alike, others: [], chosen, onchoose: nothing } }).body;
    for (const body of [chat, fit]) {
      expect(body).toContain('· vl-q8_0.gguf');
      expect(body).toContain('· other/vl-f16.gguf');
      expect(body).not.toContain('x.gguf');
    }
  });
});

it('what a file holds is shown without digits that say nothing', () => {
  const facts = [4096, 3.141592653589793, 0.000012345678901234, true, [0.1234567890123456, 2], 'F16', null];
  expect(facts.map(formatFact)).toEqual(['4,096', '3.142', '0.00001235', 'yes', '0.1235, 2', 'F16', '–']);
});

describe('the settings page', () => {
  it('takes whole numbers of threads, or nothing', async () => {
    const { bridge, settings } = await open();
    for (const wrong of ['0', '1.5', 'many', '2000']) {
      await settings.setThreads(wrong);
      expect(settings.threadsError).toBeDefined();
    }
    await settings.setThreads(' 4 ');
    await settings.setThreads('');
    expect(settings.threadsError).toBeUndefined();
    expect(bridge.asked('settings.set')).toEqual([{ threads: 4 }, { threads: null }]);
  });

  it('takes whole numbers of layers on the graphics processor, or nothing', async () => {
    const { bridge, settings } = await open();
    for (const wrong of ['-1', '1.5', 'all', '1001']) {
      await settings.setGpuLayers(wrong);
      expect(settings.gpuLayersError).toBe('A whole number from 0 to 1000, or nothing.');
    }
    await settings.setGpuLayers(' 12 ');
    await settings.setGpuLayers('0');
    await settings.setGpuLayers('');
    expect(settings.gpuLayersError).toBeUndefined();
    expect(bridge.asked('settings.set')).toEqual([{ gpuLayers: 12 }, { gpuLayers: 0 }, { gpuLayers: null }]);
  });

  const LABEL = 'Layers on the graphics processor';
  it.each([
    [false, []],
    [false, ['cpu']],
    [false, ['accelerator', 'cpu']],
    [true, ['gpu', 'cpu']],
    [true, ['accelerator', 'igpu', 'cpu']],
  ] as const)(
    'offers layers on the graphics processor: %s, where llama.cpp has %j',
    async (offered, kinds) => {
      const computeDevices = kinds.map((kind) => ({ name: kind.toUpperCase(), kind }));
      const { app } = await open({
        laptop: { read: () => Promise.resolve({ ...laptop(27 * MiB, 29 * MiB), computeDevices }) },
      });
      const { body } = render(Settings, { props: { app } });
      expect(body).toContain('Threads');
      expect(body.includes(LABEL)).toBe(offered);
      expect(body.includes('predictions of memory and speed count the main processor (CPU) alone')).toBe(
        offered,
      );
    },
  );

  it('resets with an undo', async () => {
    const { app, settings } = await open();
    await app.changeSettings({ temperature: 1 });
    expect(settings.changed).toBe(true);
    await settings.reset();
    expect([app.settings.temperature, settings.changed]).toEqual([0.2, false]);
    await app.toasts.list[0]?.action?.run();
    expect(app.settings.temperature).toBe(1);
  });

  it('shows diagnostics to be copied by hand where the clipboard is closed', async () => {
    const { settings } = await open({
      app: { diagnostics: () => Promise.resolve('versions') },
    });
    await settings.copyDiagnostics({ writeText: () => Promise.reject(new Error('denied')) });
    expect(settings.diagnostics).toBe('versions');
  });
});
