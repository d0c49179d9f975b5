import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { z } from 'zod';

/** The held-out test as `vqa_test.py` writes it: pictures as recipes, drawn here again without any font. */

const colour = z.tuple([z.int(), z.int(), z.int()]);
const primitive = z.union([
  z.tuple([z.literal('circle'), z.number(), z.number(), z.number(), colour]),
  z.tuple([z.literal('polygon'), z.array(z.number()), colour]),
  // x, y, rx, ry, colour, alpha
  z.tuple([z.literal('ellipse'), z.number(), z.number(), z.number(), z.number(), colour, z.number()]),
  // x, baseline, size, face, character, colour
  z.tuple([z.literal('glyph'), z.number(), z.number(), z.number(), z.string(), z.string(), colour]),
]);
const turn = z.object({ question: z.string(), answer: z.string(), skill: z.string() });
const picture = z.object({
  /** of a sample: what its file is called */
  name: z.string().optional(),
  family: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  background: colour,
  blur: z.number(),
  primitives: z.array(primitive),
  conversations: z.array(z.array(turn)),
});
const test = z.object({
  seed: z.string(),
  /** face → character → SVG path in thousandths of the font size */
  glyphs: z.record(z.string(), z.record(z.string(), z.string())),
  text: z.array(z.array(turn)),
  pictures: z.array(picture),
});

export type Turn = z.infer<typeof turn>;
export type RecipePicture = z.infer<typeof picture>;
export type VqaTest = z.infer<typeof test>;

export function readVqaTest(path: string): VqaTest {
  return test.parse(JSON.parse(readFileSync(path, 'utf8')));
}

const rgb = (c: z.infer<typeof colour>) => `rgb(${c.join(',')})`;

function svgOf(one: z.infer<typeof primitive>, glyphs: VqaTest['glyphs']): string {
  switch (one[0]) {
    case 'circle': {
      const [, x, y, radius, fill] = one;
      return `<circle cx="${x}" cy="${y}" r="${radius}" fill="${rgb(fill)}"/>`;
    }
    case 'polygon': {
      const [, points, fill] = one;
      return `<polygon points="${points.join(' ')}" fill="${rgb(fill)}"/>`;
    }
    case 'ellipse': {
      const [, x, y, rx, ry, fill, alpha] = one;
      return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${rgb(fill)}" fill-opacity="${alpha}"/>`;
    }
    case 'glyph': {
      const [, x, baseline, size, face, character, fill] = one;
      const path = glyphs[face]?.[character];
      if (path === undefined) throw new Error(`the recipe has no outline of ${character} in ${face}`);
      return `<path transform="translate(${x} ${baseline}) scale(${size / 1000})" d="${path}" fill="${rgb(fill)}"/>`;
    }
  }
}

/** The picture as a PNG of its own size, or with `scale` times as many pixels a side. */
export async function drawPicture(
  recipe: RecipePicture,
  glyphs: VqaTest['glyphs'],
  scale = 1,
): Promise<Buffer> {
  const { width, height } = recipe;
  const shapes = recipe.primitives.map((one) => svgOf(one, glyphs)).join('');
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width * scale}" height="${height * scale}" viewBox="0 0 ${width} ${height}">` +
    `<rect width="100%" height="100%" fill="${rgb(recipe.background)}"/>${shapes}</svg>`;
  const drawn = sharp(Buffer.from(svg)).removeAlpha();
  return (recipe.blur > 0 ? drawn.blur(recipe.blur * scale) : drawn).png().toBuffer();
}
