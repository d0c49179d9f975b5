import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../src-main/serve/server.ts';
import { openServices } from '../src-main/services/services.ts';
import { launchBrowser } from '../test/helpers/browser.ts';

/**
 * Pictures of every page in both themes, wide and narrow, with the demo model fitted and a conversation about one of its pictures:
 * `npm run build && node tools/screenshots.ts [FOLDER]`, docs/screenshots by default.
 */

const root = join(import.meta.dirname, '..');
const folder = process.argv[2] ?? join(root, 'docs', 'screenshots');
const picture = join(root, 'resources', 'demo-model', 'samples', 'shapes.png');
const SIZES = [
  { name: 'wide', width: 1280, height: 900 },
  { name: 'narrow', width: 400, height: 860 },
];

mkdirSync(folder, { recursive: true });
const home = mkdtempSync(join(tmpdir(), 'snug-screenshots-'));
const services = await openServices({ home, door: 'browser' });
// of a model as small as the demo's two threads measure how long they wait for each other
await services.api.settings.set({ threads: 1 });
const server = await startServer(services, { port: 0 });
const browser = await launchBrowser();
const context = await browser.newContext();
const page = await context.newPage();
page.setDefaultTimeout(300_000);
await page.goto(server.url);

await page.getByRole('button', { name: /Fit to my RAM/ }).click();
await page.getByText('Chat with it').first().waitFor();
await page.getByRole('navigation').first().getByRole('link', { name: 'Chat' }).click();
await page
  .getByRole('button', { name: /New chat/ })
  .first()
  .click();
await page.getByText('Ask about a picture', { exact: true }).waitFor();
await page.locator('input[type=file]').first().setInputFiles(picture);
await page.getByText(/This picture takes/).waitFor();
for (const [index, question] of ['How many shapes are there?', 'Describe the image.'].entries()) {
  await page.getByLabel('Your question').fill(question);
  await page.getByLabel('Your question').press('Enter');
  await page
    .getByRole('article', { name: /^Answer by/ })
    .nth(index)
    .getByRole('button', { name: 'Copy answer' })
    .waitFor();
}
for (const theme of ['light', 'dark'] as const) {
  await services.api.settings.set({ theme });
  for (const { name: size, width, height } of SIZES) {
    await services.api.settings.set({ threads: 1 });
    await page.setViewportSize({ width, height });
    for (const name of ['Fit', 'Chat', 'Models', 'Settings']) {
      if (name === 'Settings') await services.api.settings.set({ threads: null });
      await page.getByRole('navigation').first().getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      // what a fit would give is asked for when the page opens
      if (name === 'Fit')
        await page
          .getByRole('region', { name: 'Fitting' })
          .getByText(/ file · /)
          .waitFor();
      // fonts and transitions settle
      await page.waitForTimeout(600);
      await page.screenshot({ path: join(folder, `${name.toLowerCase()}-${theme}-${size}.png`) });
    }
  }
}
await browser.close();
await server.close();
await services.close();
rmSync(home, { recursive: true, force: true });
