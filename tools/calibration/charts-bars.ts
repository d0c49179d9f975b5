import { qa } from './flow.ts';
import { at, line, listOf, polygon, rect, sheet, text } from './svg.ts';
import type { Font, Picture, Rng } from './svg.ts';

export interface Frame {
  name: string;
  title: string;
  width: number;
  height: number;
  font: Font;
  colours: readonly string[];
  paper?: string;
  heldOut?: boolean;
}

/** Distinct values, so that "highest" and "lowest" always have exactly one answer. */
export function distinct(rng: Rng, count: number, low: number, high: number, step: number): number[] {
  const seen = new Set<number>();
  while (seen.size < count) seen.add(rng.int(Math.ceil(low / step), Math.floor(high / step)) * step);
  return [...seen];
}

export function finish(f: Frame, kind: string, body: string[], turns: Picture['turns']): Picture {
  const ink = f.paper === '#1f2430' ? '#f0f0f0' : '#222';
  const head = text(f.width / 2, 32, f.title, {
    size: 19,
    bold: true,
    anchor: 'middle',
    font: f.font,
    fill: ink,
  });
  const svg = sheet(f.width, f.height, f.paper ?? '#ffffff', [head, ...body]);
  return { name: f.name, kind, width: f.width, height: f.height, svg, turns, heldOut: f.heldOut ?? false };
}

interface BarData {
  labels: readonly string[];
  unit: string;
  axis: string;
  low: number;
  high: number;
  step: number;
  sideways?: boolean;
  showValues: boolean;
}

export function bars(rng: Rng, f: Frame, d: BarData): Picture {
  const values = distinct(rng, d.labels.length, d.low, d.high, d.step);
  const top = Math.ceil(Math.max(...values) / (d.step * 5)) * d.step * 5;
  const ink = f.paper === '#1f2430' ? '#e8e8e8' : '#333';
  const grid = f.paper === '#1f2430' ? '#444b5c' : '#dddddd';
  const [x0, y0, x1, y1] = d.sideways
    ? [130, 50, f.width - 50, f.height - 50]
    : [64, 54, f.width - 24, f.height - 64];
  const body: string[] = [];
  for (let i = 0; i <= 5; i++) {
    const value = String((top / 5) * i);
    if (d.sideways) {
      const x = x0 + ((x1 - x0) * i) / 5;
      body.push(
        line(x, y0, x, y1, { stroke: grid }),
        text(x, y1 + 18, value, { size: 12, anchor: 'middle', font: f.font, fill: ink }),
      );
    } else {
      const y = y1 - ((y1 - y0) * i) / 5;
      body.push(
        line(x0, y, x1, y, { stroke: grid }),
        text(x0 - 8, y + 4, value, { size: 12, anchor: 'end', font: f.font, fill: ink }),
      );
    }
  }
  const slot = (d.sideways ? y1 - y0 : x1 - x0) / values.length;
  values.forEach((value, i) => {
    const fill = d.sideways ? at(f.colours, 0) : at(f.colours, i % f.colours.length);
    const label = at(d.labels, i);
    if (d.sideways) {
      const y = y0 + slot * (i + 0.18);
      const w = ((x1 - x0) * value) / top;
      body.push(
        rect(x0, y, w, slot * 0.64, { fill }),
        text(x0 - 8, y + slot * 0.42, label, { size: 13, anchor: 'end', font: f.font, fill: ink }),
      );
      if (d.showValues)
        body.push(text(x0 + w + 6, y + slot * 0.42, String(value), { size: 12, font: f.font, fill: ink }));
    } else {
      const x = x0 + slot * (i + 0.18);
      const h = ((y1 - y0) * value) / top;
      body.push(
        rect(x, y1 - h, slot * 0.64, h, { fill }),
        text(x + slot * 0.32, y1 + 18, label, { size: 13, anchor: 'middle', font: f.font, fill: ink }),
      );
      if (d.showValues)
        body.push(
          text(x + slot * 0.32, y1 - h - 5, String(value), {
            size: 12,
            anchor: 'middle',
            font: f.font,
            fill: ink,
          }),
        );
    }
  });
  body.push(
    text(d.sideways ? (x0 + x1) / 2 : 18, d.sideways ? f.height - 10 : (y0 + y1) / 2, d.axis, {
      size: 12,
      anchor: 'middle',
      font: f.font,
      fill: ink,
      rotate: d.sideways ? 0 : -90,
    }),
  );
  const best = values.indexOf(Math.max(...values));
  const worst = values.indexOf(Math.min(...values));
  const some = rng.int(0, values.length - 1);
  const order = [...values.keys()].sort((a, b) => at(values, b) - at(values, a)).map((i) => at(d.labels, i));
  const ranking = ['Order the bars from the highest to the lowest.', order.join(', ')] as const;
  const exact: readonly (readonly [string, string])[] = d.showValues
    ? [
        [`What value is shown for ${at(d.labels, some)}?`, `${at(values, some)} ${d.unit}`.trim()],
        [
          'Give the data as CSV with a header line.',
          `label,value\n${d.labels.map((l, i) => `${l},${at(values, i)}`).join('\n')}`,
        ],
        [
          'By how much does the highest bar exceed the lowest?',
          `${at(values, best) - at(values, worst)} ${d.unit} (${at(values, best)} against ${at(values, worst)})`,
        ],
      ]
    : [ranking];
  const turns = qa(['Which bar is the highest?', at(d.labels, best)], rng.pick(exact), [
    'Describe the chart briefly.',
    `The bar chart "${f.title}" compares ${d.labels.length} entries: ${listOf(d.labels)}. ${at(d.labels, best)} is highest and ${at(d.labels, worst)} lowest.`,
  ]);
  return finish(f, 'chart', body, turns.slice(0, rng.int(2, 3)));
}

export function stacked(rng: Rng, f: Frame): Picture {
  const years = ['2020', '2021', '2022', '2023'];
  const kinds = ['Wind', 'Solar', 'Hydro'];
  const rows = years.map((_, i) => [rng.int(10, 14) + i * 4, rng.int(4, 7) + i * 3, rng.int(8, 11)]);
  const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
  const scale = (f.height - 150) / Math.max(...sums);
  const body: string[] = [];
  rows.forEach((row, i) => {
    let y = f.height - 50;
    const x = 50 + i * ((f.width - 80) / years.length);
    row.forEach((value, k) => {
      const h = value * scale;
      y -= h;
      body.push(
        rect(x, y, 70, h, { fill: at(f.colours, k) }),
        text(x + 35, y + h / 2 + 5, String(value), {
          size: 13,
          fill: '#fff',
          anchor: 'middle',
          font: f.font,
        }),
      );
    });
    body.push(text(x + 35, f.height - 28, at(years, i), { size: 14, anchor: 'middle', font: f.font }));
  });
  kinds.forEach((kind, k) =>
    body.push(
      rect(60 + k * 110, 52, 14, 14, { fill: at(f.colours, k) }),
      text(80 + k * 110, 64, kind, { size: 14, font: f.font }),
    ),
  );
  body.push(
    polygon(
      [
        [20, f.height - 50],
        [f.width - 20, f.height - 50],
        [f.width - 20, f.height - 49],
      ],
      { fill: '#333' },
    ),
  );
  return finish(
    f,
    'chart',
    body,
    qa(
      ['What is the total for 2023?', `${at(rows, 3).join(' + ')} = ${at(sums, 3)}`],
      [
        'Convert the chart to a Markdown table.',
        `| Year | ${kinds.join(' | ')} |\n| --- | --- | --- | --- |\n${years.map((y, i) => `| ${y} | ${at(rows, i).join(' | ')} |`).join('\n')}`,
      ],
    ),
  );
}
