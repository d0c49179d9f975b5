import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { llamaCppRelease } from '../../src-main/engine/build.ts';
import { hashFile } from '../../src-main/files/hash.ts';
import { CALIBRATION, makeCalibration } from './calibration.ts';
import { measureLadder } from './ladder.ts';
import { writeCard } from './model-card.ts';
import { drawPicture, readVqaTest, type VqaTest } from './recipe.ts';
import { askSamples, makeSamples, samplePath } from './samples.ts';
import { askVqaTest } from './score.ts';
import { MMPROJ, MODEL, parts, percent, wishes, writeScores, type ScoresFile } from './scores-file.ts';

/**
 * Makes the demo model that Snug comes with from a checkpoint: GGUF files, samples, scores, model card, and the torch model's answers
 * for the tests. `node tools/demo-model/ship.ts --checkpoint build/deep.pt --python .venv/bin/python`
 * Everything is made in a temporary folder; only when all of it is there are the old files replaced.
 */

const root = join(import.meta.dirname, '../..');

const TORCH_ANSWERS = 50;

interface Job {
  readonly checkpoint: string;
  /** runs a script of this folder and returns what it printed */
  readonly python: (script: string, ...args: string[]) => string;
  readonly threads: number;
  /** where things are made */
  readonly work: string;
  /** the future resources/demo-model */
  readonly model: string;
  readonly testPath: string;
  readonly test: VqaTest;
}

function pythonRunner(interpreter: string): Job['python'] {
  return (script, ...args) => {
    try {
      return execFileSync(interpreter, [join(import.meta.dirname, script), ...args], {
        encoding: 'utf8',
        // matrices this small gain nothing from two threads, which wait spinning for each other
        env: { ...process.env, OMP_NUM_THREADS: '1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      }).trim();
    } catch (error) {
      throw new Error(`${interpreter} ${script} failed`, { cause: error });
    }
  };
}

function exportModel({ python, checkpoint, model }: Job): void {
  python('export.py', checkpoint, model);
}

function samplesOf({ python, work }: Job): VqaTest {
  const path = join(work, 'samples.json');
  python('samples.py', path);
  return readVqaTest(path);
}

/** What the torch model answers about the first pictures, as llama.cpp will see them. */
async function recordTorch(
  { python, checkpoint, work, testPath, test }: Job,
  sha256: string,
): Promise<string> {
  const pictures = join(work, 'pictures');
  mkdirSync(pictures);
  for (const [index, recipe] of test.pictures.slice(0, TORCH_ANSWERS).entries()) {
    writeFileSync(join(pictures, `${index}.png`), await drawPicture(recipe, test.glyphs));
  }
  const path = join(work, 'answers.json');
  python('record.py', checkpoint, testPath, pictures, String(TORCH_ANSWERS), path);
  const answers: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return `${JSON.stringify({ sha256, answers }, null, 2)}\n`;
}

/** Puts new files in their places: all are copied beside the old ones before the first is replaced. */
function place(files: readonly { from: string; to: string }[]): void {
  const temporary = (to: string) => `${to}.tmp`;
  try {
    for (const { from, to } of files) {
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(from, temporary(to));
    }
    for (const { to } of files) renameSync(temporary(to), to);
  } finally {
    for (const { to } of files) rmSync(temporary(to), { force: true });
  }
}

function calibrationFiles(model: string): string[] {
  const pictures = readdirSync(join(model, CALIBRATION, 'pictures'));
  return ['manifest.json', ...pictures.map((name) => join('pictures', name))].map((name) =>
    join(CALIBRATION, name),
  );
}

async function step<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  const started = performance.now();
  console.log(`${name} …`);
  try {
    return await work();
  } catch (error) {
    throw new Error(`${name} failed; nothing was replaced`, { cause: error });
  } finally {
    console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}

/** Makes everything in the job's folders. */
async function make(job: Job, trained: string | undefined): Promise<void> {
  const { model, test, threads, work } = job;
  const files = { model: join(model, MODEL), mmproj: join(model, MMPROJ) };
  await step('export', () => exportModel(job));
  const samples = await step('samples', async () => {
    const recipes = samplesOf(job);
    await makeSamples(recipes, model);
    return recipes;
  });
  await step('calibration set', () => makeCalibration(job.python, work, model));
  const sha256 = { [MODEL]: await hashFile(files.model), [MMPROJ]: await hashFile(files.mmproj) };
  const content: ScoresFile = await step('scores', async () => ({
    sha256,
    llamaCpp: llamaCppRelease(),
    decoding: 'greedy',
    testSeed: test.seed,
    ...parts(test, await askVqaTest({ ...files, threads }, test)),
    samples: await askSamples(samples, model, threads),
    trained: trained ?? job.python('trained.py', job.checkpoint),
  }));
  const answers = await step("the torch model's answers", () => recordTorch(job, sha256[MODEL]));
  writeFileSync(join(work, 'torch-answers.json'), answers);
  const ladder = await step('ladder', () => measureLadder(model, content, test, threads));
  writeScores(model, { ...content, ladder });
  writeCard(model);
  report({ ...content, ladder });
}

function report({ whole, samples, ladder }: ScoresFile): void {
  for (const [skill, score] of Object.entries({ ...whole.bySkill, all: whole.all })) {
    console.log(
      `${skill.padEnd(14)} ${percent(score).toFixed(1).padStart(5)} %  ${score.right}/${score.total}`,
    );
  }
  for (const { question, answer, said } of samples) console.log(`${question} ${answer} ← ${said}`);
  if (!ladder) return;
  for (const { wish, met } of wishes(ladder)) console.log(`${met ? 'yes' : 'NO '}  ${wish}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      checkpoint: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      resources: { type: 'string', default: join(root, 'resources/demo-model') },
      fixtures: { type: 'string', default: join(root, 'test/fixtures/demo-model') },
      trained: { type: 'string' },
      test: { type: 'string', default: join(root, 'resources/demo-model/vqa-test/test.json') },
      // two threads take a hundred times as long where another program wants a core: each waits spinning for the other
      threads: { type: 'string', default: '1' },
    },
  });
  if (values.checkpoint === undefined) {
    throw new Error(
      'usage: node tools/demo-model/ship.ts --checkpoint FILE [--python FILE] [--trained WORDS] [--threads N]\n' +
        '       [--resources FOLDER] [--fixtures FOLDER] [--test FILE]',
    );
  }
  const work = mkdtempSync(join(tmpdir(), 'snug-ship-'));
  const model = join(work, 'model');
  try {
    const job: Job = {
      checkpoint: resolve(values.checkpoint),
      python: pythonRunner(values.python),
      threads: Number(values.threads),
      work,
      model,
      testPath: resolve(values.test),
      test: readVqaTest(values.test),
    };
    await make(job, values.trained);
    const samples = readVqaTest(join(work, 'samples.json')).pictures.map(({ name }) => samplePath(name));
    const names = [MODEL, MMPROJ, `${MODEL}.snug.json`, 'scores.json', 'MODEL_CARD.md', ...samples];
    place([
      ...names.map((name) => ({ from: join(model, name), to: join(values.resources, name) })),
      ...calibrationFiles(model).map((name) => ({
        from: join(model, name),
        to: join(values.resources, name),
      })),
      { from: join(work, 'torch-answers.json'), to: join(values.fixtures, 'torch-answers.json') },
    ]);
    console.log(`shipped to ${values.resources}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
