import { distinct, finish } from './charts-bars.ts';
import type { Frame } from './charts-bars.ts';
import { qa } from './flow.ts';
import { at, circle, line, listOf, path, rect, text } from './svg.ts';
import type { Picture, Rng } from './svg.ts';

export function lines(
  rng: Rng,
  f: Frame,
  d: { xs: readonly string[]; series: readonly string[]; axis: string; start: number; drift: number },
): Picture {
  const [x0, y0, x1, y1] = [58, 76, f.width - 26, f.height - 46];
  const rows = d.series.map(() => {
    let value = d.start + rng.int(-4, 12);
    return d.xs.map(() => (value = Math.max(2, value + rng.int(-6 + d.drift, 6 + d.drift))));
  });
  const top = Math.ceil((Math.max(...rows.flat()) + 1) / 10) * 10;
  const body: string[] = [];
  for (let i = 0; i <= 5; i++) {
    const y = y1 - ((y1 - y0) * i) / 5;
    body.push(
      line(x0, y, x1, y, { stroke: '#e2e2e2' }),
      text(x0 - 8, y + 4, String((top * i) / 5), { size: 12, anchor: 'end', font: f.font }),
    );
  }
  const px = (i: number): number => x0 + ((x1 - x0) * (i + 0.5)) / d.xs.length;
  const py = (v: number): number => y1 - ((y1 - y0) * v) / top;
  d.xs.forEach((label, i) =>
    body.push(text(px(i), y1 + 20, label, { size: 12, anchor: 'middle', font: f.font })),
  );
  rows.forEach((row, s) => {
    const stroke = at(f.colours, s);
    body.push(
      path(`M${row.map((v, i) => `${px(i).toFixed(1)} ${py(v).toFixed(1)}`).join('L')}`, {
        stroke,
        width: 2.6,
      }),
    );
    row.forEach((v, i) => body.push(circle(px(i), py(v), 3.6, { fill: stroke })));
    if (rows.length === 1)
      row.forEach((v, i) =>
        body.push(text(px(i), py(v) - 9, String(v), { size: 11, anchor: 'middle', font: f.font })),
      );
    body.push(
      rect(x0 + s * 130, 48, 14, 10, { fill: stroke }),
      text(x0 + s * 130 + 20, 58, at(d.series, s), { size: 13, font: f.font }),
    );
  });
  body.push(
    line(x0, y1, x1, y1, { width: 1.5 }),
    text(16, (y0 + y1) / 2, d.axis, { size: 12, anchor: 'middle', rotate: -90, font: f.font }),
  );
  const firstRow = at(rows, 0);
  const name = at(d.series, 0);
  const change = at(firstRow, firstRow.length - 1) - at(firstRow, 0);
  const trend =
    change === 0
      ? 'ends where it began'
      : change > 0
        ? 'ends higher than it began'
        : 'ends lower than it began';
  const facts: (readonly [string, string])[] = [
    [`Does "${name}" end higher or lower than it started?`, `It ${trend}.`],
    [
      'How many lines does the chart show and what are they called?',
      `${d.series.length}: ${listOf(d.series)}.`,
    ],
  ];
  if (rows.length === 1) {
    const peak = Math.max(...firstRow);
    const where = d.xs.filter((_, i) => firstRow[i] === peak);
    facts.push(
      [`What is the highest value and when was it reached?`, `${peak}, in ${listOf(where)}.`],
      ['Read off all values in order.', firstRow.join(', ')],
    );
  }
  return finish(f, 'chart', body, qa(...facts.slice(-2)));
}

export function pie(rng: Rng, f: Frame, labels: readonly string[], hole: boolean): Picture {
  const cuts = distinct(rng, labels.length - 1, 6, 22, 1);
  const values = [...cuts, 100 - cuts.reduce((a, b) => a + b, 0)];
  const [cx, cy, r] = [f.width * 0.34, f.height * 0.55, Math.min(f.width * 0.28, f.height * 0.36)];
  const body: string[] = [];
  let turn = -Math.PI / 2;
  values.forEach((value, i) => {
    const next = turn + (value / 100) * 2 * Math.PI;
    const big = value > 50 ? 1 : 0;
    const fill = at(f.colours, i);
    const d = `M${cx} ${cy}L${cx + r * Math.cos(turn)} ${cy + r * Math.sin(turn)}A${r} ${r} 0 ${big} 1 ${cx + r * Math.cos(next)} ${cy + r * Math.sin(next)}Z`;
    const mid = (turn + next) / 2;
    body.push(
      path(d, { fill, stroke: '#fff', width: 2 }),
      text(cx + r * 0.74 * Math.cos(mid), cy + r * 0.74 * Math.sin(mid) + 5, `${value}%`, {
        size: 13,
        bold: true,
        fill: '#fff',
        anchor: 'middle',
        font: f.font,
      }),
    );
    const y = f.height * 0.3 + i * 28;
    body.push(
      rect(f.width * 0.68, y, 15, 15, { fill }),
      text(f.width * 0.68 + 23, y + 13, at(labels, i), { size: 14, font: f.font }),
    );
    turn = next;
  });
  if (hole) body.push(circle(cx, cy, r * 0.45, { fill: f.paper ?? '#ffffff' }));
  const order = [...values.keys()].sort((a, b) => at(values, b) - at(values, a));
  const biggest = at(order, 0);
  const [a, b] = [at(order, 1), at(order, 2)];
  return finish(
    f,
    'chart',
    body,
    qa(
      ['What is the largest share?', `${at(labels, biggest)}, with ${at(values, biggest)}%.`],
      [`What do ${at(labels, a)} and ${at(labels, b)} add up to?`, `${at(values, a) + at(values, b)}%`],
      [
        'List the shares from largest to smallest.',
        order.map((i) => `${at(labels, i)} ${at(values, i)}%`).join(', '),
      ],
    ).slice(0, rng.int(2, 3)),
  );
}

export function scatter(
  rng: Rng,
  f: Frame,
  d: { x: string; y: string; slope: number; count: number },
): Picture {
  const [x0, y0, x1, y1] = [70, 52, f.width - 30, f.height - 60];
  const body = [line(x0, y1, x1, y1, { width: 1.5 }), line(x0, y0, x0, y1, { width: 1.5 })];
  for (let i = 0; i <= 10; i += 2) {
    body.push(
      text(x0 + ((x1 - x0) * i) / 10, y1 + 18, String(i), { size: 12, anchor: 'middle', font: f.font }),
    );
    body.push(
      text(x0 - 8, y1 - ((y1 - y0) * i) / 10 + 4, String(i * 10), { size: 12, anchor: 'end', font: f.font }),
    );
  }
  for (let i = 0; i < d.count; i++) {
    const x = 0.6 + (8.8 * (i + rng.next() * 0.5)) / d.count;
    const y = 50 + d.slope * (x - 5) * 8 + rng.int(-7, 7);
    body.push(
      circle(x0 + ((x1 - x0) * x) / 10, y1 - ((y1 - y0) * y) / 100, 5.5, {
        fill: at(f.colours, 0),
        opacity: 0.8,
      }),
    );
  }
  body.push(
    text((x0 + x1) / 2, f.height - 14, d.x, { size: 14, anchor: 'middle', font: f.font }),
    text(22, (y0 + y1) / 2, d.y, { size: 14, anchor: 'middle', rotate: -90, font: f.font }),
  );
  const way = d.slope > 0 ? 'rises' : 'falls';
  return finish(
    f,
    'chart',
    body,
    qa(
      ['How many points are plotted?', String(d.count)],
      [
        `What happens to "${d.y}" as "${d.x}" grows?`,
        `It ${way}: the points show a clear ${d.slope > 0 ? 'positive' : 'negative'} relationship with some scatter.`,
      ],
    ),
  );
}
