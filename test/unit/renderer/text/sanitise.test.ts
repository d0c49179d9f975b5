import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launchBrowser } from '../../../helpers/browser.ts';

// DOMPurify needs a real document: a browser's own parser is what hostile markup is written for.

const HOSTILE = [
  '<script>window.harmed = true</script>',
  '<img src=x onerror="window.harmed = true">',
  '<svg><script>window.harmed = true</script></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.harmed=true&gt;">',
  '<math><annotation-xml encoding="text/html"><img src=x onerror="window.harmed = true"></annotation-xml></math>',
  '<math href="javascript:window.harmed = true"><mi>x</mi></math>',
  '<math><maction actiontype="statusline#x" xlink:href="javascript:window.harmed = true"><mi>x</mi></maction></math>',
  '<math><mi style="background:url(https://example.org/x)" onmouseover="window.harmed = true">x</mi></math>',
  '<math><mtext></math><img src=x onerror="window.harmed = true">',
  '<a href="javascript:window.harmed = true">x</a>',
  '<a href="data:text/html,x">x</a>',
  '<a href="http://example.org/">x</a>',
  '<img src="https://example.org/x.png">',
  '<p style="background:url(https://example.org/x)">x</p>',
  '<iframe src="https://example.org"></iframe>',
  '<form action="https://example.org"><input name="x"></form>',
  '<div onclick="window.harmed = true" id="app" name="body">x</div>',
  '<link rel="stylesheet" href="https://example.org/x.css"><base href="https://example.org/"><meta http-equiv="refresh" content="0">',
  '<noscript><p title="</noscript><img src=x onerror=window.harmed=true>">',
  '<template><img src=x onerror=window.harmed=true></template>',
];

async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('../../../../src-renderer/text/sanitise.ts', import.meta.url));
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'purifier' } },
  });
  const [first] = Array.isArray(output) ? output : [output];
  const chunk = first && 'output' in first ? first.output[0] : undefined;
  return chunk?.code ?? '';
}

describe.skipIf(browserPath === undefined)('what reaches the page', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.route('**/*', (route) => route.abort());
    await page.addScriptTag({ content: await bundle() });
  }, 60_000);
  afterAll(async () => browser.close());

  const sanitised = (html: string): Promise<string> =>
    page.evaluate(
      (text) =>
        String(
          (window as unknown as { purifier: { sanitise(html: string): unknown } }).purifier.sanitise(text),
        ),
      html,
    );

  it.each(HOSTILE)('runs and loads nothing: %s', async (html) => {
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const clean = await sanitised(html);
    expect(clean).not.toMatch(
      /<(?:script|img|svg|annotation|maction|mglyph|iframe|form|input|style|link|base|meta|template)/i,
    );
    expect(clean).not.toMatch(/ (?:on\w+|style|src|id|name)=/i);
    expect(clean).not.toMatch(/href="(?!https:\/\/)/i);
    await page.evaluate((text) => {
      document.body.innerHTML = text;
    }, clean);
    expect(await page.evaluate(() => 'harmed' in window)).toBe(false);
    expect(requests).toEqual([]);
  });

  it('keeps what answers are made of', async () => {
    const answer =
      '<p dir="auto">a <strong>b</strong></p><div class="table" tabindex="0"><table><tbody><tr><td align="right">1</td></tr></tbody></table></div>' +
      '<a href="https://example.org/" title="https://example.org/" target="_blank" rel="noopener noreferrer nofollow">c</a>' +
      '<button type="button" class="copy-code">Copy</button><ol start="3"><li>d</li></ol>' +
      '<div class="formula" tabindex="0"><math display="block"><msup><mi>x</mi><mn>2</mn></msup><mo stretchy="false">)</mo><mtable displaystyle="true"><mtr><mtd class="tml-right"><mspace width="1em"></mspace></mtd></mtr></mtable></math></div>';
    const names = (html: string): readonly string[] => (html.match(/[\w-]+="[^"]*"/g) ?? []).toSorted();
    expect(names(await sanitised(answer))).toEqual(names(answer));
    expect(await sanitised(answer)).toContain('<msup><mi>x</mi><mn>2</mn></msup>');
  });
});
