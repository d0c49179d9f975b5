import { qa } from './flow.ts';
import { at, line, listOf, polygon, rect, sheet, text } from './svg.ts';
import type { Picture, Turn } from './svg.ts';

export function plan(
  name: string,
  width: number,
  height: number,
  paper: string,
  body: string[],
  turns: Turn[],
  heldOut = false,
): Picture {
  return { name, kind: 'diagram', width, height, svg: sheet(width, height, paper, body), turns, heldOut };
}

function box(x: number, y: number, w: number, h: number, label: string, fill: string, size = 15): string {
  const lines = label.split('\n');
  const top = y + h / 2 - (lines.length - 1) * size * 0.62 + size * 0.36;
  return (
    rect(x, y, w, h, { fill, stroke: '#333', width: 1.6, radius: 6 }) +
    lines
      .map((l, i) => text(x + w / 2, top + i * size * 1.25, l, { size, anchor: 'middle', font: 'noto' }))
      .join('')
  );
}

function arrow(x1: number, y1: number, x2: number, y2: number, stroke = '#333'): string {
  const a = Math.atan2(y2 - y1, x2 - x1);
  const tip = (turn: number): readonly [number, number] => [
    x2 - 10 * Math.cos(a + turn),
    y2 - 10 * Math.sin(a + turn),
  ];
  return (
    line(x1, y1, x2, y2, { stroke, width: 2 }) + polygon([[x2, y2], tip(0.45), tip(-0.45)], { fill: stroke })
  );
}

export function flowchart(): Picture {
  const body = [
    box(150, 24, 160, 46, 'Lamp does not work', '#e3f2fd'),
    arrow(230, 70, 230, 100),
    polygon(
      [
        [230, 100],
        [330, 150],
        [230, 200],
        [130, 150],
      ],
      { fill: '#fff8e1', stroke: '#333', width: 1.6 },
    ),
    text(230, 155, 'Plugged in?', { size: 15, anchor: 'middle', font: 'noto' }),
    arrow(330, 150, 400, 150),
    text(360, 142, 'no', { size: 14, anchor: 'middle' }),
    box(400, 126, 130, 48, 'Plug in lamp', '#e8f5e9'),
    arrow(230, 200, 230, 236),
    text(246, 222, 'yes', { size: 14 }),
    polygon(
      [
        [230, 236],
        [345, 290],
        [230, 344],
        [115, 290],
      ],
      { fill: '#fff8e1', stroke: '#333', width: 1.6 },
    ),
    text(230, 295, 'Bulb burned out?', { size: 15, anchor: 'middle', font: 'noto' }),
    arrow(345, 290, 400, 290),
    text(370, 282, 'yes', { size: 14, anchor: 'middle' }),
    box(400, 266, 130, 48, 'Replace bulb', '#e8f5e9'),
    arrow(230, 344, 230, 382),
    text(246, 368, 'no', { size: 14 }),
    box(150, 382, 160, 46, 'Buy new lamp', '#ffebee'),
  ];
  return plan(
    'flowchart',
    560,
    456,
    '#ffffff',
    body,
    qa(
      ['The lamp is plugged in and the bulb is fine. What does the chart advise?', 'Buy a new lamp.'],
      [
        'Describe the flowchart in words.',
        'It starts with "Lamp does not work" and asks whether the lamp is plugged in. If not, one should plug in the lamp. If it is, the next question is whether the bulb is burned out. If yes, replace the bulb; if no, buy a new lamp.',
      ],
    ),
  );
}

export function orgChart(): Picture {
  const leads = [
    ['Sales', 'B. Okoro', 6],
    ['Workshop', 'J. Lindqvist', 14],
    ['Office', 'M. Duarte', 3],
  ] as const;
  const body = [
    box(250, 30, 180, 58, 'Director\nH. Castellan', '#dbe9f6'),
    line(340, 88, 340, 124, { width: 2 }),
    line(120, 124, 560, 124, { width: 2 }),
  ];
  leads.forEach(([dept, who, n], i) =>
    body.push(
      line(120 + i * 220, 124, 120 + i * 220, 150, { width: 2 }),
      box(40 + i * 220, 150, 160, 84, `${dept}\n${who}\n${n} staff`, '#f1f6e8'),
    ),
  );
  return plan(
    'org-chart',
    680,
    264,
    '#ffffff',
    body,
    qa(
      ['Who leads the workshop?', 'J. Lindqvist'],
      [
        'How many staff do the three departments have together?',
        `${leads.map((l) => l[2]).join(' + ')} = ${leads.reduce((s, l) => s + l[2], 0)}`,
      ],
      [
        'Turn the chart into YAML.',
        `director: H. Castellan\ndepartments:\n${leads.map(([d, w, n]) => `  - name: ${d}\n    head: ${w}\n    staff: ${n}`).join('\n')}`,
      ],
    ),
  );
}

export function gantt(): Picture {
  const tasks = [
    ['Design', 0, 2, '#4c78a8'],
    ['Foundation', 2, 2, '#f58518'],
    ['Walls', 4, 3, '#54a24b'],
    ['Roof', 6, 2, '#b279a2'],
    ['Painting', 8, 1, '#e45756'],
  ] as const;
  const body = [text(24, 36, 'Garden shed: plan by week', { size: 20, bold: true, font: 'dejavu' })];
  for (let w = 0; w < 9; w++)
    body.push(
      text(140 + w * 56 + 28, 70, String(w + 1), { size: 14, anchor: 'middle' }),
      line(140 + w * 56, 80, 140 + w * 56, 292, { stroke: '#ddd' }),
    );
  tasks.forEach(([t, from, n, c], i) =>
    body.push(
      text(24, 110 + i * 42, t, { size: 15, font: 'dejavu' }),
      rect(140 + from * 56, 92 + i * 42, n * 56, 28, { fill: c, radius: 4 }),
    ),
  );
  return plan(
    'gantt',
    670,
    312,
    '#ffffff',
    body,
    qa(
      ['In which weeks are the walls built?', 'In weeks 5, 6 and 7.'],
      ['Which two tasks overlap, and when?', 'Walls and Roof overlap in week 7.'],
    ),
    true,
  );
}

export function family(): Picture {
  const kids = ['Ruth', 'Samuel', 'Eve'];
  const body = [
    box(140, 30, 110, 44, 'George', '#e8f0fe'),
    box(330, 30, 110, 44, 'Amina', '#fdebf3'),
    line(250, 52, 330, 52, { width: 2 }),
    line(290, 52, 290, 110, { width: 2 }),
    line(110, 110, 470, 110, { width: 2 }),
  ];
  kids.forEach((k, i) =>
    body.push(
      line(110 + i * 180, 110, 110 + i * 180, 140, { width: 2 }),
      box(55 + i * 180, 140, 110, 44, k, '#eef7ea'),
    ),
  );
  body.push(line(290, 184, 290, 230, { width: 2 }), box(235, 230, 110, 44, 'Leo', '#fff6dd'));
  return plan(
    'family-tree',
    580,
    300,
    '#fffefb',
    body,
    qa(
      ['Who are Leo’s grandparents?', 'George and Amina.'],
      ['Name the children of George and Amina.', `${listOf(kids)}.`],
      ['Who is Leo’s parent in this tree?', 'Samuel'],
    ),
  );
}

export function cycle(): Picture {
  const steps = ['Evaporation', 'Condensation', 'Precipitation', 'Collection'];
  const spots = [
    [90, 180],
    [260, 50],
    [430, 180],
    [260, 310],
  ] as const;
  const body = [
    text(325, 205, 'Water cycle', { size: 22, bold: true, anchor: 'middle', font: 'lato', fill: '#1a5276' }),
  ];
  spots.forEach(([x, y], i) => body.push(box(x - 20, y, 150, 50, at(steps, i), '#d6eaf8', 16)));
  body.push(
    arrow(150, 176, 235, 104, '#2874a6'),
    arrow(400, 90, 480, 174, '#2874a6'),
    arrow(490, 234, 396, 320, '#2874a6'),
    arrow(236, 330, 146, 236, '#2874a6'),
  );
  return plan(
    'water-cycle',
    640,
    400,
    '#f7fbff',
    body,
    qa(
      ['What follows condensation?', 'Precipitation'],
      ['List the four stages in order, starting with evaporation.', `${steps.join(', ')}.`],
    ),
    true,
  );
}
