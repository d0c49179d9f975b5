import { qa } from './flow.ts';
import { cycle, family, flowchart, gantt, orgChart, plan } from './plans-charts.ts';
import { at, circle, line, path, polygon, rect, text } from './svg.ts';
import type { Picture, Rng } from './svg.ts';

function metro(): Picture {
  const red = ['Harbour', 'Old Town', 'Central', 'Museum', 'Stadium'];
  const blue = ['University', 'Gardens', 'Central', 'Riverside'];
  const body = [
    text(24, 36, 'City Metro', { size: 22, bold: true, font: 'roboto' }),
    path('M70 210H670', { stroke: '#d62828', width: 10 }),
    path('M370 70V390', { stroke: '#1d6fb8', width: 10 }),
  ];
  red.forEach((s, i) => {
    const x = 70 + i * 150;
    body.push(circle(x, 210, i === 2 ? 15 : 10, { fill: '#fff', stroke: '#222', width: 3 }));
    if (i !== 2) body.push(text(x, 186, s, { size: 15, anchor: 'middle', font: 'roboto' }));
  });
  blue.forEach((s, i) => {
    const y = 90 + i * (i < 2 ? 60 : 0) + (i === 2 ? 120 : 0) + (i === 3 ? 240 : 0);
    if (i !== 2)
      body.push(
        circle(370, y, 10, { fill: '#fff', stroke: '#222', width: 3 }),
        text(390, y + 5, s, { size: 15, font: 'roboto' }),
      );
  });
  body.push(
    text(392, 240, 'Central', { size: 16, bold: true, font: 'roboto' }),
    rect(520, 320, 16, 16, { fill: '#d62828' }),
    text(544, 333, 'Line 1', { size: 15 }),
    rect(520, 350, 16, 16, { fill: '#1d6fb8' }),
    text(544, 363, 'Line 2', { size: 15 }),
  );
  return plan(
    'metro',
    740,
    420,
    '#fbfbf8',
    body,
    qa(
      ['At which station do the two lines cross?', 'Central'],
      [
        'How do I get from Harbour to Riverside?',
        'Take Line 1 (red) from Harbour via Old Town to Central, change there to Line 2 (blue) and ride one stop to Riverside.',
      ],
      ['List the stations of Line 1.', red.join(', ')],
    ),
  );
}

function floor(): Picture {
  const rooms = [
    ['Kitchen', 40, 40, 200, 160, 12],
    ['Living room', 240, 40, 300, 220, 25],
    ['Bath', 40, 200, 110, 160, 6],
    ['Hall', 150, 200, 90, 160, 5],
    ['Bedroom', 240, 260, 300, 100, 11],
  ] as const;
  const body = rooms.map(
    ([n, x, y, w, h, a]) =>
      rect(x, y, w, h, { fill: '#fdf8ee', stroke: '#222', width: 5 }) +
      text(x + w / 2, y + h / 2 - 2, n, { size: 16, bold: true, anchor: 'middle', font: 'lato' }) +
      text(x + w / 2, y + h / 2 + 20, `${a} m²`, { size: 14, anchor: 'middle', font: 'lato' }),
  );
  body.push(
    line(180, 360, 215, 360, { stroke: '#fdf8ee', width: 7 }),
    text(197, 384, 'Entrance', { size: 13, anchor: 'middle' }),
    line(330, 40, 450, 40, { stroke: '#7fb7de', width: 6 }),
    line(540, 290, 540, 335, { stroke: '#7fb7de', width: 6 }),
  );
  const total = rooms.reduce((s, r) => s + r[5], 0);
  return plan(
    'floor-plan',
    580,
    400,
    '#ffffff',
    body,
    qa(
      ['Which room is the largest?', 'The living room, with 25 m².'],
      ['What is the total floor area?', `${rooms.map((r) => r[5]).join(' + ')} = ${total} m²`],
      ['Into which room does the entrance lead?', 'The hall'],
    ),
  );
}

function town(): Picture {
  const body = [rect(0, 0, 600, 480, { fill: '#eee9dd' })];
  for (const y of [130, 300]) body.push(rect(0, y, 600, 34, { fill: '#ffffff' }));
  for (const x of [170, 400]) body.push(rect(x, 0, 34, 480, { fill: '#ffffff' }));
  body.push(
    path('M0 430C150 380 300 470 600 400V480H0Z', { fill: '#9cc9e8' }),
    text(480, 458, 'River Arle', { size: 15, italic: true, fill: '#2b5d84' }),
    rect(220, 180, 165, 105, { fill: '#b9d9a4' }),
    text(302, 238, 'Queen’s Park', { size: 15, anchor: 'middle', fill: '#2d5a1b' }),
  );
  body.push(
    text(30, 152, 'Mill Street', { size: 15 }),
    text(450, 322, 'High Street', { size: 15 }),
    text(192, 30, 'Castle Road', { size: 14, rotate: 90 }),
    text(412, 180, 'Abbey Road', { size: 14, rotate: 90 }),
  );
  const spots = [
    ['School', 90, 220, '#c0392b'],
    ['Post', 500, 230, '#d68910'],
    ['Church', 300, 70, '#6c3483'],
    ['Cinema', 510, 80, '#1a5276'],
  ] as const;
  for (const [n, x, y, c] of spots)
    body.push(
      circle(x, y, 9, { fill: c, stroke: '#fff', width: 2 }),
      text(x + 14, y + 6, n, { size: 16, bold: true }),
    );
  body.push(
    polygon(
      [
        [560, 20],
        [570, 50],
        [560, 43],
        [550, 50],
      ],
      { fill: '#333' },
    ),
    text(560, 68, 'N', { size: 15, anchor: 'middle', bold: true }),
  );
  return plan(
    'town-map',
    600,
    480,
    '#eee9dd',
    body,
    qa(
      ['Which building is north of Queen’s Park?', 'The church.'],
      ['What is the name of the river?', 'River Arle'],
      ['Which streets run from top to bottom of the map?', 'Castle Road and Abbey Road.'],
    ),
  );
}

function venn(rng: Rng): Picture {
  const [onlyA, both, onlyB] = [rng.int(8, 15), rng.int(3, 7), rng.int(5, 12)];
  const body = [
    circle(190, 190, 130, { fill: '#f39c12', opacity: 0.45, stroke: '#9c640c', width: 2 }),
    circle(330, 190, 130, { fill: '#2980b9', opacity: 0.45, stroke: '#1a5276', width: 2 }),
    text(140, 48, 'plays chess', { size: 17, anchor: 'middle' }),
    text(390, 48, 'plays football', { size: 17, anchor: 'middle' }),
    ...[onlyA, both, onlyB].map((n, i) =>
      text(at([125, 260, 395], i), 198, String(n), { size: 28, bold: true, anchor: 'middle' }),
    ),
  ];
  return plan(
    'venn',
    520,
    350,
    '#ffffff',
    body,
    qa(
      ['How many children do both?', String(both)],
      ['How many play football altogether?', `${both} + ${onlyB} = ${both + onlyB}`],
      ['How many children are in the diagram?', String(onlyA + both + onlyB)],
    ),
  );
}

export function plans(rng: Rng): Picture[] {
  return [metro(), floor(), flowchart(), town(), orgChart(), venn(rng), gantt(), family(), cycle()];
}
