import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readTextModel } from '../src-main/models/model-file.ts';
import { benchBandwidth } from './bandwidth.ts';
import { benchCalibrate } from './calibrate.ts';
import { benchChat } from './chat.ts';
import { benchKernels } from './kernels.ts';
import { benchModels, QUARTER, WHOLE } from './models.ts';
import { machine, run, type PeerComparison } from './measure.ts';
import { benchQuantize } from './quantize.ts';
import { benchQuantizers } from './quantizers.ts';
import { writeRandomModel } from './random-model.ts';
import type { Setting } from './setting.ts';

// Every measured claim, as ratios in one run: npm run bench. Close other programs first. With names (chat, calibrate,
// quantize, quantizers, kernels, bandwidth, models, models-whole, quantize-low) only those are run again, and the others' results stay.

const root = join(import.meta.dirname, '..');
const folder = join(root, '.cache', 'bench');
const peers = join(root, '.cache', 'peers');
const text = join(root, 'resources', 'calibration', 'text', 'newton-opticks.txt');
const threads = 2;
/** Four layers of 467 MB: the 2 GB model. */
const LAYERS = 4;

if (!existsSync(join(peers, 'llama-bench'))) {
  console.error('llama.cpp’s own tools are not built yet. Run: bash bench/peers.sh');
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
const model = join(folder, `random-7b-${LAYERS}.gguf`);
const oneLayer = join(folder, 'random-7b-1.gguf');
const imatrix = join(folder, 'imatrix.gguf');
const quantized = join(folder, `random-7b-${LAYERS}-q4km.gguf`);
console.log('Writing the random model …');
await writeRandomModel(model, LAYERS);
console.log(`${readTextModel(model).name}: ${(readTextModel(model).gguf.fileBytes / 1e9).toFixed(2)} GB`);
if (!existsSync(imatrix)) {
  const flags = `-c 512 -b 512 --no-ppl -dev none -ngl 0 -fit off -t ${threads} --chunks 1`.split(' ');
  await run(join(peers, 'llama-imatrix'), ['-m', model, '-f', text, '-o', imatrix, ...flags]);
}
if (!existsSync(quantized))
  await run(join(peers, 'llama-quantize'), [model, quantized, 'Q4_K_M', String(threads)]);

const setting: Setting = { folder, peers, threads, model, imatrix, quantized, text };
const benches = {
  chat: benchChat,
  // of a layer: what llama-imatrix needs for four takes longer than a machine stays quiet
  calibrate: async (shared: Setting) => {
    await writeRandomModel(oneLayer, 1);
    return benchCalibrate({ ...shared, model: oneLayer });
  },
  quantize: (shared: Setting) => benchQuantize(shared, 'Q4_K_M'),
  quantizers: benchQuantizers,
  kernels: benchKernels,
  bandwidth: benchBandwidth,
  models: (shared: Setting) => benchModels(shared, QUARTER),
  'models-whole': (shared: Setting) => benchModels(shared, WHOLE),
  // minutes a layer: one is enough to compare
  'quantize-low': async (shared: Setting) => {
    await writeRandomModel(oneLayer, 1);
    const layer = { ...shared, model: oneLayer };
    return [
      ...(await benchQuantize(layer, 'IQ1_M')),
      ...(await benchQuantize(layer, 'IQ2_S')),
      ...(await benchQuantize(layer, 'Q2_K')),
    ];
  },
};
const wanted = process.argv.slice(2);
const path = join(root, 'bench', 'results', 'against-llama.cpp.json');
/** What one run measured, on which machine: machines differ from one run to the next. */
interface Run {
  readonly date: string;
  readonly machine: ReturnType<typeof machine>;
  readonly threads: number;
  readonly comparisons: readonly PeerComparison[];
}
const kept: readonly Run[] =
  wanted.length > 0 && existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Run[]) : [];
const measured: PeerComparison[] = [];

/** After every bench: a run that is stopped keeps what it has measured, and other runs keep what it has not measured again. */
function save(): void {
  const names = new Set(measured.map(({ name }) => name));
  const others = kept
    .map((run) => ({ ...run, comparisons: run.comparisons.filter(({ name }) => !names.has(name)) }))
    .filter(({ comparisons }) => comparisons.length > 0);
  const date = new Date().toISOString().slice(0, 10);
  const runs: Run[] = [{ date, machine: machine(), threads, comparisons: measured }, ...others];
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(runs, null, 2)}\n`);
}

for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const comparison of await bench(setting)) {
    measured.push(comparison);
    const { name, unit, ours, theirs, ratio, wanted, met, spread, note } = comparison;
    const verdict = wanted === undefined ? '' : ` (wanted ${wanted}: ${met ? 'met' : 'NOT MET'})`;
    console.log(
      `${name}: ${ours.toFixed(1)} against ${theirs.toFixed(1)} ${unit}, ratio ${ratio.toFixed(3)}${verdict}`,
    );
    if (spread) console.log(`  by rounds ${spread.map((ratio) => ratio.toFixed(3)).join(' to ')}`);
    if (note) console.log(`  ${note}`);
  }
  save();
}
console.log(`Saved as bench/results/against-llama.cpp.json`);
