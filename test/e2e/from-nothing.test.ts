import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoMmproj, sample } from '../fixtures/demo.ts';
import { DEMO_REPOSITORY, demoToDownload, writeCatalogue } from '../helpers/downloadable-demo.ts';
import { fromDisk, given } from '../helpers/hub/content.ts';
import { TestHub } from '../helpers/hub/test-hub.ts';
import { inEachDoor } from './app.ts';
import { overflow, seriousFindings } from './looks.ts';

const folder = mkdtempSync(join(tmpdir(), 'snug-catalogue-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

inEachDoor('from nothing to an answer', { holds: true, catalogue: writeCatalogue(folder) }, (app) => {
  let hub: TestHub;
  const card = () => app.page.getByRole('article', { name: 'Demo-VL 3M', exact: true });
  beforeAll(async () => {
    hub = await TestHub.start();
    hub.put(DEMO_REPOSITORY, {
      files: {
        'demo-vl-3m-f16.gguf': given(demoToDownload()),
        'mmproj-demo-vl-3m-f16.gguf': fromDisk(demoMmproj),
      },
    });
    await app.api.settings.set({ hubAddress: hub.address });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  it('the first start leads to the models that can be had, and asks nobody about them', async () => {
    await app.button('Get a real one').click();
    await app.page.getByRole('heading', { name: 'Get your first model' }).waitFor();
    await card().getByText('Fits', { exact: true }).waitFor();
    await card().getByRole('link', { name: 'MIT' }).waitFor();
    expect(hub.asked).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await app.page.emulateMedia({ colorScheme });
      await expect.poll(() => seriousFindings(app.page)).toEqual([]);
    }
    await app.page.setViewportSize({ width: 400, height: 760 });
    await expect.poll(() => overflow(app.page)).toBeLessThanOrEqual(0);
    await app.page.setViewportSize({ width: 1280, height: 900 });
  });

  it('what it takes is shown before it is downloaded', async () => {
    await card().getByRole('button', { name: 'See exact sizes' }).click();
    await card().getByText('Disk when the fit takes most').waitFor();
    await card().getByText('Memory once fitted').waitFor();
    expect(await app.api.downloads.list({})).toEqual([]);
  });

  it('it is downloaded, fitted, and says what is in a picture', async () => {
    await card()
      .getByRole('button', { name: /^Get .*MiB/ })
      .click();
    await card().getByRole('button', { name: 'Fit' }).click();
    await app.page.getByRole('heading', { level: 1, name: /Fit a model/ }).waitFor();
    await app.startFit();
    await app.button('Chat with it').click({ timeout: 350_000 });
    await app.attach(sample('circle'));
    expect(await app.ask('What color is the circle?')).not.toBe('');
    expect(await app.lastMessage()).toMatchObject({ error: null });
    const fitted = (await app.api.library.list({})).find(({ kind }) => kind === 'fitted');
    expect(fitted?.mmproj).not.toBeNull();
    expect(fitted?.path).toContain('demo-vl-3m');
  });

  it('what is pasted in the place of a path is looked at, too', async () => {
    await app.go('Models');
    await app.page.getByLabel('Path of a file or folder').fill(`${DEMO_REPOSITORY}:F16`);
    await app.button('Add').click();
    await app.page.getByRole('heading', { name: /^From 127/ }).waitFor();
    const offered = app.page.getByRole('article', { name: 'Demo-VL 3M' }).first();
    await offered.getByRole('button', { name: 'Chat' }).waitFor();
  });

  it('another of its files can be chosen, and is shown while the hub is asked about it', async () => {
    hub.put('snug-test/Two-GGUF', {
      files: {
        'two-f16.gguf': given(demoToDownload()),
        'two-q8_0.gguf': given(demoToDownload()),
        'mmproj-two-f16.gguf': fromDisk(demoMmproj),
      },
    });
    await app.go('Models');
    await app.page.getByLabel('Path of a file or folder').fill('snug-test/Two-GGUF');
    await app.button('Add').click();
    const file = app.page.getByLabel('File', { exact: true });
    expect(await file.inputValue()).toBe('F16');
    await file.selectOption('Q8_0');
    expect(await file.inputValue()).toBe('Q8_0');
    await app.page.locator('article [aria-busy="true"]').waitFor({ state: 'detached' });
    expect(await file.inputValue()).toBe('Q8_0');
  });
});
