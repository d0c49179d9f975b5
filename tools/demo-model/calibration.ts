import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { drawPicture, readVqaTest, type Turn, type VqaTest } from './recipe.ts';

/** The model's own calibration set, from the recipes of `calibration.py`, laid out like `resources/calibration`. */

/** Beside the model; its sidecar says so. */
export const CALIBRATION = 'calibration';
/** What `calibration.py` is asked for, and whether it is for checking alone. */
const PARTS = [
  ['calibrate', false],
  ['held-out', true],
] as const;

const said = (turns: readonly Turn[]) => turns.map(({ question, answer }) => ({ question, answer }));

/** Draws the set; `python` runs a script of this folder. */
export async function makeCalibration(
  python: (script: string, ...args: string[]) => unknown,
  work: string,
  model: string,
): Promise<void> {
  const folder = join(model, CALIBRATION);
  mkdirSync(join(folder, 'pictures'), { recursive: true });
  const pictures: object[] = [];
  const conversations: object[] = [];
  for (const [part, heldOut] of PARTS) {
    const path = join(work, `calibration-${part}.json`);
    python('calibration.py', part, path);
    const recipes = readVqaTest(path);
    const about = { source: `drawn by tools/demo-model (seed ${recipes.seed})`, licence: 'MIT' };
    for (const [index, recipe] of recipes.pictures.entries()) {
      const file = `pictures/${part}-${String(index + 1).padStart(3, '0')}.webp`;
      writeFileSync(join(folder, file), await small(recipe, recipes.glyphs));
      pictures.push({ file, ...about, heldOut, turns: said(recipe.conversations.flat()) });
    }
    conversations.push(...recipes.text.map((turns) => ({ heldOut, turns: said(turns) })));
  }
  const manifest = { version: 1, pictures, texts: [], conversations };
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
}

/** Half of what it takes as PNG, and the same pixels. */
async function small(recipe: VqaTest['pictures'][number], glyphs: VqaTest['glyphs']): Promise<Buffer> {
  const drawn = await drawPicture(recipe, glyphs);
  return sharp(drawn).webp({ lossless: true, effort: 6 }).toBuffer();
}
