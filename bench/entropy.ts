import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadAddon } from '../src-main/engine/addon.ts';
import { sequencesFor } from '../src-main/fit/calibration.ts';
import { calibrationLimits } from '../src-main/fit/kept-calibration.ts';
import { openContext } from '../src-main/fit/context.ts';
import {
  calibrate,
  calibrationFiles,
  planSample,
  selectSequences,
} from '../src-main/luq/calibrate/calibrate.ts';
import { sampleDimensions, SEEDS } from '../src-main/luq/entropy/effort.ts';
import { shannonEntropyBits } from '../src-main/luq/entropy/entropy.ts';
import { kendallTau } from '../src-main/luq/entropy/kendall.ts';
import { bitsOf, mean } from '../src-main/luq/entropy/statistics.ts';
import { openModel } from '../src-main/models/open-model.ts';
import { demoModel } from '../src-main/root.ts';

/**
 * Whether layers come out in the same order by k-means on a random projection as on whole outputs, and what that saves:
 * `node bench/entropy.ts FOLDER [--tokens 4096] [--seeds 16]`, on the demo model; what it makes is kept in FOLDER. Two sets of seeds on
 * whole outputs say how far an order differs from itself by chance.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tokens: { type: 'string', default: '4096' }, seeds: { type: 'string', default: String(SEEDS) } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('Say where to: node bench/entropy.ts FOLDER');
const [tokens, seeds] = [Number(values.tokens), Number(values.seeds)];
const CLUSTERS = 100;

const { addon } = loadAddon();
using context = await openContext(
  {
    modelPath: demoModel,
    mmprojPath: join(demoModel, '..', 'mmproj-demo-vl-f16.gguf'),
    home: resolve(folder),
    threads: 1,
  },
  {},
);
const { source, request } = context;
const { layers, embeddingLength } = source.text;

/** Samples the same tokens' outputs in so many dimensions. */
async function sampled(dimensions: number): Promise<string> {
  const into = join(resolve(folder ?? ''), `${dimensions}-dimensions-${tokens}-tokens`);
  mkdirSync(into, { recursive: true });
  using model = await openModel(addon, {
    path: source.text.path,
    mmprojPath: source.vision?.path,
    limits: calibrationLimits(request.imageLimits),
    threads: 1,
  });
  const planned = await sequencesFor(model, { source, request }, false);
  const selection = selectSequences(planned, { alpha: 0.5, tokens: 32_768, seed: 1 });
  const sample = planSample(selection, { size: tokens, dimensions, seed: 1 });
  await calibrate({
    addon,
    model,
    selection,
    sample,
    folder: into,
    datasetName: '',
    batchTokens: 1024,
    threads: 1,
  });
  return calibrationFiles(into).sample;
}

interface Measured {
  /** means over the seeds [layers], and the mean of their standard errors */
  readonly bits: readonly number[];
  readonly error: number;
  readonly secondsEach: number;
}

async function measured(path: string, dimensions: number, firstSeed: number): Promise<Measured> {
  const rows = Int32Array.from({ length: tokens }, (_, row) => row);
  const started = performance.now();
  const perLayer = [];
  for (let layer = 0; layer < layers; layer++) {
    const found: number[] = [];
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const offset = layer * tokens * dimensions * Float32Array.BYTES_PER_ELEMENT;
      const task = { path, offset, dimensions, rows, clusters: CLUSTERS, seed, maxRounds: 50, threads: 1 };
      found.push(shannonEntropyBits((await addon.clusterTokens(task)).assignment, CLUSTERS));
    }
    perLayer.push(bitsOf({ seeds: found, firstHalf: null, secondHalf: null, image: null, text: null }));
  }
  return {
    bits: perLayer.map(({ both }) => both),
    error: mean(perLayer.map(({ standardError }) => standardError ?? 0)),
    secondsEach: (performance.now() - started) / 1000 / layers / seeds,
  };
}

const wholePath = await sampled(embeddingLength);
const whole = await measured(wholePath, embeddingLength, 1);
const again = await measured(wholePath, embeddingLength, 1 + seeds);
console.log(`${layers} layers, ${tokens} tokens, ${CLUSTERS} clusters, means over ${seeds} seeds`);
const say = (name: string, { bits, error, secondsEach }: Measured) => {
  const taus = [whole, again].map((other) => kendallTau(bits, other.bits).toFixed(2)).join(' and ');
  console.log(
    `${name}: ± ${error.toFixed(4)} bits, ${(secondsEach * 1000).toFixed(0)} ms a clustering, τ with whole outputs ${taus}`,
  );
  console.log(`  ${bits.map((value) => value.toFixed(3)).join(' ')}`);
};
say(`${embeddingLength} dimensions (whole)`, whole);
say(`${embeddingLength} dimensions, other seeds`, again);
for (const dimensions of new Set([
  sampleDimensions(embeddingLength),
  2 * sampleDimensions(embeddingLength),
])) {
  if (dimensions >= embeddingLength) continue;
  say(`${dimensions} dimensions`, await measured(await sampled(dimensions), dimensions, 1 + 2 * seeds));
}
