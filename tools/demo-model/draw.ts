import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPicture, readVqaTest } from './recipe.ts';

/** Draws the first N pictures of the held-out test as FOLDER/0.png, 1.png, …: `node tools/demo-model/draw.ts TEST N FOLDER` */
const [path, count, folder] = process.argv.slice(2);
if (path === undefined || count === undefined || folder === undefined) {
  throw new Error('usage: node tools/demo-model/draw.ts TEST N FOLDER');
}
const test = readVqaTest(path);
mkdirSync(folder, { recursive: true });
for (const [index, recipe] of test.pictures.slice(0, Number(count)).entries()) {
  writeFileSync(join(folder, `${index}.png`), await drawPicture(recipe, test.glyphs));
}
