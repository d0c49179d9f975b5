import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../src-main/engine/addon.ts';
import { peakResidentBytes } from '../src-main/engine/peak-memory.ts';
import type { PlannedSequence } from '../src-main/luq/calibrate/sequences.ts';
import { LocalErrorMeter } from '../src-main/luq/gram/local-errors.ts';
import { walkLayers } from '../src-main/luq/gram/walk-layers.ts';
import { seededRandom } from '../src-main/luq/random.ts';
import type { Importance } from '../src-main/gguf/imatrix.ts';
import { tensorTypeId } from '../src-main/gguf/tensor-types.ts';
import { readTextModel } from '../src-main/models/model-file.ts';
import { openModel } from '../src-main/models/open-model.ts';
import { machine, seconds } from './measure.ts';
import { writeRandomModel } from './random-model.ts';

// What the inputs of one layer of Qwen2.5-VL-7B's shape cost: node bench/gram.ts [TOKENS]. The layer is run once with the sums and once
// without, and then the errors of all types are measured.

const tokens = Number(process.argv[2] ?? 2048);
const threads = 2;
const SEQUENCE = 512;
const LADDER = [
  'IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S Q2_K IQ3_XXS IQ3_S',
  'Q3_K IQ4_XS IQ4_NL Q4_K Q5_K Q6_K Q8_0 F16',
].flatMap((line) => line.split(' ').map(tensorTypeId));

const models = join(import.meta.dirname, '..', '.cache', 'bench');
mkdirSync(models, { recursive: true });
const path = join(models, 'random-7b-1.gguf');
await writeRandomModel(path, 1);
const { addon } = loadAddon();
const text = readTextModel(path);
const limits = { minTokens: 1, maxTokens: 1 };
const open = () => openModel(addon, { path, limits, threads });
const random = seededRandom(1);
const sequences: PlannedSequence[] = Array.from({ length: tokens / SEQUENCE }, (_, i) => {
  const ids = Int32Array.from({ length: SEQUENCE }, () => 100 + Math.floor(random() * 1500));
  return {
    kind: 'text',
    name: `text ${i}`,
    tokens: SEQUENCE,
    imageTokens: [],
    ids,
    answer: { first: 0, count: 0 },
    prepare: () => Promise.resolve({ tokens: ids }),
  };
});

const importance = new Map<string, Importance>();

async function plainPass(): Promise<number> {
  using model = await open();
  const evaluator = new addon.Evaluator(model, { batchTokens: 1024, sequences: 256, threads, tap: true });
  const spent = await seconds(async () => {
    for (let i = 0; i < sequences.length; i += 2) {
      const batch = sequences.slice(i, i + 2);
      await evaluator.run({ sequences: await Promise.all(batch.map((one) => one.prepare())) });
    }
  });
  for (const [name, sums] of Object.entries(evaluator.importance())) importance.set(name, sums);
  evaluator.close();
  return spent;
}

const folder = mkdtempSync(join(tmpdir(), 'snug-bench-'));
try {
  await plainPass();
  const plain = await plainPass();
  const imatrix = { entries: importance, chunks: 1 };
  const meter = new LocalErrorMeter({
    ...{ addon, source: text.gguf, imatrix, typesFor: () => LADDER, seed: 1, folder, threads },
  });
  let errors = 0;
  const whole = await seconds(() =>
    walkLayers(
      {
        ...{ addon, source: text.gguf, layers: 1, width: text.embeddingLength, sequences, openSource: open },
        ...{
          inputs: 'source',
          weightOfPictures: 1,
          folder: join(folder, 'walk'),
          batchTokens: 1024,
          threads,
        },
      },
      async (grams) => {
        errors = await seconds(() => meter.visit(grams));
        return undefined;
      },
    ),
  );
  console.log(JSON.stringify(machine()));
  console.log(`${tokens} tokens through one layer, with its importance matrix: ${plain.toFixed(2)} s`);
  const sums = whole - errors;
  console.log(`written as a model, run and its inputs summed up and stored: ${sums.toFixed(2)} s`);
  console.log(`errors of its tensors in all types: ${errors.toFixed(2)} s`);
  console.log(`memory of the process at the peak: ${((peakResidentBytes() ?? 0) / 1e9).toFixed(2)} GB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
