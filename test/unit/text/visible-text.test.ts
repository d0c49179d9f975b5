import { describe, expect, it } from 'vitest';
import { visibleJson, visibleLine, visibleText } from '../../../src-main/text/visible-text.ts';

describe('what would act on a terminal', () => {
  it.each([
    ['a window title', '\x1b]0;OWNED\x07', '\\u001b]0;OWNED\\u0007'],
    ['a cleared screen', '\x1b[2J', '\\u001b[2J'],
    ['the clipboard', '\x1b]52;c;eA==\x07', '\\u001b]52;c;eA==\\u0007'],
    ['the same in one C1 character', '\x9b2J', '\\u009b2J'],
    ['a return to the start of the line', 'a\rb', 'a\\u000db'],
    ['backspaces', 'a\bb\x7f', 'a\\u0008b\\u007f'],
    ['a null', '\0', '\\u0000'],
    ['text that is turned round', 'ab\u202egpj.exe\u2066', 'ab\\u202egpj.exe\\u2066'],
    ['characters without width', 'a\u200bb\u2060\ufeff', 'a\\u200bb\\u2060\\ufeff'],
    ['a hidden message in tags', 'a\u{e0041}', 'a\\udb40\\udc41'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ])('%s is shown', (_, text, shown) => {
    expect(visibleText(text)).toBe(shown);
    expect(visibleLine(text)).toBe(shown);
  });

  it('is the same value in JSON', () => {
    const value = { name: '\x1b[2J\x9b\x7f\u202e"\n\u{e0041}' };
    const json = visibleJson(value);
    expect(json).toMatch(/^[ -~]+$/);
    expect(JSON.parse(json)).toEqual(value);
  });
});

it('what writing needs is left as it is', () => {
  const text = 'zwölf, 日本語, العربية, می‌خواهم, 👩‍👩‍👧, é\n\tindented';
  expect(visibleText(text)).toBe(text);
});

describe('a line', () => {
  it('has no other lines in it', () => {
    expect(visibleLine('name\nError: forged\tcolumn')).toBe('name\\nError: forged\\tcolumn');
  });

  it('is cut where it is longer than may be shown', () => {
    expect(visibleLine('x'.repeat(1000), 10)).toBe('xxxxxxxxxx… (990 more characters)');
    expect(visibleLine('x'.repeat(10), 10)).toBe('xxxxxxxxxx');
  });
});
