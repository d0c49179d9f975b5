import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { loadAddon } from '../src-main/engine/addon.ts';
import type { FeedTask, FedReport, QuantizeTask } from '../src-main/engine/native-quantizing.ts';
import { tensorTypeId } from '../src-main/gguf/tensor-types.ts';
import { LADDER } from '../src-main/luq/allocate/ladder.ts';
import { seededRandom } from '../src-main/luq/random.ts';
import { gramOf, tokensWithSpectrum, writeGrams } from '../test/helpers/grams.ts';
import { normal, writeRows } from '../test/helpers/rows.ts';
import { machine, processorSeconds } from './measure.ts';

// Error feedback: node bench/feedback.ts [spectrum] [layer TYPE,TYPE …]
//
// spectrum: held-out output error of fed rounding over that of plain rounding, on inputs whose spectrum falls like k^-decay.
// layer: processor time and memory of one 7B-shaped layer (Qwen2.5-VL-7B), fed against plain, in one run.

const WANTED_RATIO = 0.55;
const WANTED_TIME = 2;
const WANTED_BYTES = 2.5e9;
const DAMPINGS = Float32Array.of(0.003, 0.01, 0.03, 0.1, 0.3);
const THREADS = 2;
const { addon } = loadAddon();
const folder = mkdtempSync(join(tmpdir(), 'snug-feedback-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

interface Result {
  readonly name: string;
  readonly ratio: number;
  readonly wanted: number | null;
  readonly note: string;
}
const results: Result[] = [];

function tell(result: Result): void {
  const { name, ratio, wanted, note } = result;
  results.push(result);
  const verdict = wanted === null ? '' : ratio <= wanted ? ` (≤ ${wanted}: met)` : ` (≤ ${wanted}: NOT MET)`;
  console.log(`${name.padEnd(28)} ${ratio.toFixed(3)}${verdict}  ${note}`);
}

const TYPES = ['Q2_K', 'IQ2_S', 'IQ3_XXS', 'IQ1_M'];
const OTHERS = LADDER.filter((type) => type !== 'F16' && !TYPES.includes(type));

async function benchSpectrum(): Promise<void> {
  const [columns, rows] = [1024, 128];
  const random = seededRandom(3);
  const weights = Float32Array.from(
    { length: columns * rows },
    () => normal(random) * (random() < 0.002 ? 0.08 : 0.02),
  );
  const sourcePath = writeRows(folder, 'weights.f32', weights);
  for (const decay of [1, 0.5, 1.5]) {
    const tokens = tokensWithSpectrum({ columns, tokens: 4 * columns, decay, seed: 5 });
    const [trained, heldOut] = [tokens.slice(0, 3 * columns), tokens.slice(3 * columns)].map((part) =>
      gramOf(part, columns),
    ) as [Float32Array, Float32Array];
    const feed = {
      ...writeGrams(folder, 'spectrum', { trained: [trained], heldOut: [heldOut] }),
      dampings: DAMPINGS,
    };
    const importance = Float32Array.from({ length: columns }, (_, i) => trained[i * (columns + 1)] ?? 0);
    for (const type of [...TYPES, ...OTHERS]) {
      const task = taskOf({ sourcePath, columns, rows, importance, type, sourceType: 'F32' });
      const { plainError, fedError, parts } = await addon.quantizeFed({ ...task, feed });
      const how = parts.map(({ damping, order }) => `damping ${damping.toPrecision(1)}, ${order}`).join();
      tell({
        name: `k^-${decay} ${type}`,
        ratio: fedError / plainError,
        wanted: decay === 1 && TYPES.includes(type) ? WANTED_RATIO : null,
        note: `${plainError.toExponential(2)} → ${fedError.toExponential(2)} ${how || 'plain kept'}`,
      });
    }
  }
}

function taskOf(of: {
  sourcePath: string;
  columns: number;
  rows: number;
  importance: Float32Array;
  type: string;
  sourceType: string;
}): QuantizeTask {
  const { sourcePath, columns, rows, importance, type, sourceType } = of;
  return {
    ...{ sourcePath, sourceOffset: 0, sourceType: tensorTypeId(sourceType), columns, rows, importance },
    targetPath: join(folder, 'blocks'),
    targetType: tensorTypeId(type),
    threads: THREADS,
  };
}

const WIDTH = 3584;
const FEED_FORWARD = 18944;
const KV_WIDTH = 512;
/** A layer's matrices: columns, rows, and whether the one before has the same input, whose damping it takes as a fit does. */
const LAYER: readonly (readonly [string, number, number, boolean])[] = [
  ['attn_q', WIDTH, WIDTH, false],
  ['attn_k', WIDTH, KV_WIDTH, true],
  ['attn_v', WIDTH, KV_WIDTH, true],
  ['attn_output', WIDTH, WIDTH, false],
  ['ffn_gate', WIDTH, FEED_FORWARD, false],
  ['ffn_up', WIDTH, FEED_FORWARD, true],
  ['ffn_down', FEED_FORWARD, WIDTH, false],
];
const WIDE_BLOCK = 2048;

async function benchLayer(type: string): Promise<void> {
  const inputs = new Map([WIDTH, FEED_FORWARD].map((columns) => [columns, writeInputs(columns)]));
  let [plain, ggml, fed, highest, better] = [0, 0, 0, 0, 0];
  const before = anonymousBytes();
  let dampings = DAMPINGS;
  for (const [name, columns, rows, shares] of LAYER) {
    const { feed, importance } = inputs.get(columns) as Inputs;
    const sourcePath = writeWeights(columns, rows);
    const task = taskOf({ sourcePath, columns, rows, importance, type, sourceType: 'F16' });
    if (plain === 0) {
      // ggml's tables and ours are built once a process
      await addon.quantizeTensor({ ...task, rows: 2 });
      await addon.quantizeTensor({ ...task, rows: 2, onlyGgml: true });
      await addon.quantizeFed({ ...task, rows: 2, feed });
    }
    const plainTime = await processorSeconds(() => addon.quantizeTensor(task));
    const ggmlTime = await processorSeconds(() => addon.quantizeTensor({ ...task, onlyGgml: true }));
    let report: FedReport | undefined;
    if (!shares) dampings = DAMPINGS;
    const fedTime = await processorSeconds(async () => {
      report = await addon.quantizeFed({ ...task, feed: { ...feed, name, dampings } }, undefined, () => {
        highest = Math.max(highest, anonymousBytes() - before);
      });
    });
    const [first] = report?.parts ?? [];
    if (first) dampings = Float32Array.of(first.damping);
    if (report?.rounding === 'fed') better += 1;
    console.log(
      `  ${name}: ${plainTime.toFixed(1)} s plain, ${ggmlTime.toFixed(1)} s by ggml, ${fedTime.toFixed(1)} s fed`,
    );
    plain += plainTime;
    ggml += ggmlTime;
    fed += fedTime;
  }
  const note = `${plain.toFixed(1)} s → ${fed.toFixed(1)} s of processors, ${better} of ${LAYER.length} fed`;
  tell({ name: `7B layer ${type}, time`, ratio: fed / plain, wanted: WANTED_TIME, note });
  const byGgml = `${ggml.toFixed(1)} s by ggml's quantizer`;
  tell({ name: `7B layer ${type}, against ggml`, ratio: fed / ggml, wanted: null, note: byGgml });
  const memory = `${(highest / 1e6).toFixed(0)} MB at the peak`;
  tell({ name: `7B layer ${type}, memory`, ratio: highest / WANTED_BYTES, wanted: 1, note: memory });
}

interface Inputs {
  readonly feed: FeedTask;
  readonly importance: Float32Array;
}

/** Sums of fewer tokens than columns, of falling size: enough for time and memory. */
function writeInputs(columns: number): Inputs {
  const random = seededRandom(columns);
  const step = columns > 4096 ? WIDE_BLOCK : columns;
  const blocks = Array.from({ length: Math.ceil(columns / step) }, (_, i) => {
    const width = Math.min(step, columns - i * step);
    const tokens = Array.from({ length: 128 }, (_, k) =>
      Float32Array.from({ length: width }, () => normal(random) * (k + 1) ** -0.5),
    );
    return gramOf(tokens, width);
  });
  const importance = Float32Array.from(blocks.flatMap((block) => diagonal(block)));
  const feed = {
    ...writeGrams(folder, `inputs-${columns}`, { trained: blocks, heldOut: blocks }),
    dampings: DAMPINGS,
  };
  return { feed, importance };
}

function diagonal(block: Float32Array): number[] {
  const columns = Math.sqrt(block.length);
  return Array.from({ length: columns }, (_, i) => block[i * (columns + 1)] ?? 0);
}

function writeWeights(columns: number, rows: number): string {
  const random = seededRandom(rows);
  const some = Float16Array.from({ length: 1 << 18 }, () => normal(random) * 0.02);
  const values = new Float16Array(columns * rows);
  // shifted by a row's part, so that no two rows are alike
  for (let at = 0; at < values.length; at += some.length - 77) {
    values.set(some.subarray(0, Math.min(some.length, values.length - at)), at);
  }
  const path = join(folder, 'weights.f16');
  writeFileSync(path, values);
  return path;
}

/** Memory of this process that is not pages of files; only Linux tells. */
function anonymousBytes(): number {
  return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

const [what = 'spectrum', types = 'IQ2_S'] = process.argv.slice(2);
if (what === 'spectrum') await benchSpectrum();
else for (const type of types.split(',')) await benchLayer(type);
const path = join(import.meta.dirname, 'results', `feedback-${what}.json`);
mkdirSync(dirname(path), { recursive: true });
const date = new Date().toISOString().slice(0, 10);
writeFileSync(path, `${JSON.stringify({ date, machine: machine(), results }, null, 2)}\n`);
