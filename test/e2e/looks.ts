import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious and critical findings of axe on the page as it is. */
export async function seriousFindings(page: Page): Promise<string[]> {
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

/** CSS pixels by which the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

/** Numbers that stand at the end of a line whose unit or percent sign begins the next. */
export function brokenUnits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const numbers = /\d[ \u00a0](?=(?:%|[KMG]iB|[BKM]|nats?|s|min|h)(?![\p{L}\d]))/gu;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const broken: string[] = [];
    while (texts.nextNode()) {
      const node = texts.currentNode;
      const text = node.nodeValue ?? '';
      const topOf = (at: number): number => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect().top;
      };
      for (const { index } of text.matchAll(numbers))
        if (topOf(index) !== topOf(index + 2)) broken.push(text.slice(Math.max(0, index - 20), index + 20));
    }
    return broken;
  });
}

/** Names of running animations that move, turn or resize something. */
export function movements(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const moving = /^(transform|translate|rotate|scale|left|right|top|bottom|width|height)$/;
    return document
      .getAnimations()
      .filter(({ playState, effect }) => {
        const frames = effect instanceof KeyframeEffect ? effect.getKeyframes() : [];
        return (
          playState === 'running' &&
          frames.some((frame) => Object.keys(frame).some((key) => moving.test(key)))
        );
      })
      .map((animation) => (animation as CSSAnimation).animationName ?? animation.id);
  });
}

/** What has the focus, by name and tag; `ring` is whether one sees that, on it or on the box around it. */
export function focused(page: Page): Promise<{ name: string; tag: string; ring: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body;
    const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
    const own = element.getAttribute('aria-label') ?? labels.map((label) => label.innerText).join(' ');
    const name = own === '' ? (element as HTMLElement).innerText : own;
    const outlined = (one: Element | null): boolean => {
      if (!one) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
    };
    // a field without a frame of its own: the box around it, or around that, has the ring
    const box = element.parentElement;
    const ring = outlined(element) || outlined(box) || outlined(box?.parentElement ?? null);
    return { name: name.trim(), tag: element.tagName.toLowerCase(), ring };
  });
}

/** Whether one sees it where the page is scrolled to: its top inside the window, and nothing lying over it. */
export function inView(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => {
    const { top, left, bottom, right } = element.getBoundingClientRect();
    if (top < 0 || left < 0 || top >= window.innerHeight || right > window.innerWidth + 1) return false;
    const above = document.elementFromPoint(
      (left + right) / 2,
      Math.min((top + bottom) / 2, window.innerHeight - 1),
    );
    return above !== null && (element.contains(above) || above.contains(element));
  });
}
