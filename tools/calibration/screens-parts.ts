import { circle, rect, sheet, text } from './svg.ts';
import type { Font, Picture, Turn } from './svg.ts';

export function screen(
  name: string,
  width: number,
  height: number,
  paper: string,
  body: string[],
  turns: Turn[],
  heldOut = false,
): Picture {
  return { name, kind: 'screenshot', width, height, svg: sheet(width, height, paper, body), turns, heldOut };
}

export function titleBar(width: number, title: string, fill: string, ink: string, font: Font): string[] {
  return [
    rect(0, 0, width, 36, { fill }),
    ...['#ff5f57', '#febc2e', '#28c840'].map((c, i) => circle(20 + i * 20, 18, 6, { fill: c })),
    text(width / 2, 24, title, { size: 14, anchor: 'middle', fill: ink, font }),
  ];
}

export function button(
  x: number,
  y: number,
  w: number,
  label: string,
  primary: boolean,
  accent = '#2563eb',
): string {
  return (
    rect(x, y, w, 34, {
      fill: primary ? accent : '#ffffff',
      stroke: primary ? accent : '#9aa0a8',
      radius: 5,
    }) +
    text(x + w / 2, y + 22, label, {
      size: 14,
      anchor: 'middle',
      fill: primary ? '#fff' : '#222',
      bold: primary,
    })
  );
}
