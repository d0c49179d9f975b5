import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../src-main/pictures/pictures.ts';

const drawn = (inside: string) =>
  sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="168" height="84">${inside}</svg>`))
    .png()
    .toBuffer();
const disc = (fill: string, opacity = 1) =>
  `<ellipse cx="75" cy="42" rx="35" ry="32" fill="${fill}" fill-opacity="${opacity}"/>`;
const text = (fill: string, y: number) =>
  `<text x="10" y="${y}" font-family="sans-serif" font-size="20" fill="${fill}">words</text>`;
/** two bars, for machines without fonts */
const bars = (fill: string, y: number) => `<path d="M10 ${y}h60v3h-60zM80 ${y}h40v3h-40z" fill="${fill}"/>`;

/** The ground's lightness, and the greatest difference of any pixel from it. */
async function seen(inside: string): Promise<{ ground: number; contrast: number }> {
  const { data } = await decodePicture(await drawn(inside), { maxPixels: 1e6 });
  const ground = data[0] ?? 0;
  return { ground, contrast: data.reduce((most, value) => Math.max(most, Math.abs(value - ground)), 0) };
}

describe('what is visible on a transparent ground', () => {
  it.each([
    ['white', disc('#ffffff')],
    ['nearly white', disc('#e8e8ea')],
    ['light grey words', text('#d0d0d0', 30) + bars('#d0d0d0', 60)],
    ['yellow', disc('#ffff40')],
    ['white and see-through', disc('#ffffff', 0.4)],
    ['a white word beside a coloured mark', disc('#e04060') + bars('#ffffff', 10) + bars('#ffffff', 78)],
  ])('%s gets a dark ground', async (_, inside) => {
    const { ground, contrast } = await seen(inside);
    expect(ground).toBeLessThan(140);
    expect(contrast).toBeGreaterThan(60);
  });

  it.each([
    ['black', disc('#000000')],
    ['black words', text('#202020', 30) + bars('#202020', 60)],
    ['coloured', disc('#d02020')],
    ['a photograph with a light part', disc('#406080') + '<circle cx="75" cy="42" r="12" fill="#fff"/>'],
    ['nothing', ''],
  ])('%s stays on white', async (_, inside) => {
    expect((await seen(inside)).ground).toBe(255);
  });

  it('both black and white gets a ground on which both are seen', async () => {
    const { data } = await decodePicture(await drawn(bars('#ffffff', 20) + bars('#000000', 60)), {
      maxPixels: 1e6,
    });
    const ground = data[0] ?? 0;
    expect(ground).toBeGreaterThan(90);
    expect(ground).toBeLessThan(170);
    expect([Math.min(...data), Math.max(...data)]).toEqual([0, 255]);
  });

  it('white in a picture of greys with alpha', async () => {
    const pixels = Buffer.alloc(20 * 20 * 2);
    for (let at = 0; at < pixels.length; at += 2) pixels.set([255, at > 300 && at < 500 ? 255 : 0], at);
    const bytes = await sharp(pixels, { raw: { width: 20, height: 20, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const { data } = await decodePicture(bytes, { maxPixels: 1e6 });
    expect(data[0]).toBeLessThan(100);
    expect(Math.max(...data)).toBe(255);
  });
});
