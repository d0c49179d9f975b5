import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import type { FileReport, FitReport } from '../../../../../src-main/contract/fit-report.ts';
import FitBar from '../../../../../src-renderer/components/fit/FitBar.svelte';
import ResultCard from '../../../../../src-renderer/components/fit/ResultCard.svelte';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { FitState } from '../../../../../src-renderer/state/fit/fit.svelte.ts';
import { FakeAddressBar, FakeBridge, job, laptop, MiB, preview } from '../../fake-bridge.ts';

const nothing = () => undefined;

async function bar(
  answers: ConstructorParameters<typeof FakeBridge>[0],
  change: (fit: FitState) => void = nothing,
) {
  const app = new AppState(new FakeBridge(answers), new FakeAddressBar());
  await app.load();
  const fit = new FitState(app);
  fit.choices.method = 'entropy';
  await fit.loadPreview();
  change(fit);
  return render(FitBar, { props: { fit, onshow: nothing, onshowother: nothing } }).body;
}

const part = (topAgreement: number, meanKld = 0.3) => ({
  ...{ tokens: 100, meanKld, medianKld: null, p90Kld: null, p99Kld: null, topAgreement },
  ...{ perplexity: null, sourcePerplexity: null, belowChance: null, sourceKnows: null },
});
const file = (bytes: number, total: number, measured: number | null, tokensPerSecond: number | null) =>
  ({
    ...{ path: null, bytes, bitsPerWeight: 4, peakMemoryBytes: measured, tokensPerSecond },
    ...{ promptTokensPerSecond: null, predictedMemory: { totalBytes: total } },
  }) as FileReport;
const quality = { image: part(0.75), text: part(0.9), answers: null };
const candidate = (name: string, tokensPerSecond: number, chosen: boolean) => ({
  ...{ name, lowLayers: null, weightsBytes: 1, totalBytes: 36.6 * MiB, quality, tokensPerSecond, chosen },
});
const report = {
  budget: { bytes: 36.6 * MiB, source: 'chosen', reasoning: [] },
  plan: {
    kind: 'best',
    family: 'luq',
    ordering: 'entropy',
    lowLayers: 2,
    layers: 4,
    predictedTokensPerSecond: 6.5,
  },
  candidates: [candidate('entropy', 6.5, true), candidate('ladder', 2.6, false)],
  files: {
    source: file(10 * MiB, 60 * MiB, null, null),
    q4km: file(5 * MiB, 40 * MiB, null, null),
    luq: file(3 * MiB, 36.6 * MiB, 65.7 * MiB, 57),
  },
  check: { ...quality, coherent: true, reasons: [] },
  answers: [],
  warnings: [],
} as unknown as FitReport;

describe('the bar that stays', () => {
  it('says before it is pressed what pressing gives: file, memory, speed and time', async () => {
    const body = await bar({});
    expect(body).toContain(
      '16.0\u00a0MiB file · 26.0\u00a0MiB of memory · ≈ 22 tokens per second · takes about 10\u00a0min',
    );
    expect(body).not.toMatch(/<button[^>]* disabled/);
  });

  it('says beside a button that takes no press why it does not, and offers what can be changed', async () => {
    const large = await bar({ laptop: { read: () => Promise.resolve(laptop(10 * MiB, 12 * MiB)) } });
    expect(large).toContain('Too large for this laptop');
    const described = /aria-describedby="([^"]+)"/.exec(large)?.[1] ?? '';
    expect(large).toMatch(new RegExp(`id="${described}"[^]*Too large for this laptop`));
    expect(large).toMatch(/<button[^>]* disabled/);
    const done = job({
      state: 'done',
      lowLayers: 2,
      report: { ...report, plan: { ...report.plan, kind: 'luq' } },
    });
    const fits = { list: () => Promise.resolve([done]), preview: () => Promise.resolve(preview()) };
    const missed = await bar({ fits }, (fit) => (fit.choices.minAgreement = 0.9));
    expect(missed).toContain('found 75\u00a0% agreement; you ask for 90\u00a0%');
    for (const label of ['Ask for 75\u00a0%', 'Take the nearest plan']) expect(missed).toContain(label);
  });

  it('holds stage, share, time left and the way to stop while a fit runs, and to resume it once paused', async () => {
    const progress = { stage: 'quantize', done: 1, total: 4, unit: 'layers' } as const;
    const at = (state: 'running' | 'paused') => ({
      fits: {
        list: () => Promise.resolve([job({ state, progress, share: 0.34, secondsLeft: 240 })]),
        preview: () => Promise.resolve(preview()),
      },
    });
    const running = await bar(at('running'));
    for (const words of ['Compressing layers', '34\u00a0%', 'About 4\u00a0min left', 'Pause', 'Cancel'])
      expect(running).toContain(words);
    expect(running).not.toContain('Fit to my RAM');
    const paused = await bar(at('paused'));
    for (const words of ['Paused', '34\u00a0%', 'Resume', 'Cancel']) expect(paused).toContain(words);
  });
});

describe('the result', () => {
  const { body } = render(ResultCard, {
    props: {
      ...{ job: job({ state: 'done', report }), report, onchat: nothing },
      ...{ onrefit: nothing, ontryplans: nothing, pictureOf: () => Promise.resolve(null) },
    },
  });

  it('says in words what a percentage means', () => {
    expect(body).toContain('Checked: it is noticeably different from the original.');
    // once: pictures are as far away as the whole
    expect(body).toMatch(/75\u00a0% of the time\./);
  });

  it('has one speed for one plan: the measured one, and others by the same measure', () => {
    const cells = [...body.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, words]) => words);
    expect(cells.filter((words) => words === '57')).toHaveLength(2);
    // 2.6 of 6.5 were predicted
    expect(cells).toContain('≈ 23');
    expect(body).not.toMatch(/>≈? ?6\.5</);
  });

  it('names what is predicted and what is measured, and how much of that is the program’s own', () => {
    for (const words of [
      'Memory, predicted',
      'Memory, measured',
      '36.6\u00a0MiB was allowed',
      'own 29.1\u00a0MiB',
    ])
      expect(body).toContain(words);
  });
});
