import { at, line, rect, sheet, text } from './svg.ts';
import type { Font, Picture, Turn } from './svg.ts';

interface Look {
  font: Font;
  size: number;
  head: string;
  headInk: string;
  stripe: string;
  paper: string;
  lines: 'all' | 'rows' | 'none';
}

export const CLEAN: Look = {
  font: 'sans',
  size: 15,
  head: '#e8ecf2',
  headInk: '#1b2a41',
  stripe: '#f7f9fc',
  paper: '#ffffff',
  lines: 'rows',
};

export const GRID: Look = {
  font: 'noto',
  size: 15,
  head: '#ffffff',
  headInk: '#000000',
  stripe: '#ffffff',
  paper: '#ffffff',
  lines: 'all',
};

export const DARK: Look = {
  font: 'roboto',
  size: 16,
  head: '#24455c',
  headInk: '#ffffff',
  stripe: '#eaf1f5',
  paper: '#ffffff',
  lines: 'none',
};

export const WARM: Look = {
  font: 'serif',
  size: 17,
  head: '#7b3f00',
  headInk: '#fff6e5',
  stripe: '#fbefd9',
  paper: '#fffaf0',
  lines: 'rows',
};

export const BOARD: Look = {
  font: 'mono',
  size: 16,
  head: '#000000',
  headInk: '#ffcc00',
  stripe: '#14202b',
  paper: '#0c141c',
  lines: 'none',
};

export function table(
  name: string,
  title: string,
  look: Look,
  widths: readonly number[],
  rows: readonly (readonly string[])[],
  turns: Turn[],
  heldOut = false,
): Picture {
  const pad = 24;
  const width = widths.reduce((a, b) => a + b, 0) + pad * 2;
  const rowHeight = Math.round(look.size * 2.1);
  const top = pad + look.size * 2.2;
  const height = Math.round(top + rowHeight * rows.length + pad);
  const ink = look === BOARD ? '#ffe9a8' : '#1c1c1c';
  const body = [
    text(pad, pad + look.size * 1.1, title, {
      size: Math.round(look.size * 1.3),
      bold: true,
      font: look.font,
      fill: ink,
    }),
  ];
  rows.forEach((row, r) => {
    const y = top + r * rowHeight;
    const fill = r === 0 ? look.head : r % 2 === 0 ? look.stripe : look.paper;
    body.push(rect(pad, y, width - 2 * pad, rowHeight, { fill }));
    let x = pad;
    row.forEach((cell, c) => {
      const w = at(widths, c);
      const numeric = c > 0 && rows.slice(1).every((other) => /^([-+£$€]?\d|–$)/.test(at(other, c)));
      const o = { size: look.size, font: look.font, fill: r === 0 ? look.headInk : ink, bold: r === 0 };
      body.push(
        numeric
          ? text(x + w - 12, y + rowHeight * 0.66, cell, { ...o, anchor: 'end' })
          : text(x + 10, y + rowHeight * 0.66, cell, o),
      );
      if (look.lines === 'all') body.push(rect(x, y, w, rowHeight, { stroke: '#555' }));
      x += w;
    });
    if (look.lines === 'rows')
      body.push(line(pad, y + rowHeight, width - pad, y + rowHeight, { stroke: '#bbb' }));
  });
  return { name, kind: 'table', width, height, svg: sheet(width, height, look.paper, body), turns, heldOut };
}

export function markdown(rows: readonly (readonly string[])[]): string {
  const [head, ...rest] = rows;
  if (!head) throw new Error('a table needs a header');
  return [head, head.map(() => '---'), ...rest].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
