import { join } from 'node:path';
import { expect } from 'vitest';
import { inOneType } from '../../tools/demo-model/ladder.ts';
import { readVqaTest } from '../../tools/demo-model/recipe.ts';
import { askVqaTest, scores, type Asked } from '../../tools/demo-model/score.ts';
import {
  MMPROJ,
  percent,
  quickTest,
  readScores,
  type LadderType,
  type Score,
} from '../../tools/demo-model/scores-file.ts';
import { demoFolder } from '../fixtures/demo.ts';

/** More only take turns on a model this small. */
export const DEMO_THREADS = 1;
/** CPU variants round differently, and now and then a tie goes the other way. */
const POINTS = 2;
/** In nats: what other rounding makes of the mean divergence of a type that loses next to nothing. */
const ROUNDING = 5e-5;

export const demoTest = readVqaTest(join(demoFolder, 'vqa-test', 'test.json'));

/** As many answers are right as were then, within what rounding may change. */
export function expectScore(asked: readonly Asked[], then: Score): void {
  const now = scores(asked).get('all') ?? { right: 0, total: 0 };
  expect(now.total).toBe(then.total);
  expect(Math.abs(percent(now) - percent(then))).toBeLessThanOrEqual(POINTS);
}

/** Fits the demo model of a folder in one type, and expects what its scores file says of it. `work` keeps the calibration for others. */
export async function expectAsRecorded(folder: string, work: string, type: LadderType): Promise<void> {
  const step = readScores(folder).ladder?.steps.find((one) => one.type === type);
  if (!step) throw new Error(`the ladder has no ${type}`);
  const { output, image, text } = await inOneType(folder, work, type, DEMO_THREADS);
  for (const [now, then] of [
    [image, step.image],
    [text, step.text],
  ] as const) {
    const recorded = then.meanKld ?? NaN;
    // the importance matrix, and with it a few blocks, depends on the CPU variant
    expect(Math.abs((now.meanKld ?? NaN) - recorded)).toBeLessThan(0.1 * recorded + ROUNDING);
  }
  const mmproj = join(folder, MMPROJ);
  const asked = await askVqaTest({ model: output, mmproj, threads: DEMO_THREADS }, quickTest(demoTest));
  expectScore(asked, step.quick);
}
