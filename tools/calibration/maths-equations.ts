import { qa } from './flow.ts';
import { sheet, text } from './svg.ts';
import type { Font, Picture, Rng, Turn } from './svg.ts';

export function figure(
  name: string,
  width: number,
  height: number,
  paper: string,
  body: string[],
  turns: Turn[],
  heldOut = false,
): Picture {
  return { name, kind: 'maths', width, height, svg: sheet(width, height, paper, body), turns, heldOut };
}

const signed = (n: number, letter = ''): string =>
  `${n < 0 ? '−' : '+'} ${Math.abs(n) === 1 && letter ? '' : Math.abs(n)}${letter}`;

export const minus = (n: number): string => String(n).replace('-', '−');

function board(
  name: string,
  lines: readonly string[],
  font: Font,
  paper: string,
  ink: string,
  turns: Turn[],
  size = 30,
  heldOut = false,
): Picture {
  const longest = Math.max(...lines.map((l) => l.length));
  const width = Math.max(280, Math.round(longest * size * 0.58 + 70));
  const height = Math.max(224, Math.round(60 + lines.length * size * 1.6));
  const top = (height - lines.length * size * 1.6) / 2;
  const body = lines.map((l, i) => text(36, top + (i + 0.72) * size * 1.6, l, { size, font, fill: ink }));
  return figure(name, width, height, paper, body, turns, heldOut);
}

export function equations(rng: Rng): Picture[] {
  const [p, q] = [rng.int(2, 6), -rng.int(1, 5)];
  const quadratic = `x² ${signed(-(p + q), 'x')} ${signed(p * q)} = 0`.replace('+ 0x ', '');
  const [x, y] = [rng.int(2, 7), rng.int(-4, -1)];
  const system = [`2x + 3y = ${minus(2 * x + 3 * y)}`, `x − y = ${minus(x - y)}`];
  const [a, b, c, d] = [rng.int(1, 4), 5, rng.int(1, 5), 6];
  const numerator = a * d + c * b;
  const derivative = [rng.int(2, 5), rng.int(3, 9)] as const;
  return [
    board(
      'quadratic',
      ['Solve:', quadratic],
      'dejavuSerif',
      '#fffdf7',
      '#14213d',
      qa(
        [
          'Solve the equation.',
          `The equation factors as (x − ${p})(x + ${-q}) = 0, so x = ${p} or x = ${minus(q)}.`,
        ],
        ['Transcribe the equation as plain text.', quadratic],
      ),
    ),
    board(
      'system',
      system,
      'notoSerif',
      '#20362c',
      '#f5f5e6',
      qa([
        'Find x and y.',
        `From the second equation x = y + ${x - y}. Putting this into the first gives 2(y + ${x - y}) + 3y = ${minus(2 * x + 3 * y)}, so 5y = ${minus(5 * y)} and y = ${minus(y)}. Then x = ${x}.`,
      ]),
    ),
    board(
      'fractions',
      [`${a}/${b} + ${c}/${d} = ?`],
      'dejavu',
      '#ffffff',
      '#222222',
      qa([
        'What is the sum?',
        `Over the common denominator 30 this is ${a * d}/30 + ${c * b}/30 = ${numerator}/30.`,
      ]),
      40,
    ),
    board(
      'derivative',
      [`f(x) = ${derivative[0]}x³ − ${derivative[1]}x`, 'f ′(x) = ?'],
      'dejavuSerif',
      '#f3f0ff',
      '#2a1a5e',
      qa(
        ['Differentiate the function.', `f ′(x) = ${derivative[0] * 3}x² − ${derivative[1]}`],
        ['What is f(1)?', minus(derivative[0] - derivative[1])],
      ),
      28,
      true,
    ),
    board(
      'homework',
      ['1)  7 × 8 = 56', '2)  9 × 6 = 56', '3)  81 ÷ 9 = 9', '4)  45 − 18 = 27'],
      'noto',
      '#eef5ff',
      '#1d3f8f',
      qa(
        [
          'One of these answers is wrong. Which one, and what should it be?',
          'Number 2 is wrong: 9 × 6 = 54, not 56.',
        ],
        ['How many exercises are there?', '4'],
      ),
      26,
    ),
  ];
}
