import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { FitPreview } from '../../../../../src-main/contract/fit-job.ts';
import type { Memory } from '../../../../../src-main/contract/fit-report.ts';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import {
  budgetRange,
  lowLayersFor,
  verdictOn,
  zonesOf,
} from '../../../../../src-renderer/state/fit/budget.ts';
import { FitState } from '../../../../../src-renderer/state/fit/fit.svelte.ts';
import { figuresOf } from '../../../../../src-renderer/state/fit/fit-figures.ts';
import { stageRows, timeLeft } from '../../../../../src-renderer/text/fit-words.ts';
import { FakeAddressBar, FakeBridge, foreseen, job, laptop, MiB, model, preview } from '../../fake-bridge.ts';

async function open(answers: ConstructorParameters<typeof FakeBridge>[0] = {}, hash = '') {
  const bridge = new FakeBridge(answers);
  const app = new AppState(bridge, new FakeAddressBar(hash));
  await app.load();
  const fit = new FitState(app);
  fit.choices.method = 'entropy';
  await fit.loadPreview();
  return { app, bridge, fit };
}

const widened = (memory: Memory, rearrangedBytes: number): Memory => ({
  ...memory,
  ...{ rearrangedBytes, wide: true, totalBytes: memory.totalBytes + rearrangedBytes },
});

describe('the budget slider', () => {
  it('redraws without asking: layers, file and memory follow every move', async () => {
    const { bridge, fit } = await open();
    const seen = [30, 29, 26, 22].map((size) => {
      fit.moveBudget(size * MiB);
      return [fit.slider.lowLayers, fit.slider.outcome?.memory.totalBytes, fit.slider.outcome?.fileBytes];
    });
    expect(seen).toEqual([
      [0, 30 * MiB, 20 * MiB],
      [1, 28 * MiB, 18 * MiB],
      [2, 26 * MiB, 16 * MiB],
      [4, 22 * MiB, 12 * MiB],
    ]);
    expect(bridge.asked('fits.preview')).toHaveLength(1);
  });

  it('shows sizes at once and speeds when the kernels have been timed', async () => {
    const unmeasured = preview();
    const byLowLayers = unmeasured.byLowLayers.map((one) => ({ ...one, tokensPerSecond: null }));
    const answer = ({ measure }: { measure?: boolean | undefined }) =>
      Promise.resolve(measure ? preview() : { ...unmeasured, byLowLayers });
    const { bridge, fit } = await open({ fits: { preview: answer } });
    expect(bridge.asked('fits.preview')).toHaveLength(2);
    expect(fit.slider.outcome?.tokensPerSecond).toBe(20 + (fit.slider.lowLayers ?? NaN));
  });

  it('gives memory and speed of wide layouts where the budget has room for them', async () => {
    const lean = preview();
    const byLowLayers = lean.byLowLayers.map((one, k) => ({
      ...one,
      wide: k === 0 ? null : { memory: widened(one.memory, k * MiB), tokensPerSecond: 40 + k },
    }));
    const { app, fit } = await open({ fits: { preview: () => Promise.resolve({ ...lean, byLowLayers }) } });
    const seen = [28.5, 29, 26, 28].map((size) => {
      fit.moveBudget(size * MiB);
      const { lowLayers, outcome, verdict } = fit.slider;
      return [lowLayers, (outcome?.memory.totalBytes ?? 0) / MiB, outcome?.tokensPerSecond, verdict];
    });
    expect(seen).toEqual([
      [1, 28, 21, 'tight'],
      [1, 29, 41, 'tight'],
      [2, 26, 22, 'comfortable'],
      [1, 28, 21, 'tight'],
    ]);
    // a chat takes them only where so much is free
    fit.moveBudget(29 * MiB);
    const { laptop: now } = app.laptop ?? expect.fail('it is known');
    app.laptop = {
      ...laptop(27 * MiB, 29 * MiB),
      laptop: { ...now, memory: { ...now.memory, availableBytes: 28 * MiB } },
    };
    expect(fit.slider.missingNow).toBe(0);
  });

  it('has kernels timed whose wide layouts were not', async () => {
    const lean = preview();
    const byLowLayers = lean.byLowLayers.map((one) => ({
      ...one,
      wide: { memory: widened(one.memory, MiB), tokensPerSecond: null },
    }));
    const { bridge } = await open({ fits: { preview: () => Promise.resolve({ ...lean, byLowLayers }) } });
    expect(bridge.asked('fits.preview')).toHaveLength(2);
  });

  it('marks what is comfortable and what is tight by the laptop’s own limits, not by what runs on it', async () => {
    const { app, fit } = await open();
    const verdicts = () =>
      [22, 26, 28].map((size) => {
        fit.moveBudget(size * MiB);
        return fit.slider.verdict;
      });
    expect(verdicts()).toEqual(['comfortable', 'comfortable', 'tight']);
    const busy = laptop(27 * MiB, 29 * MiB);
    const memory = { ...busy.laptop.memory, availableBytes: 20 * MiB };
    app.laptop = { ...busy, laptop: { ...busy.laptop, memory } };
    expect(verdicts()).toEqual(['comfortable', 'comfortable', 'tight']);
    // what is too little at the moment is said apart
    expect(fit.slider.missingNow).toBe(8 * MiB);
  });

  it('offers nothing that this laptop could not give, and every place on it can be fitted', async () => {
    const { fit } = await open();
    const { range } = fit.slider;
    expect(range?.from).toBe(22 * MiB);
    expect(range?.to).toBeLessThanOrEqual(29 * MiB);
    expect(range?.to).toBeGreaterThan(28.9 * MiB);
    for (let bytes = range?.from ?? 0; bytes <= (range?.to ?? 0); bytes += range?.step ?? 1)
      expect(lowLayersFor(preview(), bytes)).not.toBeNull();
    // its last step gives all that there is to give
    const wide = budgetRange(preview(), laptop(27 * MiB, 64 * MiB).limits);
    expect(lowLayersFor(preview(), wide?.to ?? 0)).toBe(0);
  });

  it('has zones that fill its length, in order', () => {
    const { limits } = laptop(27 * MiB, 29 * MiB);
    const range = budgetRange(preview(), limits) ?? expect.fail('there is a range');
    const zones = zonesOf(range, limits);
    expect(zones.map(({ verdict }) => verdict)).toEqual(['comfortable', 'tight']);
    expect(zones.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(zonesOf(range, { ...limits, comfortableBytes: 0 }).map(({ verdict }) => verdict)).toEqual([
      'tight',
    ]);
    const roomy = { comfortableBytes: 64 * MiB, mostBytes: 64 * MiB };
    expect(zonesOf(range, roomy).map(({ verdict }) => verdict)).toEqual(['comfortable']);
  });

  it('starts at the recommended budget; of the model that comes with the app in the middle', async () => {
    const { fit } = await open();
    expect(fit.slider.bytes).toBe(fit.slider.recommended);
    expect(fit.slider.lowLayers).toBe(2);
    const demo = await open({ library: { list: () => Promise.resolve([model({ builtIn: true })]) } });
    expect(demo.fit.slider.bytes).toBeLessThan(26 * MiB);
    expect(demo.fit.slider.bytes).toBeGreaterThan(25 * MiB);
  });

  it('stays where it is when another option changes what fits', async () => {
    const { fit } = await open();
    fit.moveBudget(24 * MiB);
    fit.choices.smallerVision = true;
    await fit.loadPreview();
    expect(fit.slider.bytes).toBe(24 * MiB);
  });

  it('counts a model of one layer and a machine without free memory', () => {
    const one = preview({ byLowLayers: preview().byLowLayers.slice(0, 1) });
    const range = budgetRange(one, laptop(64 * MiB, 64 * MiB).limits);
    expect([range?.from, range?.to]).toEqual([30 * MiB, 30 * MiB]);
    expect(verdictOn(1, laptop(0, 0).limits)).toBe('wont-fit');
  });
});

describe('the fit page', () => {
  it('shows the model in the address, the source of a fitted one, else the one that comes with the app', async () => {
    const models = [
      model({ id: 'large' }),
      model({ id: 'demo', builtIn: true }),
      model({ id: 'small', kind: 'fitted', madeFrom: 'large' }),
    ];
    const library = { list: () => Promise.resolve(models) };
    expect((await open({ library })).fit.model?.id).toBe('demo');
    expect((await open({ library }, '#/fit/large')).fit.model?.id).toBe('large');
    expect((await open({ library }, '#/fit/small')).fit.model?.id).toBe('large');
  });

  it('drops the slow answer about a model that is no longer chosen', async () => {
    const answers: ((preview: FitPreview) => void)[] = [];
    const { app, fit } = await open({
      library: { list: () => Promise.resolve([model(), model({ id: 'other' })]) },
      fits: {
        list: () => Promise.resolve([]),
        preview: ({ modelId }) =>
          modelId === 'demo' && answers.length === 0
            ? (answers.push(() => undefined), Promise.resolve(preview()))
            : new Promise((resolve) => answers.push(resolve)),
      },
    });
    app.navigate('fit', 'other');
    const first = fit.loadPreview();
    await Promise.resolve();
    app.navigate('fit', 'demo');
    const second = fit.loadPreview();
    await Promise.resolve();
    answers[2]?.(preview({ modelId: 'demo' }));
    await second;
    answers[1]?.(preview({ modelId: 'other' }));
    await first;
    expect(fit.slider.preview?.modelId).toBe('demo');
  });

  it('warns before starting, and starts when told to go on', async () => {
    const { app, bridge, fit } = await open({
      fits: {
        list: () => Promise.resolve([]),
        preview: () => Promise.resolve(preview()),
        warnings: () => Promise.resolve(['The laptop runs on battery.']),
        start: () => Promise.resolve(job()),
      },
    });
    fit.moveBudget(26 * MiB + 0.5);
    await fit.press();
    expect(fit.warnings).toEqual(['The laptop runs on battery.']);
    expect(bridge.asked('fits.start')).toHaveLength(0);
    await fit.press();
    expect(bridge.asked('fits.start')).toEqual([
      { modelId: 'demo', budgetBytes: 26 * MiB, contextTokens: 4096, plan: 'luq', ordering: 'entropy' },
    ]);
    expect([fit.warnings, fit.busy, app.jobs.running?.id]).toEqual([null, true, 'job']);
  });

  it('asks for the method and the quality that were chosen, and for the sizes in that order', async () => {
    const { bridge, fit } = await open({
      fits: { preview: () => Promise.resolve(preview()), start: () => Promise.resolve(job()) },
    });
    fit.choices.method = 'sensitivity';
    await fit.loadPreview();
    expect(bridge.asked('fits.preview').at(-1)).toMatchObject({ ordering: 'sensitivity' });
    fit.choices.method = 'best';
    fit.choices.minAgreement = 0.9;
    await fit.press();
    const [asked] = bridge.asked('fits.start');
    expect(asked).toMatchObject({ plan: 'best', minAgreement: 0.9 });
    expect(asked).not.toHaveProperty('ordering');
  });

  it('takes the nearest plan unless told otherwise', async () => {
    const app = new AppState(new FakeBridge(), new FakeAddressBar(''));
    await app.load();
    expect(new FitState(app).method).toBe('best');
  });

  it('promises no layers, file and speed that only measuring can tell', async () => {
    const calibration = {
      entropies: [0, 1, 2, 3].map((layer) => ({
        layer,
        both: layer,
        standardError: null,
        image: null,
        text: null,
      })),
      order: [0, 1, 2, 3],
    };
    const { fit } = await open({ fits: { preview: () => Promise.resolve(preview({ calibration })) } });
    fit.moveBudget(26 * MiB);
    const chosen = () => fit.chart.filter(({ planned }) => planned?.low).map(({ layer }) => layer);
    expect(chosen()).toEqual([0, 1]);
    expect(figuresOf(fit).map(({ label }) => label)).toContain('Speed');
    fit.choices.method = 'sensitivity';
    expect(chosen()).toEqual([]);
    expect(figuresOf(fit).map(({ label }) => label)).not.toContain('Speed');
  });

  it('shows of the nearest plan what every place of the slider would give, layers included', async () => {
    const frontier = foreseen([
      [12, 2, 0.6, ['IQ2_S', 'IQ2_S', 'IQ2_S', 'IQ3_S']],
      [20, 3.5, 0.15, ['IQ3_S', 'IQ3_S', 'Q4_K_M', 'Q5_K_M']],
      [50, 8.5, 0.001, ['Q8_0', 'Q8_0', 'Q8_0', 'F16']],
    ]);
    const calibration = {
      entropies: [0, 1, 2, 3].map((layer) => ({
        ...{ layer, both: layer, standardError: null },
        ...{ image: null, text: null },
      })),
      order: [0, 1, 2, 3],
    };
    const { bridge, fit } = await open({
      fits: { preview: () => Promise.resolve(preview({ frontier, calibration })) },
    });
    fit.choices.method = 'best';
    await fit.loadPreview();
    expect(bridge.asked('fits.preview').at(-1)).toMatchObject({ plan: 'best' });
    expect(fit.slider.range).toMatchObject({ from: 22 * MiB, most: 60 * MiB });
    const at = (bytes: number) => {
      fit.moveBudget(bytes);
      return Object.fromEntries(figuresOf(fit).map(({ label, value }) => [label, value]));
    };
    // a budget between two plans gives the lower one
    expect(at(29 * MiB)).toEqual({
      'Bits per weight': '2.00',
      ...{ File: '12.0\u00a0MiB', Memory: '22.0\u00a0MiB', Speed: '≈ 5.0' },
      Quality: 'Noticeably different',
    });
    expect(fit.chart.map(({ planned }) => planned?.rung)).toEqual(['IQ2_S', 'IQ2_S', 'IQ2_S', 'IQ3_S']);
    expect(at(30 * MiB)).toMatchObject({ 'Bits per weight': '3.50', Quality: 'Close' });
    expect(at(60 * MiB)).toMatchObject({ Quality: 'Hard to tell apart' });
    expect(fit.chart.map(({ planned }) => planned?.rung).at(-1)).toBe('F16');
    expect(fit.slider.lowLayers).toBeNull();
    fit.moveBudget(10 * MiB);
    expect(fit.slider.verdict).toBe('wont-fit');
  });

  it('says in place why a fit did not start', async () => {
    const { fit } = await open({
      fits: {
        list: () => Promise.resolve([]),
        preview: () => Promise.resolve(preview()),
        warnings: () => Promise.resolve([]),
        start: () => Promise.reject(new SnugError('BUSY', 'another fit is running', { advice: 'Wait.' })),
      },
    });
    await fit.press();
    expect(fit.startError).toMatchObject({ message: 'another fit is running', advice: 'Wait.' });
    expect(fit.starting).toBe(false);
  });

  it('fills the chart while calibrating and marks the chosen layers once all are measured', async () => {
    const { bridge, fit } = await open();
    const view = (layer: number, both: number) => ({
      layer,
      both,
      standardError: null,
      image: both,
      text: null,
    });
    bridge.emit({ name: 'fits.changed', data: job({ entropies: [view(0, 5), view(1, 4)] }) });
    expect(fit.chart.map(({ both }) => both)).toEqual([5, 4, null, null]);
    expect(fit.chart.some(({ planned }) => planned?.low)).toBe(false);
    const entropies = [view(0, 5), view(1, 4), view(2, 6), view(3, 3)];
    bridge.emit({ name: 'fits.changed', data: job({ entropies, lowLayers: 2, low: [1, 3] }) });
    expect(fit.chart.filter(({ planned }) => planned?.low).map(({ layer }) => layer)).toEqual([1, 3]);
  });

  it('shows the rung of each layer of a plan of many types while it is made', async () => {
    const { bridge, fit } = await open();
    const entropies = [0, 1, 2, 3].map((layer) => ({
      layer,
      both: 5,
      standardError: null,
      image: null,
      text: null,
    }));
    const layerRungs = ['Q6_K', 'IQ3_M', 'Q4_K_M', 'IQ1_M'];
    bridge.emit({ name: 'fits.changed', data: job({ entropies, lowLayers: 2, low: [1, 3], layerRungs }) });
    expect(fit.chart.map(({ planned }) => planned?.rung)).toEqual(layerRungs);
    expect(fit.chart.map(({ planned }) => planned?.low)).toEqual([false, true, false, true]);
  });

  it('asks anew what fits when a job of this model has ended', async () => {
    const { bridge, fit } = await open();
    bridge.emit({ name: 'fits.changed', data: job() });
    expect(bridge.asked('fits.preview')).toHaveLength(1);
    bridge.emit({ name: 'fits.changed', data: job({ state: 'paused' }) });
    expect(bridge.asked('fits.preview')).toHaveLength(2);
    fit.close();
  });
});

describe('progress', () => {
  it('names what is done, what is at work and what is still to come', () => {
    const rows = stageRows(job({ progress: { stage: 'calibrate', done: 1, total: 2, unit: 'tokens' } }));
    expect(rows.filter(({ state }) => state === 'done').map(({ step }) => step)).toEqual([
      'profile',
      'hash',
      'load',
    ]);
    expect(rows.find(({ state }) => state === 'now')?.step).toBe('calibrate');
  });

  it('does not call the model checked while only the original is asked', () => {
    const progress = { stage: 'reference', done: 1, total: 14, unit: 'sequences' } as const;
    const rows = stageRows(job({ progress }));
    expect(rows.find(({ step }) => step === 'check')?.state).toBe('later');
  });

  it('writes no estimate to the second', () => {
    expect(timeLeft(job({ secondsLeft: 417 }))).toBe('About 7\u00a0min left');
    expect(timeLeft(job({ secondsLeft: 43 }))).toBe('About 45\u00a0s left');
    expect(timeLeft(job())).toBe('Estimating the time left');
    expect(timeLeft(job({ state: 'paused', secondsLeft: 3 }))).toBe('Paused');
  });
});
