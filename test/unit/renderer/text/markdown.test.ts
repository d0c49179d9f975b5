import { describe, expect, it } from 'vitest';
import { GrowingMarkdown, MOST_DEPTH, safeLink } from '../../../../src-renderer/text/markdown.ts';

const same = (html: string): string => html;
const render = (text: string): string => new GrowingMarkdown(same).render(text, true).join('');

/** Tags that markdown.ts itself writes; anything else would be the model's markup. */
const OURS =
  /^<\/?(?:p|br|hr|h[3-6]|ul|ol|li|blockquote|strong|em|del|a|code|pre|div|span|button|table|thead|tbody|tr|th|td)(?: (?:href|title|target|rel|class|type|dir|start|align|tabindex)="[^"<>]*")*\/?>$/;

function tagsOf(html: string): readonly string[] {
  return html.match(/<[^>]*>?/g) ?? [];
}

function expectHarmless(html: string): void {
  for (const tag of tagsOf(html)) expect(tag).toMatch(OURS);
  for (const [, address] of html.matchAll(/href="([^"]*)"/g)) expect(address).toMatch(/^https:\/\//);
}

describe('answers', () => {
  it('become paragraphs, emphasis, lists and headings below the page’s own', () => {
    expect(render('# Title\n\nsome **bold** and *fine*\n\n- one\n- two')).toBe(
      '<h3 dir="auto">Title</h3><p dir="auto">some <strong>bold</strong> and <em>fine</em></p><ul>\n<li>one</li>\n<li>two</li>\n</ul>\n',
    );
  });

  it('show code as it is, with its language and a copy button', () => {
    const html = render('```html\n<b>&amp;</b>\n```');
    expect(html).toContain('<span>html</span>');
    expect(html).toContain('<button type="button" class="copy-code">');
    expect(html).toContain('&lt;b&gt;&amp;amp;&lt;/b&gt;');
  });

  it('keep a fence that was never closed as code', () => {
    expect(render('before\n\n```js\nlet a = "<script>";')).toContain('let a = &quot;&lt;script&gt;&quot;;');
  });

  it('show tables, with the line breaks models write in their cells', () => {
    const html = render('| a | b |\n|---|--:|\n| 1<br>2 | 3 |');
    expect(html).toContain('<td>1<br>2</td>');
    expect(html).toContain('<td align="right">3</td>');
  });

  it('show task lists without form controls', () => {
    expect(render('- [x] done\n- [ ] open')).toMatch(/☑ done[\s\S]*☐ open/);
  });
});

describe('formulas', () => {
  const texOf = (html: string) =>
    [...html.matchAll(/<math.*?<\/math>/gs)].map(([math]) => math.replaceAll(/<[^>]*>/g, ''));

  it.each([
    ['\\(\\pi r^2\\)', ['πr2']],
    ['Area: \\(a + b\\), or $c$.', ['a+b', 'c']],
    ['$E=mc^2$', ['E=mc2']],
    ['if $x > 3$ and $y<4$ then', ['x&gt;3', 'y&lt;4']],
    ['the $n$-th, $\\text{speed}$', ['n', 'speed']],
    ['- $a_1$ *b*', ['a1']],
    ['| a |\n|--|\n| $x$ |', ['x']],
    ['**$x$** and *\\(y\\)*', ['x', 'y']],
    ['so $$x$$ and \\[y\\]', ['x', 'y']],
  ])('in %j are set', (text, expected) => {
    expect(texOf(render(text))).toEqual(expected);
  });

  it.each([
    'So\n\\[ a = b \\]\nthen',
    'So\n\n$$\na = b\n$$\n\nthen',
    'So\n$$a = b$$\nthen',
    '- So\n  $$a = b$$\n  then',
  ])('on their own are blocks: %j', (text) => {
    const shown = render(text);
    expect(shown).toMatch(/<div class="formula" tabindex="0"><math display="block"/);
    expect(texOf(shown)).toEqual(['a=b']);
    expect(shown).toMatch(/So.*then/s);
  });

  it.each([
    'It costs $5 and $10.',
    'From $5-$10, or US$3$ each',
    '$5M/yr and $6M/yr; pay $20,000 (about $18k) now',
    'between $5 and 10$ a day',
    '$HOME/bin and $USER$PATH',
    'a $ b $ c',
    '$1 - $2',
    '\\$x\\$',
    '`$x$` and `\\(y\\)`',
    '```\n$$x$$\n\\[y\\]\n```',
    '    $$x$$',
    '$$ never closed',
    '\\\\(x)',
  ])('are not seen in %j', (text) => {
    expect(render(text)).not.toContain('<math');
  });

  it('that can’t be read stay as they were written', () => {
    expect(render('bad \\(\\frac{\\) x')).toContain('bad <code>\\(\\frac{\\)</code> x');
    expect(render('$\\href{javascript:x}{y}$ $\\includegraphics{x}$')).not.toContain('<math');
  });

  it('take no time of their own, however they are written', () => {
    for (const hostile of [
      '$'.repeat(4000),
      '$x '.repeat(20_000),
      '\\['.repeat(20_000),
      '\n\n$$x'.repeat(20_000),
    ])
      expect(render(hostile)).not.toContain('<math');
    const deep = `$${'{'.repeat(900)}x${'}'.repeat(900)}$`;
    expect(render(deep)).toContain('x');
    expect(render('$\\def\\a{\\b\\b}\\def\\b{\\a\\a}\\a$')).not.toContain('<math');
  });
});

describe('links', () => {
  it('lead out by https alone, in a window of their own, with their address shown', () => {
    expect(render('[docs](https://example.org/a?b=1&c=2)')).toContain(
      '<a href="https://example.org/a?b=1&amp;c=2" title="https://example.org/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow">docs</a>',
    );
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java&#10;script:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'http://example.org',
    '//example.org',
    '/pictures/abc',
    '#/settings',
    'https://bank.example@evil.example/',
    'snug://x',
  ])('are words only when they go to %s', (address) => {
    expect(render(`[click](${address})`)).not.toContain('<a');
    expect(safeLink(address)).toBeNull();
  });

  it('never become pictures: their words stand there instead', () => {
    expect(render('![a cat](https://example.org/cat.png)')).toMatch(
      /^<p dir="auto"><a href="[^"]*"[^>]*>a cat<\/a><\/p>$/,
    );
    expect(render('![dot](data:image/png;base64,AAAA)')).toBe('<p dir="auto">dot</p>');
    expect(render('![](http://tracker.example/x.gif)')).toBe('<p dir="auto">picture</p>');
  });
});

describe('hostile answers', () => {
  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    'text <svg/onload=alert(1)> text',
    '<pre><code><img src=x onerror=alert(1)></code></pre>',
    '<iframe srcdoc="<script>1</script>"></iframe>',
    '<!-- <script>alert(1)</script> -->',
    '<![CDATA[<script>]]>',
    '<a href="javascript:alert(1)">x</a>',
    '<style>*{display:none}</style>',
    '<math><mi><mglyph><style><img src=x onerror=alert(1)>',
    '[x](https://example.org "\\" onmouseover=\\"alert(1)")',
    '[x](https://example.org/"onmouseover="alert(1))',
    '![" onerror="alert(1)](https://example.org)',
    '```"><script>alert(1)</script>\ncode\n```',
    '`<script>alert(1)</script>`',
    '| <script>alert(1)</script> |\n|--|\n| <img src=x onerror=alert(1)> |',
    '# <img src=x onerror=alert(1)>',
    '<https://example.org/"onclick=alert(1)>',
    '<javascript:alert(1)>',
    '[a]: javascript:alert(1)\n\n[a]',
    '<b\nonclick=alert(1)>x</b\n>',
    '\u0000<script>\u0000alert(1)</script>',
  ])('stay words: %s', (text) => expectHarmless(render(text)));

  it.each([
    [
      'a table with more cells than letters',
      `${'|a'.repeat(3000)}|\n${'|-'.repeat(3000)}|\n${'|\n'.repeat(3000)}`,
    ],
    ['quotes in quotes', '>'.repeat(20_000)],
    ['lists in lists', '* '.repeat(5000)],
    ['emphasis that never closes', '_a__b'.repeat(20_000)],
    ['brackets that never close', '['.repeat(50_000)],
    ['half links', '[a]('.repeat(30_000)],
    ['angle brackets', '<a '.repeat(30_000)],
    ['one long word', 'a'.repeat(300_000)],
    ['a fence that never closes', `\`\`\`\n${'x\n'.repeat(100_000)}`],
  ])('do not stop the window: %s', (_, text) => {
    const start = performance.now();
    const html = render(text);
    expect(performance.now() - start).toBeLessThan(2000);
    expectHarmless(html.slice(0, 20_000));
  });

  it('keep the words of what is nested too deep', () => {
    expect(render(`${'> '.repeat(MOST_DEPTH + 5)}deep`)).toContain('deep');
  });
});

describe('an answer that grows', () => {
  const text = [
    '# Title\n\nA paragraph with **bold** words\nover two lines.\n\n',
    '- one\n- two\n\n- three after a gap\n\n  still three\n\n1. first\n2. second\n\n',
    '| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a = 1;\n\nlet b = 2;\n```\n\n> quoted\nlazily\n\n',
    '\\(a\\) costs $5 and $b^2$\n\nso\n\\[x\n= y\\]\nthen\n\n$$z$$\n\n',
    'setext\n===\n\n    indented code\n\nlast <b>words</b>\r\nend',
  ].join('');

  it('reads as the whole text does, after every letter', () => {
    const growing = new GrowingMarkdown(same);
    for (let end = 1; end <= text.length; end++) {
      const part = text.slice(0, end);
      expect(growing.render(part, false).join('')).toBe(render(part));
    }
  });

  it('renders only what changed', () => {
    let rendered = 0;
    const growing = new GrowingMarkdown((html) => {
      rendered++;
      return html;
    });
    const start = Array.from({ length: 50 }, (_, index) => `paragraph ${index}\n\n`).join('');
    growing.render(start, false);
    rendered = 0;
    growing.render(`${start}more`, false);
    growing.render(`${start}more words`, false);
    expect(rendered).toBeLessThanOrEqual(4);
  });

  it('starts anew when the text is another', () => {
    const growing = new GrowingMarkdown(same);
    growing.render('first', false);
    expect(growing.render('second', false).join('')).toBe('<p dir="auto">second</p>');
  });
});
