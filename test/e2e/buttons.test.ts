import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launchBrowser } from '../helpers/browser.ts';

// What a button looks like in each of its states, as Chromium computes it from the built style sheet.

const VARIANTS = ['primary', 'plain', 'quiet', 'danger'] as const;
const ATTRIBUTES = {
  usable: '',
  disabled: 'disabled',
  busy: 'aria-busy="true" aria-disabled="true"',
} as const;
/** WCAG 2.2, 1.4.3: text of this size; it asks nothing of disabled ones, which have to be read all the same */
const LEAST_CONTRAST = 4.5;

const assets = join(import.meta.dirname, '..', '..', 'dist', 'renderer', 'assets');

/** Everything that the window's style sheets say. */
function builtStyles(): string {
  return readdirSync(assets)
    .filter((name) => name.endsWith('.css'))
    .map((name) => readFileSync(join(assets, name), 'utf8'))
    .join('\n');
}

/** A page with a button of every variant and kind, in the built style. */
function pageOfButtons(theme: string): string {
  const styles = builtStyles();
  // Svelte gives a component's rules a class of their own
  const scope = /\.button\.(svelte-\w+)/.exec(styles)?.[1] ?? '';
  const buttons = VARIANTS.flatMap((variant) =>
    Object.entries(ATTRIBUTES).map(
      ([kind, attributes]) =>
        `<button id="${variant}-${kind}" class="button ${variant} medium ${scope}" ${attributes}>Words</button>`,
    ),
  );
  return `<html data-theme="${theme}"><style>${styles} * { transition: none !important }</style><body>${buttons.join('')}</body></html>`;
}

/** The contrast between a button's words and what is behind them, opacity and see-through faces counted in. */
function contrastOf(button: Locator): Promise<number> {
  return button.evaluate((element) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (!canvas) throw new Error('there is no canvas');
    // the canvas knows every way of writing a colour and lays them over each other
    const laid = (...colours: readonly string[]): readonly number[] => {
      canvas.globalAlpha = 1;
      canvas.clearRect(0, 0, 1, 1);
      for (const colour of colours) {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
      }
      return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const luminance = (rgb: readonly number[]): number => {
      const [red = 0, green = 0, blue = 0] = rgb.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const { color, backgroundColor, opacity } = getComputedStyle(element);
    if (opacity !== '1') throw new Error(`opacity ${opacity} dims the words, too`);
    const paper = getComputedStyle(document.body).backgroundColor;
    const face = luminance(laid(paper, backgroundColor));
    const words = luminance(laid(paper, backgroundColor, color));
    return (Math.max(face, words) + 0.05) / (Math.min(face, words) + 0.05);
  });
}

describe.skipIf(browserPath === undefined)('a button (skipped where there is no Chromium)', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage();
  });
  afterAll(() => browser.close());

  const enter: Readonly<Record<string, (button: Locator) => Promise<void>>> = {
    'at rest': () => page.mouse.move(0, 600),
    'under the mouse': (button) => button.hover({ force: true }),
    pressed: async (button) => {
      await button.hover({ force: true });
      await page.mouse.down();
    },
    focused: (button) => button.focus(),
  };

  async function leastContrasts(): Promise<readonly string[]> {
    const poor: string[] = [];
    for (const variant of VARIANTS) {
      for (const kind of Object.keys(ATTRIBUTES)) {
        const button = page.locator(`#${variant}-${kind}`);
        for (const [state, go] of Object.entries(enter)) {
          await go(button);
          const contrast = await contrastOf(button);
          await page.mouse.up();
          if (contrast < LEAST_CONTRAST) poor.push(`${variant}, ${kind}, ${state}: ${contrast.toFixed(2)}`);
        }
      }
    }
    return poor;
  }

  it.each(['light', 'dark'])('can be read in every variant and state, %s', async (theme) => {
    await page.emulateMedia({ forcedColors: 'none' });
    await page.setContent(pageOfButtons(theme));
    expect(await leastContrasts()).toEqual([]);
  });

  it('can be read in every variant and state in the colours that the system forces', async () => {
    await page.emulateMedia({ forcedColors: 'active' });
    await page.setContent(pageOfButtons('light'));
    expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true);
    expect(await leastContrasts()).toEqual([]);
  });

  it('that is busy or disabled does not look as if it could be pressed', async () => {
    await page.emulateMedia({ forcedColors: 'none' });
    await page.setContent(pageOfButtons('light'));
    for (const variant of VARIANTS) {
      for (const kind of ['disabled', 'busy']) {
        const button = page.locator(`#${variant}-${kind}`);
        const face = () => button.evaluate((element) => getComputedStyle(element).backgroundColor);
        await page.mouse.move(0, 600);
        const atRest = await face();
        await button.hover({ force: true });
        expect(await face(), `${variant}, ${kind}`).toBe(atRest);
      }
    }
  });
});
