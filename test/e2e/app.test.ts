import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../src-main/serve/server.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { sample } from '../fixtures/gguf-parts.ts';
import { browserPath, launchBrowser } from '../helpers/browser.ts';

// What a person does, in a real browser, on the built page and the real app behind it.

const root = join(import.meta.dirname, '..', '..');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let home: string;
let services: Services;
let server: RunningServer;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

async function open(): Promise<void> {
  services = openServices({ home, door: 'browser' });
  server = await startServer(services, { port: 0 });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(server.url);
}

async function close(): Promise<void> {
  await page.context().close();
  await server.close();
  await services.close();
}

const go = (name: string) => page.getByRole('navigation').first().getByRole('link', { name }).click();
const composer = () => page.getByLabel('Your question');
const answers = () => page.getByRole('article', { name: /^Answer by/ });

async function ask(question: string): Promise<string> {
  const before = await answers().count();
  await composer().fill(question);
  await composer().press('Enter');
  await answers().nth(before).getByRole('button', { name: 'Copy answer' }).waitFor();
  return answers().nth(before).innerText();
}

/** Serious and critical findings of axe on the page as it is. */
async function seriousFindings(): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    interface Finding {
      readonly id: string;
      readonly impact: string | null;
      readonly nodes: readonly { readonly html: string }[];
    }
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

describe.skipIf(browserPath === undefined)(
  'the app in Chromium (skipped where there is none: apt install chromium)',
  () => {
    beforeAll(async () => {
      execFileSync(
        process.execPath,
        [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
        {
          cwd: root,
          stdio: 'inherit',
        },
      );
      home = mkdtempSync(join(tmpdir(), 'snug-e2e-'));
      browser = await launchBrowser();
      await open();
      // two cores, shared with the browser
      await services.api.settings.set({ threads: 1, contextTokens: 1024 });
    });
    afterAll(async () => {
      await close();
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    });
    afterEach(() => {
      expect(complaints.splice(0)).toEqual([]);
    });

    it('fits the demo model: slider, button, stages, chart, result', async () => {
      await page.getByRole('heading', { level: 1, name: /Fit a model/ }).waitFor();
      await page.getByLabel(/Memory it may take/).waitFor();
      await page.getByRole('button', { name: /Fit to my RAM/ }).click();
      await page
        .getByRole('link', { name: /Chat with it/ })
        .or(page.getByRole('button', { name: /Chat with it/ }))
        .first()
        .waitFor();
      const [job] = await services.api.fits.list({});
      expect(job).toMatchObject({ state: 'done', error: null });
      const words = await page.getByRole('main').innerText();
      for (const shown of ['goes ultra-low', 'stays at 4 bit', 'Refit to this budget'])
        expect(words).toContain(shown);
      expect(await page.getByRole('main').locator('svg').count()).toBeGreaterThan(0);
    }, 300_000);

    it('chats about a picture from the file dialog, with a follow-up', async () => {
      await go('Chat');
      const newChat = page.getByRole('button', { name: /New chat/ }).first();
      await newChat.click();
      await page.locator('input[type=file]').first().setInputFiles(sample('circle'));
      await page
        .getByText(/tokens/)
        .first()
        .waitFor();
      expect(await ask('What color is the circle?')).not.toBe('');
      expect(await ask('How many shapes are there?')).not.toBe('');
      const [conversation] = await services.api.conversations.list({});
      expect(conversation?.messages).toBe(4);
    });

    it('keeps the others when one dropped file is no picture, and says why', async () => {
      const broken = join(home, 'notes.png');
      writeFileSync(broken, 'no picture');
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles([broken, sample('shapes')]);
      await page
        .getByText(/is not a picture that can be read/)
        .first()
        .waitFor();
      await page.getByRole('button', { name: /^Remove shapes/ }).click();
      // the browser itself notes the refused upload
      expect(complaints.splice(0)).toEqual([expect.stringContaining('400')]);
    });

    it('answers again, edits with the arrow key, and finds it by search', async () => {
      await page.getByRole('button', { name: 'Answer again' }).last().click();
      await answers().nth(1).getByRole('button', { name: 'Copy answer' }).waitFor();
      await composer().focus();
      await composer().press('ArrowUp');
      await composer().fill('Is there a blue circle?');
      await composer().press('Enter');
      await answers().nth(1).getByRole('button', { name: 'Copy answer' }).waitFor();
      await page.getByLabel('Search conversations').fill('blue cir');
      await page
        .getByText(/blue circle/)
        .first()
        .waitFor();
      await page.getByLabel('Search conversations').fill('');
      expect(await services.api.conversations.search({ query: 'many shapes' })).toEqual([]);
    });

    it('finds everything again after a restart', async () => {
      const before = await services.api.conversations.list({});
      await close();
      await open();
      await go('Chat');
      await page.getByText('What color is the circle?').first().click();
      await answers().first().waitFor();
      expect(await services.api.conversations.list({})).toEqual(before);
      await go('Models');
      await page
        .getByText(/layers IQ1_M/)
        .first()
        .waitFor();
    });

    it.each([
      ['light', 1280],
      ['dark', 1280],
      ['light', 400],
      ['dark', 400],
    ] as const)('has no serious accessibility finding on any page (%s, %i px)', async (theme, width) => {
      await services.api.settings.set({ theme });
      await page.setViewportSize({ width, height: 900 });
      const findings: string[] = [];
      for (const name of ['Fit', 'Chat', 'Models', 'Settings']) {
        await go(name);
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        findings.push(...(await seriousFindings()).map((finding) => `${name}: ${finding}`));
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (overflow > 0) findings.push(`${name} is ${overflow} px wider than the window`);
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      expect(findings).toEqual([]);
    });
  },
);
