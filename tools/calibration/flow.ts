import { line, rect, sheet, text, textWidth, wrap } from './svg.ts';
import type { Font, Picture, Turn } from './svg.ts';

/** One block of a running page; the page's height follows from its blocks, so nothing is cut off. */
export type Block =
  | { t: 'title' | 'heading' | 'para' | 'small' | 'right' | 'centre' | 'italic'; s: string }
  | { t: 'list'; items: readonly string[]; numbered?: boolean }
  | { t: 'row'; left: string; right: string; bold?: boolean; dots?: boolean }
  | { t: 'field'; label: string; value: string }
  | { t: 'check'; label: string; on: boolean }
  | { t: 'rule' }
  | { t: 'gap'; by: number };

export interface PageStyle {
  width: number;
  margin: number;
  font: Font;
  headFont?: Font;
  size: number;
  ink?: string;
  accent?: string;
  paper?: string;
  border?: boolean;
}

function drawPage(style: PageStyle, blocks: readonly Block[]): { svg: string; height: number } {
  const { width, margin, font, size } = style;
  const ink = style.ink ?? '#1a1a1a';
  const accent = style.accent ?? ink;
  const head = style.headFont ?? font;
  const inner = width - 2 * margin;
  const lead = size * 1.42;
  const out: string[] = [];
  let y = margin + size * 0.4;
  const lines = (
    s: string,
    at_: number,
    fontSize: number,
    options: {
      x?: number;
      anchor?: 'start' | 'middle' | 'end';
      bold?: boolean;
      italic?: boolean;
      fill?: string;
      font?: Font;
    },
  ): void => {
    const face = options.font ?? font;
    const room = (inner - (at_ - margin)) / (options.bold ? 1.08 : 1);
    for (const part of wrap(s, room, fontSize, face)) {
      y += fontSize * 1.12;
      out.push(
        text(options.x ?? at_, y, part, {
          size: fontSize,
          font: face,
          fill: options.fill ?? ink,
          bold: options.bold ?? false,
          italic: options.italic ?? false,
          anchor: options.anchor ?? 'start',
        }),
      );
      y += fontSize * 0.3;
    }
  };
  for (const block of blocks) {
    switch (block.t) {
      case 'title':
        lines(block.s, margin, size * 1.75, {
          x: width / 2,
          anchor: 'middle',
          bold: true,
          fill: accent,
          font: head,
        });
        y += size * 0.5;
        break;
      case 'heading':
        y += size * 0.4;
        lines(block.s, margin, size * 1.2, { bold: true, fill: accent, font: head });
        y += size * 0.15;
        break;
      case 'para':
        lines(block.s, margin, size, {});
        y += size * 0.55;
        break;
      case 'italic':
        lines(block.s, margin, size, { italic: true });
        y += size * 0.4;
        break;
      case 'small':
        lines(block.s, margin, size * 0.8, { fill: '#555' });
        y += size * 0.3;
        break;
      case 'right':
        lines(block.s, margin, size, { x: width - margin, anchor: 'end' });
        break;
      case 'centre':
        lines(block.s, margin, size, { x: width / 2, anchor: 'middle' });
        break;
      case 'list':
        block.items.forEach((item, i) => {
          const top = y;
          const indent = size * (block.numbered ? 1.7 : 1.1);
          lines(item, margin + indent, size, {});
          out.push(
            text(margin, top + size * 1.12, block.numbered ? `${i + 1}.` : '•', { size, font, fill: ink }),
          );
        });
        y += size * 0.5;
        break;
      case 'row': {
        y += lead * 0.9;
        const o = { size, font, fill: ink, bold: block.bold ?? false };
        out.push(
          text(margin, y, block.left, o),
          text(width - margin, y, block.right, { ...o, anchor: 'end' }),
        );
        if (block.dots) {
          const from = margin + textWidth(block.left, size, font) * 1.04 + size * 0.6;
          const to = width - margin - textWidth(block.right, size, font) - size * 0.6;
          if (to > from) out.push(line(from, y - 2, to, y - 2, { stroke: '#999', dash: '1 4', width: 1.2 }));
        }
        y += lead * 0.35;
        break;
      }
      case 'field': {
        y += lead;
        out.push(text(margin, y, block.label, { size: size * 0.8, font, fill: '#444' }));
        y += size * 0.5;
        out.push(rect(margin, y, inner, size * 1.9, { fill: '#fff', stroke: '#777' }));
        out.push(
          text(margin + size * 0.6, y + size * 1.35, block.value, {
            size,
            font: 'typewriter',
            fill: '#123a7a',
          }),
        );
        y += size * 2;
        break;
      }
      case 'check': {
        y += lead;
        out.push(rect(margin, y - size * 0.85, size, size, { fill: '#fff', stroke: '#444', width: 1.4 }));
        if (block.on)
          out.push(
            text(margin + size * 0.5, y, '✗', {
              size: size * 1.15,
              font: 'dejavu',
              anchor: 'middle',
              fill: '#123a7a',
              bold: true,
            }),
          );
        out.push(text(margin + size * 1.6, y, block.label, { size, font, fill: ink }));
        y += size * 0.3;
        break;
      }
      case 'rule':
        y += size * 0.5;
        out.push(line(margin, y, width - margin, y, { stroke: accent, width: 1.3 }));
        y += size * 0.35;
        break;
      case 'gap':
        y += block.by;
        break;
    }
  }
  const height = Math.round(y + margin);
  const inset = margin * 0.4;
  if (style.border)
    out.push(rect(inset, inset, width - 2 * inset, height - 2 * inset, { stroke: accent, width: 2 }));
  return { svg: sheet(width, height, style.paper ?? '#ffffff', out), height };
}

export function page(
  name: string,
  kind: string,
  style: PageStyle,
  blocks: readonly Block[],
  turns: Turn[],
  heldOut = false,
): Picture {
  const { svg, height } = drawPage(style, blocks);
  return { name, kind, width: style.width, height, svg, turns, heldOut };
}

/** Question and answer, short to write where the content is long. */
export function qa(...pairs: readonly (readonly [string, string])[]): Turn[] {
  return pairs.map(([question, answer]) => ({ question, answer }));
}

export function money(cents: number, style: 'gbp' | 'usd' | 'eur' | 'plain'): string {
  const fixed = (cents / 100).toFixed(2);
  if (style === 'gbp') return `£${fixed}`;
  if (style === 'usd') return `$${fixed}`;
  if (style === 'eur') return `${fixed.replace('.', ',')} €`;
  return fixed;
}
