import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { shortModel } from '../fixtures/short-demo.ts';
import { QWEN_72B, writeSparseQwenVl, type RealLayout } from '../fixtures/sparse-models.ts';
import { inEachDoor } from './app.ts';
import { brokenUnits, inView, movements, overflow, seriousFindings } from './looks.ts';

/** As the 72B, with as many layers as it takes to be too large for the machine at hand. */
function tooLargeFor(bytes: number): RealLayout {
  const smallest = 25 * 2 ** 30;
  return { ...QWEN_72B, layers: QWEN_72B.layers * Math.ceil((bytes + 1) / smallest) };
}

inEachDoor('a fit and what comes of it', { holds: true, builtIn: shortModel }, (app) => {
  /** milliseconds, on a slow machine that does something else as well */
  const WHOLE_FIT = 350_000;
  /** with a trial for every layer and type */
  const WHOLE_AUTO_FIT = 500_000;
  const PAGES = ['Fit', 'Chat', 'Models', 'Settings'] as const;
  const newestJob = async () => {
    const [job] = await app.api.fits.list({});
    if (!job) throw new Error('nothing was fitted');
    return job;
  };
  const fittedModel = async () => {
    const fitted = (await app.api.library.list({})).find(({ kind }) => kind === 'fitted');
    if (!fitted) throw new Error('there is no fitted model');
    return fitted;
  };

  const methodChoice = () => app.page.getByLabel('How the plan is chosen');
  const chooseMethod = async (method: 'best' | 'edge-protected' | 'sensitivity') => {
    // the page is there once it knows the model's sizes
    await app.button(/^(Fit to my RAM|Refit to this budget)$/).waitFor();
    if (!(await methodChoice().isVisible()))
      await app.page.getByText('Advanced options', { exact: true }).click();
    await methodChoice().selectOption(method);
  };

  it.each([
    [1280, 720],
    [1024, 640],
    [400, 760],
  ])('shows its progress when it is pressed, and has the focus there (%i × %i px)', async (width, height) => {
    await app.page.setViewportSize({ width, height });
    // the action is in sight wherever one is on the page
    for (const end of [0, 1e6]) {
      await app.page.getByRole('main').evaluate((main, top) => main.scrollTo(0, top), end);
      await expect.poll(() => inView(app.button('Fit to my RAM'))).toBe(true);
    }
    const held = app.workers.holdFit('calibrate');
    await app.startFit();
    await held;
    const progress = app.page.getByRole('region', { name: /^Progress of fitting/ });
    await expect.poll(() => progress.evaluate((region) => region === document.activeElement)).toBe(true);
    for (const shown of [
      progress.getByRole('heading'),
      progress.getByRole('progressbar'),
      app.button('Pause'),
    ])
      await expect.poll(() => inView(shown)).toBe(true);
    await app.button('Cancel').click();
    await app.button('Fit to my RAM').waitFor();
    await app.page.setViewportSize({ width: 1280, height: 900 });
  });

  it('can be cancelled and leaves nothing in the library; nothing moves where less motion is wished', async () => {
    await app.page.getByRole('heading', { level: 1, name: /Fit a model/ }).waitFor();
    await app.page.emulateMedia({ reducedMotion: 'reduce' });
    const held = app.workers.holdFit('calibrate');
    await app.startFit();
    await held;
    await app.page.getByText('Calibrating with pictures and text').first().waitFor();
    await expect.poll(() => movements(app.page)).toEqual([]);
    // the same without the wish for less motion: something turns
    await app.page.emulateMedia({ reducedMotion: 'no-preference' });
    await expect.poll(() => movements(app.page)).not.toEqual([]);
    await app.button('Cancel').click();
    await app.button('Fit to my RAM').waitFor();
    expect(await newestJob()).toMatchObject({ state: 'cancelled' });
    expect(await app.api.library.list({})).toHaveLength(1);
  });

  it('starts again, pauses, waits over a restart, goes on and ends', async () => {
    await chooseMethod('edge-protected');
    const held = app.workers.holdAt((event) => event.kind === 'layer');
    await app.startFit();
    await held;
    await app.button('Pause').click();
    await app.page.getByRole('heading', { name: /is paused/ }).waitFor();
    const { id, share } = await newestJob();
    await app.door.restart();
    await app.page.getByRole('heading', { name: /is paused/ }).waitFor();
    expect(await newestJob()).toMatchObject({ id, state: 'paused', share });
    await app.button('Resume').click();
    await app.button('Chat with it').waitFor({ timeout: WHOLE_FIT });
    expect(await newestJob()).toMatchObject({ id, state: 'done', error: null });
    await chooseMethod('edge-protected');
    await app.page.getByText('Layers', { exact: true }).click();
    const main = app.page.getByRole('main');
    // what another method would give is there once it has been asked for
    for (const shown of ['Checked: it is', 'goes ultra-low', 'stays at 4 bit'])
      await main.getByText(shown).first().waitFor();
    expect(await main.locator('svg').count()).toBeGreaterThan(0);
  });

  it('is refused where it would break the quality asked for, says what that takes, and can be asked again', async () => {
    const old = await fittedModel();
    await chooseMethod('sensitivity');
    await app.page.getByText('found by measuring').waitFor();
    await chooseMethod('edge-protected');
    await app.page.getByLabel('Minimum quality').selectOption('0.98');
    await app.page.getByLabel(/^Memory it may take/).press('Home');
    await app.page.getByLabel(/^Memory it may take/).press('PageUp');
    await app.startFit('Refit to this budget');
    await app.page.getByText('where 98 % was asked for').waitFor({ timeout: WHOLE_FIT });
    expect(await newestJob()).toMatchObject({ state: 'failed', error: { code: 'DOES_NOT_FIT' } });
    expect(await fittedModel()).toEqual(old);
    const refused = app.page.getByRole('alert').filter({ hasText: 'where 98 % was asked for' });
    await expect.poll(() => inView(refused)).toBe(true);
    await refused.getByRole('button', { name: /^Ask for \d+ %$/ }).waitFor();
    await refused.getByRole('button', { name: 'Dismiss' }).click();
    await refused.waitFor({ state: 'detached' });
    await app.page.getByRole('heading', { name: /is ready$/ }).waitFor();
    await app.page.getByLabel('Minimum quality').selectOption('');
  });

  it('is made again for another budget, quicker, and keeps the old model until the new one is checked', async () => {
    const first = (await app.api.fits.list({})).find(({ state }) => state === 'done');
    if (!first) throw new Error('nothing was fitted');
    const old = await fittedModel();
    const content = readFileSync(old.path);
    const { modelId, contextTokens } = first;
    const { byLowLayers } = await app.api.fits.preview({ modelId, contextTokens });
    const layers = (first.lowLayers ?? 0) + 1;
    // what just fits as many layers, on a step of the slider
    const wanted = byLowLayers[layers]?.memory.totalBytes ?? 0;
    const slider = app.page.getByLabel(/^Memory it may take/);
    const [min, step] = (await Promise.all(['min', 'step'].map((name) => slider.getAttribute(name)))).map(
      Number,
    ) as [number, number];
    await slider.fill(String(min + Math.ceil((wanted - min) / step) * step));
    await app.page.getByText('Quicker than the first time').waitFor();

    const held = app.workers.holdFit('check');
    await app.startFit('Refit to this budget');
    await held;
    expect(readFileSync(old.path).equals(content)).toBe(true);
    expect(await fittedModel()).toEqual(old);
    app.workers.release();
    await app.page
      .getByText(`${layers} of ${byLowLayers.length - 1} layers ultra-low`)
      .waitFor({ timeout: WHOLE_FIT });
    const second = await newestJob();
    expect(second).toMatchObject({ state: 'done', lowLayers: layers });
    expect(second.report?.calibration.reused).toBe(true);
    expect(await fittedModel()).toMatchObject({ id: old.id, plan: { lowLayers: layers } });
  });

  it('is chatted with, and found again after a restart', async () => {
    await app.button('Chat with it').click();
    expect(await app.ask('What is 2 plus 2?')).not.toBe('');
    expect(await app.lastMessage()).toMatchObject({ modelId: (await fittedModel()).id });
    await app.door.restart();
    await app.go('Models');
    await app.page
      .getByText(/layers Q2_K/)
      .first()
      .waitFor();
  });

  it('answers beside its original, with speed and memory', async () => {
    await app.go('Chat');
    await app.page.getByRole('link', { name: 'Two models side by side' }).click();
    await app.type('What color is the sky?');
    for (const index of [0, 1]) {
      const column = app.answers.nth(index);
      await column.getByText(/^[\d.]+ tokens\/s$/).waitFor();
      expect(await column.innerText()).toMatch(/Peak memory\s+[\d.]+\s[KMG]iB/);
    }
    const names = await app.answers.getByRole('heading').allInnerTexts();
    expect(new Set(names).size).toBe(2);
    expect(names).toContain((await fittedModel()).name);
  });

  it('is stopped in between beside its original: what was said stays', async () => {
    const words = app.workers.holdAnswer();
    await app.type('Describe the sky.');
    const said = await words;
    await app.answers.nth(0).getByText(said).waitFor();
    await app.answers.nth(1).getByText('Waiting for the other model').waitFor();
    await app.button(/^Stop/).click();
    await app.answers.nth(0).getByText('You stopped this answer.').waitFor();
    await app.answers.nth(1).getByText('Stopped before it answered.').waitFor();
    expect(await app.answers.nth(0).innerText()).toContain(said);
    await app.button('Send').waitFor();
  });

  it(
    'tries several plans where that is asked for, keeps the nearest and shows what was tried',
    async () => {
      await app.go('Fit');
      const old = await fittedModel();
      await chooseMethod('best');
      await app.startFit('Refit to this budget');
      const table = app.page.getByRole('region', { name: 'What was tried' });
      await table.waitFor({ timeout: WHOLE_AUTO_FIT });

      const { report, budgetBytes } = await newestJob();
      const tried = report?.candidates ?? [];
      const distances = tried.map(({ quality }) => quality.image?.meanKld ?? Infinity);
      const [kept, ...others] = tried.filter(({ chosen }) => chosen);
      expect(others).toEqual([]);
      // of those that are as near as makes no difference the fastest is kept
      expect(kept?.quality.image?.meanKld).toBeLessThanOrEqual(Math.min(...distances) * 1.02);
      expect(new Set(tried.map(({ name }) => name))).toContain('tensors');
      for (const { totalBytes } of tried) expect(totalBytes).toBeLessThanOrEqual(budgetBytes ?? 0);
      const rows = await table.getByRole('row').allInnerTexts();
      expect(rows).toHaveLength(tried.length + 1);
      const shown = rows.slice(1).map((row) => Number(/\t([\d.]+)\t[^\t]*$/.exec(row)?.[1]));
      expect(shown).toEqual(
        distances.toSorted((a, b) => a - b).map((distance) => Number(distance.toFixed(3))),
      );
      expect(rows.filter((row) => row.includes('recommended and kept'))).toHaveLength(1);
      expect(await fittedModel()).toMatchObject({ id: old.id });
      await chooseMethod('edge-protected');
    },
    WHOLE_AUTO_FIT,
  );

  it('says of a model that is too large why, and what would fit, and can’t be started', async () => {
    const { limits } = await app.api.laptop.read({});
    const { model, mmproj } = writeSparseQwenVl(app.home, tooLargeFor(limits.mostBytes));
    const { added } = await app.api.library.add({ paths: [model, mmproj] });
    await app.go('Fit');
    await app.page.getByRole('radio', { name: /72B/ }).click();
    await app.page.getByRole('heading', { name: 'Too large for this laptop' }).waitFor();
    const said = await app.page.getByRole('main').innerText();
    for (const words of [
      /takes [\d.]+\sGiB of memory/,
      /can spare/,
      /up to about [\d.]+\s[BM] parameters fits/,
    ])
      expect(said).toMatch(words);
    const button = app.button('Fit to my RAM');
    expect(await button.isDisabled()).toBe(true);
    const described = await button.getAttribute('aria-describedby');
    expect(await app.page.locator(`[id="${described}"]`).innerText()).toContain('Too large for this laptop');
    expect(await app.page.getByLabel(/^Memory it may take/).count()).toBe(0);
    for (const { id } of added) await app.api.library.remove({ id, deleteFile: false });
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 400],
    ['dark', 400],
  ] as const)('has no serious accessibility finding on any page (%s, %i px)', async (theme, width) => {
    await app.api.settings.set({ theme });
    await app.page.setViewportSize({ width, height: 900 });
    const findings: string[] = [];
    for (const name of PAGES) {
      await app.go(name);
      await app.page.getByRole('heading', { level: 1 }).first().waitFor();
      findings.push(...(await seriousFindings(app.page)).map((finding) => `${name}: ${finding}`));
      const over = await overflow(app.page);
      if (over > 0) findings.push(`${name} is ${over} px wider than the window`);
      findings.push(...(await brokenUnits(app.page)).map((text) => `${name} breaks “${text}”`));
    }
    await app.page.setViewportSize({ width: 1280, height: 900 });
    expect(findings).toEqual([]);
  });

  it('needs no sideways scrolling at 200 % zoom', async () => {
    // what zoom does: half as many CSS pixels, each of twice as many dots
    const session = await app.page.context().newCDPSession(app.page);
    await session.send('Emulation.setDeviceMetricsOverride', {
      width: 640,
      height: 450,
      deviceScaleFactor: 2,
      mobile: false,
    });
    const wider: string[] = [];
    for (const name of PAGES) {
      await app.go(name);
      await app.page.getByRole('heading', { level: 1 }).first().waitFor();
      if ((await overflow(app.page)) > 0) wider.push(name);
    }
    await app.page.getByRole('navigation').first().getByRole('link', { name: 'Chat' }).click();
    await app.page.setViewportSize({ width: 1280, height: 900 });
    expect(wider).toEqual([]);
  });
});
