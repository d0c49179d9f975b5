import { qa } from './flow.ts';
import { equations, figure, minus } from './maths-equations.ts';
import { at, circle, line, path, polygon, rect, text } from './svg.ts';
import type { Picture, Rng } from './svg.ts';

function triangle(): Picture {
  const [a, b] = [6, 8];
  const body = [
    polygon(
      [
        [70, 290],
        [390, 290],
        [70, 50],
      ],
      { fill: '#e6f0fa', stroke: '#1f4e79', width: 3 },
    ),
    rect(70, 268, 22, 22, { stroke: '#1f4e79', width: 2 }),
    text(50, 180, `${a} cm`, { size: 18, anchor: 'middle', rotate: -90 }),
    text(230, 318, `${b} cm`, { size: 18, anchor: 'middle' }),
    text(248, 160, 'x', { size: 22, italic: true, font: 'serif' }),
    ...(
      [
        ['A', 54, 44],
        ['B', 52, 312],
        ['C', 400, 308],
      ] as const
    ).map(([s, x, y]) => text(x, y, s, { size: 19, bold: true })),
  ];
  return figure(
    'triangle',
    450,
    344,
    '#ffffff',
    body,
    qa(
      [
        'How long is the side x?',
        `By Pythagoras x² = ${a}² + ${b}² = ${a * a + b * b}, so x = ${Math.hypot(a, b)} cm.`,
      ],
      ['What is the area of the triangle?', `½ · ${a} cm · ${b} cm = ${(a * b) / 2} cm²`],
      ['At which corner is the right angle?', 'B'],
    ),
  );
}

function circleFigure(): Picture {
  const body = [
    circle(170, 170, 120, { fill: '#fff4e0', stroke: '#b35900', width: 3 }),
    line(170, 170, 290, 170, { stroke: '#b35900', width: 2.5 }),
    circle(170, 170, 4, { fill: '#333' }),
    text(158, 192, 'M', { size: 18, bold: true }),
    text(230, 160, 'r = 5 m', { size: 18, anchor: 'middle' }),
  ];
  return figure(
    'circle',
    340,
    340,
    '#ffffff',
    body,
    qa(
      ['What is the diameter of the circle?', '10 m'],
      ['What is the area, in terms of π?', 'π · 5² = 25π square metres, roughly 78.5 m².'],
    ),
  );
}

function angles(): Picture {
  const known = 128;
  const rad = ((180 - known) * Math.PI) / 180;
  const [cx, cy] = [250, 220];
  const body = [
    line(40, cy, 460, cy, { width: 3 }),
    line(cx, cy, cx + 210 * Math.cos(rad), cy - 210 * Math.sin(rad), { width: 3 }),
    path(`M${cx - 50} ${cy}A50 50 0 0 1 ${cx + 50 * Math.cos(rad)} ${cy - 50 * Math.sin(rad)}`, {
      stroke: '#c0392b',
      width: 2.5,
    }),
    path(`M${cx + 70} ${cy}A70 70 0 0 0 ${cx + 70 * Math.cos(rad)} ${cy - 70 * Math.sin(rad)}`, {
      stroke: '#2874a6',
      width: 2.5,
    }),
    text(cx - 60, cy - 62, `${known}°`, { size: 20, anchor: 'middle', fill: '#c0392b' }),
    text(cx + 92, cy - 30, 'α', { size: 24, italic: true, fill: '#2874a6', font: 'dejavuSerif' }),
  ];
  return figure(
    'angles',
    500,
    260,
    '#ffffff',
    body,
    qa([
      'How large is the angle α?',
      `Angles on a straight line add up to 180°, so α = 180° − ${known}° = ${180 - known}°.`,
    ]),
    true,
  );
}

function numberLine(rng: Rng): Picture {
  const [from, to] = [-5, 5];
  const dots = rng
    .shuffle([-4, -2, 1, 3, 4])
    .slice(0, 3)
    .sort((a, b) => a - b);
  const px = (n: number): number => 50 + ((n - from) / (to - from)) * 600;
  const body = [
    line(30, 70, 670, 70, { width: 2.5 }),
    polygon(
      [
        [680, 70],
        [668, 64],
        [668, 76],
      ],
      { fill: '#333' },
    ),
  ];
  for (let n = from; n <= to; n++)
    body.push(
      line(px(n), 62, px(n), 78, { width: 2 }),
      text(px(n), 100, minus(n), { size: 17, anchor: 'middle', font: 'noto' }),
    );
  dots.forEach((n, i) =>
    body.push(
      circle(px(n), 70, 8, { fill: '#c0392b' }),
      text(px(n), 44, at(['P', 'Q', 'R'], i), { size: 19, bold: true, anchor: 'middle' }),
    ),
  );
  return figure(
    'number-line',
    700,
    130,
    '#ffffff',
    body,
    qa(
      ['At which number is the point Q?', minus(at(dots, 1))],
      ['How far apart are P and R?', String(at(dots, 2) - at(dots, 0))],
    ),
  );
}

function graph(): Picture {
  const [size, unit] = [420, 35];
  const px = (x: number): number => size / 2 + x * unit;
  const py = (y: number): number => size / 2 - y * unit;
  const body: string[] = [];
  for (let i = -5; i <= 5; i++) {
    body.push(
      line(px(i), py(-5.6), px(i), py(5.6), { stroke: '#e3e3e3' }),
      line(px(-5.6), py(i), px(5.6), py(i), { stroke: '#e3e3e3' }),
    );
    if (i !== 0) {
      body.push(
        // Set off from the curve, which runs past the left of −1 and −2 and through its own roots.
        text(px(i) + Math.sign(i) * 10, py(0) + 17, minus(i), { size: 12, anchor: 'middle' }),
        i === -1 || i === -2
          ? text(px(0) + 7, py(i) + 4, minus(i), { size: 12 })
          : text(px(0) - 7, py(i) + 4, minus(i), { size: 12, anchor: 'end' }),
      );
    }
  }
  body.push(
    line(px(-5.7), py(0), px(5.7), py(0), { width: 2 }),
    line(px(0), py(-5.7), px(0), py(5.7), { width: 2 }),
  );
  const points: string[] = [];
  for (let x = -2; x <= 4.001; x += 0.1)
    points.push(`${px(x).toFixed(1)} ${py((x - 1) ** 2 - 4).toFixed(1)}`);
  body.push(
    path(`M${points.join('L')}`, { stroke: '#7d3c98', width: 3 }),
    text(px(5.5), py(0) - 8, 'x', { size: 16, italic: true }),
    text(px(0) + 8, py(5.3), 'y', { size: 16, italic: true }),
  );
  return figure(
    'parabola',
    size,
    size,
    '#ffffff',
    body,
    qa(
      ['Where does the curve cross the x-axis?', 'At x = −1 and x = 3.'],
      ['What are the coordinates of the lowest point?', '(1, −4)'],
      [
        'Describe the graph.',
        'It is a parabola that opens upwards. Its vertex lies at (1, −4), it crosses the x-axis at −1 and 3 and the y-axis at −3, which fits the equation y = (x − 1)² − 4.',
      ],
    ),
  );
}

function fractionBar(rng: Rng): Picture {
  const parts = 8;
  const filled = rng.pick([3, 5, 7]);
  const body = [text(30, 44, 'Which part is shaded?', { size: 20, font: 'lato' })];
  for (let i = 0; i < parts; i++)
    body.push(
      rect(30 + i * 60, 64, 60, 90, {
        fill: i < filled ? '#58a55c' : '#ffffff',
        stroke: '#2b5e2e',
        width: 2,
      }),
    );
  return figure(
    'fraction-bar',
    540,
    184,
    '#ffffff',
    body,
    qa(
      ['Answer the question in the picture.', `${filled}/${parts}`],
      ['What percentage is not shaded?', `${((parts - filled) / parts) * 100}%`],
    ),
  );
}

function solids(): Picture {
  const [w, d, h] = [5, 3, 2];
  const body = [
    polygon(
      [
        [60, 130],
        [260, 130],
        [260, 230],
        [60, 230],
      ],
      { fill: '#d5e8d4', stroke: '#2f5d2f', width: 2.5 },
    ),
    polygon(
      [
        [60, 130],
        [130, 70],
        [330, 70],
        [260, 130],
      ],
      { fill: '#e9f5e8', stroke: '#2f5d2f', width: 2.5 },
    ),
    polygon(
      [
        [260, 130],
        [330, 70],
        [330, 170],
        [260, 230],
      ],
      { fill: '#b9d8b7', stroke: '#2f5d2f', width: 2.5 },
    ),
    text(160, 256, `${w} cm`, { size: 18, anchor: 'middle' }),
    text(312, 216, `${d} cm`, { size: 18 }),
    text(54, 186, `${h} cm`, { size: 18, anchor: 'end' }),
  ];
  return figure(
    'cuboid',
    400,
    280,
    '#ffffff',
    body,
    qa(
      ['What is the volume of this cuboid?', `${w} · ${d} · ${h} = ${w * d * h} cm³`],
      [
        'What is its surface area?',
        `2 · (${w}·${d} + ${w}·${h} + ${d}·${h}) = ${2 * (w * d + w * h + d * h)} cm²`,
      ],
    ),
  );
}

export function maths(rng: Rng): Picture[] {
  return [
    ...equations(rng),
    triangle(),
    circleFigure(),
    angles(),
    numberLine(rng),
    graph(),
    fractionBar(rng),
    solids(),
  ];
}
