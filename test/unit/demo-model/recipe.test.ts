import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawPicture, readVqaTest, type RecipePicture } from '../../../tools/demo-model/recipe.ts';

// The held-out test is kept as recipes; whoever scores a model with it draws the pictures again.

const path = join(import.meta.dirname, '../../../resources/demo-model/vqa-test/test.json');
const test = readVqaTest(path);

async function pixels(recipe: RecipePicture): Promise<{ width: number; height: number; data: Buffer }> {
  const { data, info } = await sharp(await drawPicture(recipe, test.glyphs))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function distance(data: Buffer, at: number, colour: readonly number[]): number {
  return colour.reduce((sum, channel, i) => sum + Math.abs((data[at * 3 + i] ?? 0) - channel), 0);
}

describe('the held-out test', () => {
  it('has 400 pictures of several sizes, each with questions', () => {
    expect(test.pictures).toHaveLength(400);
    expect(new Set(test.pictures.map(({ width, height }) => `${width}×${height}`)).size).toBeGreaterThan(8);
    for (const { conversations } of test.pictures) expect(conversations.flat().length).toBeGreaterThan(0);
  });

  it('asks for existence as often with yes as with no', () => {
    const turns = test.pictures.flatMap(({ conversations }) => conversations.flat());
    const existence = turns.filter(({ skill }) => skill === 'existence');
    const yes = existence.filter(({ answer }) => answer === 'yes').length;
    expect(yes / existence.length).toBeGreaterThan(0.4);
    expect(yes / existence.length).toBeLessThan(0.6);
  });

  it.each(['shapes', 'text', 'chart', 'clutter'])(
    'draws %s in their colours, without a font',
    async (family) => {
      const recipe = test.pictures.find((one) => one.family === family && one.blur === 0);
      if (!recipe) throw new Error(`there is no picture of ${family}`);
      const { width, height, data } = await pixels(recipe);
      expect([width, height]).toEqual([recipe.width, recipe.height]);
      // the last primitive lies on top: its colour is to be seen, as is more than one colour
      const colours = new Set(Array.from({ length: width * height }, (_, at) => data.readUIntBE(at * 3, 3)));
      expect(colours.size).toBeGreaterThan(2);
      const last = recipe.primitives.at(-1);
      if (!last || last[0] === 'ellipse') return;
      const colour = last.at(-1) as readonly number[];
      const nearest = Math.min(
        ...Array.from({ length: width * height }, (_, at) => distance(data, at, colour)),
      );
      expect(nearest).toBeLessThan(6);
    },
  );

  it('draws a shape where the recipe has it', async () => {
    const recipe = test.pictures.find(({ primitives }) => primitives.some(([kind]) => kind === 'circle'));
    const circle = recipe?.primitives.find((one) => one[0] === 'circle');
    if (!recipe || circle?.[0] !== 'circle') throw new Error('there is no circle');
    const [, x, y, , colour] = circle;
    const { width, data } = await pixels(recipe);
    expect(distance(data, Math.round(y) * width + Math.round(x), colour)).toBeLessThan(6);
    expect(distance(data, 0, recipe.background)).toBeLessThan(6);
  });
});
