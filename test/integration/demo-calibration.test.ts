import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { sequencesFor } from '../../src-main/fit/calibration.ts';
import { resolveRequest, usualCalibration } from '../../src-main/fit/request.ts';
import { DEFAULT_CALIBRATION_TOKENS, selectSequences } from '../../src-main/luq/calibrate/calibrate.ts';
import { compareWithSource, recordSource } from '../../src-main/luq/quality/held-out.ts';
import { openModel, type OpenModel } from '../../src-main/models/open-model.ts';
import { readSource } from '../../src-main/models/source.ts';
import { drawPicture, readVqaTest } from '../../tools/demo-model/recipe.ts';
import { demoFolder, demoMmproj as mmprojPath, demoModel as modelPath } from '../fixtures/demo.ts';
import { ordinaryLaptop } from '../helpers/laptops.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

const { addon } = loadAddon();
const folder = sharedFolder();
const set = usualCalibration(modelPath);

it('the demo model’s own set shows no picture of its test, and none both for calibrating and for comparing', async () => {
  const test = readVqaTest(join(demoFolder, 'vqa-test', 'test.json'));
  const pixels = async (bytes: Buffer) =>
    (await sharp(bytes).removeAlpha().raw().toBuffer()).toString('base64');
  const tested = new Set(
    await Promise.all(
      test.pictures.map((recipe) => drawPicture(recipe, test.glyphs).then((drawn) => pixels(drawn))),
    ),
  );
  const own = await Promise.all(set.pictures.map(({ path }) => pixels(readFileSync(path))));
  expect(new Set(own).size).toBe(own.length);
  for (const one of own) expect(tested.has(one)).toBe(false);
});

describe('the demo model on its own set', () => {
  const source = readSource(modelPath, mmprojPath);
  const request = resolveRequest({ modelPath, mmprojPath, home: '', threads: 1 }, source, ordinaryLaptop());
  let model: OpenModel;
  beforeAll(async () => {
    model = await openModel(addon, { path: modelPath, mmprojPath, limits: request.imageLimits, threads: 1 });
  });
  afterAll(() => model.close());

  it('has enough to calibrate with', async () => {
    const planned = await sequencesFor(model, { source, request }, false);
    const { tokens, pictureShare } = selectSequences(planned, {
      alpha: 0.5,
      tokens: DEFAULT_CALIBRATION_TOKENS,
      seed: 1,
    });
    expect(tokens).toBeGreaterThanOrEqual(DEFAULT_CALIBRATION_TOKENS);
    expect(pictureShare).toBeCloseTo(0.5, 1);
  });

  it('knows what it is compared on, pictures and text', async () => {
    const recorded = join(folder, 'held-out.bin');
    const sequences = await sequencesFor(model, { source, request }, true);
    const options = { addon, threads: 1, withAnswers: false };
    await recordSource(model, recorded, sequences, options);
    const { image, text } = await compareWithSource(model, recorded, sequences, options);
    for (const measured of [image, text]) {
      expect(measured?.tokens).toBe(192);
      expect(measured?.sourcePerplexity).toBeGreaterThan(1);
      expect(measured?.sourcePerplexity).toBeLessThan(3);
    }
  });
});
