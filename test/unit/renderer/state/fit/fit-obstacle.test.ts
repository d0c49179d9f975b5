import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { FitReport } from '../../../../../src-main/contract/fit-report.ts';
import type { Remedy } from '../../../../../src-main/contract/remedies.ts';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { FitState } from '../../../../../src-renderer/state/fit/fit.svelte.ts';
import { FakeAddressBar, FakeBridge, job, laptop, MiB, model, preview } from '../../fake-bridge.ts';

async function open(answers: ConstructorParameters<typeof FakeBridge>[0] = {}, hash = '') {
  const bridge = new FakeBridge(answers);
  const app = new AppState(bridge, new FakeAddressBar(hash));
  await app.load();
  const fit = new FitState(app);
  fit.choices.method = 'entropy';
  await fit.loadPreview();
  return { app, bridge, fit };
}

/** A laptop that can give a model so much; the smallest plan of the model takes 22\u00a0MiB. */
const laptopOf = (comfortable: number, most: number) => ({
  read: () => Promise.resolve(laptop(comfortable * MiB, most * MiB)),
});

describe('a model that is too large for this laptop', () => {
  const context: Remedy = { kind: 'set-context', tokens: 2048 };
  const savings = [
    { remedies: [{ kind: 'smaller-vision' } as const], totalBytes: 21 * MiB },
    { remedies: [context], totalBytes: 19 * MiB },
    { remedies: [{ kind: 'smaller-vision' } as const, context], totalBytes: 18 * MiB },
  ];
  const large = {
    laptop: laptopOf(16, 20),
    library: { list: () => Promise.resolve([model({ parameters: 72e9 })]) },
    fits: { preview: () => Promise.resolve(preview({ savings })), list: () => Promise.resolve([]) },
  };

  it('is told once: what it takes, what there is, and which size of model fits', async () => {
    const { fit } = await open(large);
    expect(fit.slider.range).toBeNull();
    const { obstacle } = fit;
    expect(obstacle?.kind).toBe('too-large');
    for (const words of ['22.0\u00a0MiB', '16.0\u00a0MiB']) expect(obstacle?.reason).toContain(words);
    const all = obstacle?.details.join(' ');
    for (const words of ['22.0\u00a0MiB', '64.0\u00a0MiB', '20.0\u00a0MiB', '16.0\u00a0MiB'])
      expect(all).toContain(words);
    // 72 B times 16 of 22 MiB, and of 30 MiB
    expect(all).toContain('up to about 52\u00a0B parameters fits; one of up to about 38\u00a0B');
  });

  it('offers what would bring it under the limit, and takes it at a press', async () => {
    const { bridge, fit } = await open(large);
    expect(fit.obstacle?.ways).toEqual([
      { remedies: [context], bytes: 19 * MiB },
      { remedies: [{ kind: 'smaller-vision' }, context], bytes: 18 * MiB },
    ]);
    fit.take(fit.obstacle?.ways[1]?.remedies ?? []);
    await fit.loadPreview();
    expect(bridge.asked('fits.preview').at(-1)).toMatchObject({ contextTokens: 2048, visionType: 'Q8_0' });
  });

  it('has no kernels timed: another model may be looked at next, and waits for that', async () => {
    const byLowLayers = preview().byLowLayers.map((one) => ({ ...one, tokensPerSecond: null }));
    const untimed = { ...large.fits, preview: () => Promise.resolve(preview({ savings, byLowLayers })) };
    const { bridge } = await open({ ...large, fits: untimed });
    expect(bridge.asked('fits.preview')).toHaveLength(1);
  });

  it('is not started, whatever is pressed', async () => {
    const { bridge, fit } = await open(large);
    await fit.press();
    expect(bridge.asked('fits.warnings')).toEqual([]);
    expect(bridge.asked('fits.start')).toEqual([]);
  });
});

describe('a fit that could not run', () => {
  it('is told why where the disk has no room for its file', async () => {
    const small = laptop(27 * MiB, 64 * MiB);
    const disk = { folder: '/', freeBytes: 15 * MiB };
    const read = () => Promise.resolve({ ...small, laptop: { ...small.laptop, disk } });
    const { fit } = await open({ laptop: { read } });
    expect(fit.slider.outcome?.fileBytes).toBe(16 * MiB);
    expect(fit.obstacle).toMatchObject({ kind: 'disk' });
    expect(fit.obstacle?.reason).toMatch(/16.0\u00a0MiB.* 15.0\u00a0MiB is free/);
    fit.moveBudget(24 * MiB);
    expect(fit.obstacle).toBeNull();
  });

  it('is told which other one runs', async () => {
    const other = job({ modelId: 'other', modelName: 'Large-VL' });
    const { fit } = await open(
      {
        library: { list: () => Promise.resolve([model(), model({ id: 'other', name: 'Large-VL' })]) },
        fits: { list: () => Promise.resolve([other]), preview: () => Promise.resolve(preview()) },
      },
      '#/fit/demo',
    );
    expect(fit.obstacle?.reason).toBe('Large-VL is being fitted. One fit runs at a time.');
  });

  it('is told that a check found less than is asked for, with what can be asked for', async () => {
    const part = (topAgreement: number) => ({ topAgreement, meanKld: 0.3 });
    const report = {
      check: { image: part(0.75), text: part(0.9) },
      plan: { kind: 'luq', ordering: 'entropy', lowLayers: 2 },
    } as unknown as FitReport;
    const done = job({ state: 'done', lowLayers: 2, report });
    const { fit } = await open({
      fits: { list: () => Promise.resolve([done]), preview: () => Promise.resolve(preview()) },
    });
    expect(fit.slider.lowLayers).toBe(2);
    expect(fit.obstacle).toBeNull();
    fit.choices.minAgreement = 0.9;
    // the worse of pictures and text
    expect(fit.obstacle?.reason).toMatch(/75\u00a0%.*90\u00a0%/);
    fit.take(fit.obstacle?.ways[0]?.remedies ?? []);
    expect([fit.choices.minAgreement, fit.obstacle]).toEqual([0.75, null]);
    fit.choices.minAgreement = 0.9;
    // other plans are not known before they were tried
    fit.take([{ kind: 'try-plans' }]);
    expect(fit.obstacle).toBeNull();
  });
});

describe('what can’t be fitted at all', () => {
  it('is told with why, also where the address asks for it', async () => {
    const models = [
      model(),
      model({ id: 'small', kind: 'quantized', bitsPerWeight: 4.83 }),
      model({ id: 'gone', problem: 'the file is gone' }),
      model({ id: 'mine', kind: 'fitted', madeFrom: 'demo' }),
    ];
    const { fit } = await open({ library: { list: () => Promise.resolve(models) } }, '#/fit/small');
    expect(fit.unfittables.map(({ model: { id } }) => id)).toEqual(['small', 'gone']);
    expect(fit.unfittable?.why).toContain('4.8 bits per weight');
    expect(fit.model?.id).toBe('demo');
  });
});

describe('a fit that failed', () => {
  const failed = (remedies: readonly Remedy[]) =>
    job({ state: 'failed', error: { name: 'SnugError', code: 'DOES_NOT_FIT', message: 'no', remedies } });
  const answers = (jobs: () => ReturnType<typeof job>[]) => ({
    fits: {
      list: () => Promise.resolve(jobs()),
      preview: () => Promise.resolve(preview()),
      warnings: () => Promise.resolve([]),
      start: () => Promise.resolve(job({ id: 'second' })),
      cancel: () => Promise.resolve({ ...failed([]), state: 'cancelled' as const }),
    },
  });

  it('is put away for good, and leaves what was finished before', async () => {
    const done = job({ id: 'before', state: 'done', report: {} as FitReport });
    const { bridge, fit } = await open(answers(() => [failed([]), done]));
    expect([fit.job?.state, fit.finished?.id]).toEqual(['failed', 'before']);
    await fit.dismissError();
    expect(bridge.asked('fits.cancel')).toEqual([{ jobId: 'job' }]);
    expect([fit.job?.id, fit.busy]).toEqual(['before', false]);
  });

  it('starts anew with what a remedy changes', async () => {
    const share = { kind: 'ask-agreement', share: 0.75 } as const;
    const { bridge, fit } = await open(answers(() => [failed([share])]));
    fit.remedyFor(share)?.();
    await expect
      .poll(() => bridge.asked('fits.start'))
      .toEqual([expect.objectContaining({ minAgreement: 0.75 })]);
    expect(fit.job).toMatchObject({ id: 'second', state: 'running' });
  });

  it('starts anew with other kernels once the setting is changed, and knows what that needs', async () => {
    const kernels = { kind: 'set-kernels', kernels: 'auto' } as const;
    const { bridge, fit } = await open(answers(() => [failed([kernels])]));
    const before = bridge.asked('fits.preview').length;
    fit.remedyFor(kernels)?.();
    await expect.poll(() => bridge.asked('fits.start')).toHaveLength(1);
    expect(bridge.asked('settings.set')).toEqual([{ kernels: 'auto' }]);
    expect(bridge.asked('fits.preview').length).toBeGreaterThan(before);
  });

  it('offers no button for what this page can’t do', async () => {
    const { fit } = await open();
    expect(fit.remedyFor({ kind: 'choose-output' })).toBeUndefined();
    expect(fit.remedyFor({ kind: 'set-budget', bytes: 24 * MiB })).toBeTypeOf('function');
  });

  it('that did not start says why until that is dismissed', async () => {
    const start = () => Promise.reject(new SnugError('BUSY', 'another fit is running'));
    const { fit } = await open({ fits: { ...answers(() => []).fits, start } });
    await fit.press();
    expect(fit.startError?.code).toBe('BUSY');
    await fit.dismissError();
    expect(fit.startError).toBeNull();
  });
});

describe('on other pages', () => {
  const fits = (jobs: ReturnType<typeof job>[]) => ({ fits: { list: () => Promise.resolve(jobs) } });

  it('a paused fit is not forgotten; one that a later fit replaced is', async () => {
    const paused = job({ state: 'paused', share: 0.4 });
    expect((await open(fits([paused]))).app.jobs.unfinished?.share).toBe(0.4);
    const done = job({ id: 'later', state: 'done' });
    expect((await open(fits([done, paused]))).app.jobs.unfinished).toBeNull();
  });

  it('a fit that ends is shown as such until the page is looked at', async () => {
    const { app, bridge } = await open(fits([job()]), '#/chat');
    bridge.emit({ name: 'fits.changed', data: job({ state: 'done' }) });
    expect(app.jobs.unseen?.state).toBe('done');
  });

  it('the running fit’s model is the one that is shown when the page is opened again', async () => {
    const models = [model({ builtIn: true }), model({ id: 'large' })];
    const { fit } = await open({
      library: { list: () => Promise.resolve(models) },
      fits: {
        list: () => Promise.resolve([job({ modelId: 'large' })]),
        preview: () => Promise.resolve(preview({ modelId: 'large' })),
      },
    });
    expect([fit.model?.id, fit.busy]).toEqual(['large', true]);
  });
});
