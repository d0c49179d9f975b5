import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Rung } from '../../src-main/contract/rungs.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { writeCard } from './model-card.ts';
import { readVqaTest, type VqaTest } from './recipe.ts';
import { askVqaTest } from './score.ts';
import {
  LADDER_TYPES,
  MMPROJ,
  MODEL,
  parts,
  percent,
  readScores,
  wishes,
  writeScores,
  type Ladder,
  type LadderStep,
  type LadderType,
  type TestPart,
} from './scores-file.ts';

/**
 * What each type down to one bit does to the demo model: every layer in that type with Snug's own multimodal importance matrix,
 * compared with the F16 file. `node tools/demo-model/ladder.ts [--resources FOLDER] [--threads 1]` writes it into scores.json and the model
 * card.
 */

/** A fit wants a lower type too; with no layer in it, it plays no part. */
function lowerThan(type: LadderType): Rung {
  return type === 'IQ1_M' ? 'IQ1_S' : 'IQ1_M';
}

/** Fits the model with every tensor in one type; all types share the calibration that is kept in `home`. */
export async function inOneType(folder: string, home: string, type: LadderType, threads: number) {
  const output = join(home, `${type}.gguf`);
  const { check } = await fit(
    {
      modelPath: join(folder, MODEL),
      mmprojPath: join(folder, MMPROJ),
      home,
      output,
      rungs: { high: type, low: lowerThan(type) },
      lowLayers: 0,
      // no layer goes low, so nobody asks for the order of their entropies
      clusters: 2,
      threads,
    },
    {},
  );
  const { image, text } = check;
  if (!image || !text) throw new Error('the calibration set has no held-out pictures or text');
  return { output, image: short(image), text: short(text) };
}

function short({ tokens, meanKld, topAgreement }: LadderStep['image']): LadderStep['image'] {
  return { tokens, meanKld, topAgreement };
}

/** Measures the model of a folder in every type of the ladder; `source`: the F16 file's scores. */
export async function measureLadder(
  folder: string,
  source: { whole: TestPart; quick: TestPart },
  test: VqaTest,
  threads: number,
): Promise<Ladder> {
  const home = mkdtempSync(join(tmpdir(), 'snug-ladder-'));
  const steps: LadderStep[] = [];
  try {
    for (const type of LADDER_TYPES) {
      const { output: model, image, text } = await inOneType(folder, home, type, threads);
      const asked = await askVqaTest({ model, mmproj: join(folder, MMPROJ), threads }, test);
      const { whole, quick } = parts(test, asked);
      const step = { type, bytes: statSync(model).size, image, text, whole: whole.all, quick: quick.all };
      console.log(told(step));
      steps.push(step);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  return { source: source.whole.all, steps };
}

function told({ type, image, text, whole }: LadderStep): string {
  const klds = [image, text].map(({ meanKld }) => (meanKld?.toFixed(4) ?? 'no number').padStart(9));
  const answers = `${percent(whole).toFixed(1).padStart(5)} % (${whole.right}/${whole.total})`;
  return `${type.padEnd(7)} KLD pictures ${klds[0]}, text ${klds[1]}  right ${answers}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      resources: { type: 'string', default: join(import.meta.dirname, '../../resources/demo-model') },
      // two threads take a hundred times as long where another program wants a core: each waits spinning for the other
      threads: { type: 'string', default: '1' },
    },
  });
  const test = readVqaTest(join(import.meta.dirname, '../../resources/demo-model/vqa-test/test.json'));
  const kept = readScores(values.resources);
  const ladder = await measureLadder(values.resources, kept, test, Number(values.threads));
  for (const { wish, met } of wishes(ladder)) console.log(`${met ? 'yes' : 'NO '}  ${wish}`);
  writeScores(values.resources, { ...kept, ladder });
  writeCard(values.resources);
}

if (import.meta.main) await main();
