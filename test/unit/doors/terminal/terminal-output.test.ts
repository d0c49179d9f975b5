import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { paint, TerminalOutput } from '../../../../src-main/doors/terminal/terminal-output.ts';

const HOSTILE = '\x1b]0;OWNED\x07\x1b[2J\x9b31m\x1b[8m\rhidden\u202e';
const ACTS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

function terminal() {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _, done) => {
      written.push(chunk);
      done();
    },
  });
  return { to: new TerminalOutput(stream as NodeJS.WriteStream), said: () => written.join('') };
}

afterEach(() => vi.unstubAllEnvs());

describe('text of others on a terminal', () => {
  it.each<[string, (to: TerminalOutput) => void]>([
    ['in a line', (to) => to.lines(`a model: ${HOSTILE}`)],
    ['in several lines', (to) => to.text(`Error:\n${HOSTILE}\n`)],
    ['in a piece of an answer', (to) => to.piece(HOSTILE)],
    ['as JSON', (to) => to.json({ name: HOSTILE })],
    ['in colour', (to) => to.lines(paint('red', HOSTILE))],
  ])('%s is shown and does nothing', (_, say) => {
    const { to, said } = terminal();
    say(to);
    expect(said()).not.toMatch(ACTS);
    expect(said()).toContain('\\u001b]0;OWNED');
  });

  it('does nothing either in a line that is drawn anew', () => {
    const { to, said } = terminal();
    to.redraw(HOSTILE);
    expect(said().slice(0, 5)).toBe('\r\x1b[2K');
    expect(said().slice(5)).not.toMatch(ACTS);
  });

  it('makes no lines of its own', () => {
    const { to, said } = terminal();
    to.lines('name\nError: forged', 'next');
    expect(said()).toBe('name\\nError: forged\nnext\n');
  });

  it('is cut where it is longer than a line may be, or has more lines', () => {
    const { to, said } = terminal();
    to.lines('x'.repeat(1e6));
    to.text('line\n'.repeat(1e5));
    expect(said().length).toBeLessThan(20_000);
    expect(said()).toContain('996000 more characters');
    expect(said()).toContain('more lines');
  });
});

describe('our own colours', () => {
  it('act, also around what does not, and at the end of what was cut', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    const { to, said } = terminal();
    to.lines(`${paint('red', `a ${HOSTILE}`)} b`);
    expect(said()).toMatch(/^\x1b\[31ma \\u001b\]0.*\x1b\[39m b\n$/);
    to.lines(paint('green', 'x'.repeat(1e5)));
    expect(said().endsWith('\x1b[39m\n')).toBe(true);
  });
});

it('Windows ends lines with two characters, of which one is enough', () => {
  const { to, said } = terminal();
  to.text('one\r\ntwo');
  to.piece('three\r\n');
  expect(said()).toBe('one\ntwo\nthree\n');
});
