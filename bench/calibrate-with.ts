import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { CalibratedWith } from '../src-main/contract/fit-request.ts';
import { copyNeeds } from '../src-main/fit/calibrate-with.ts';
import { calibrateSource, openToCalibrate, type Calibrated } from '../src-main/fit/calibration.ts';
import { identify, openContext, type FitContext } from '../src-main/fit/context.ts';
import { calibrationWalk } from '../src-main/fit/gram-walk.ts';
import { readGguf } from '../src-main/gguf/gguf.ts';
import { meanSquares } from '../src-main/gguf/imatrix.ts';
import { writeSourceCopy } from '../src-main/luq/calibrate/source-copy.ts';
import { kendallTau } from '../src-main/luq/entropy/kendall.ts';
import { mean } from '../src-main/luq/entropy/statistics.ts';
import { readGram } from '../src-main/luq/gram/gram-file.ts';
import { walkLayers } from '../src-main/luq/gram/walk-layers.ts';
import { readSidecar } from '../src-main/models/sidecar.ts';
import { demoModel } from '../src-main/root.ts';
import { machine } from './measure.ts';

// What calibrating through a copy in Q8_0 changes, beside what another seed (other sequences) changes, of importance matrix, entropies, the
// order of layers and H: node bench/calibrate-with.ts FOLDER [--model FILE] [--mmproj FILE] [--tokens N] [--threads N]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: demoModel },
    mmproj: { type: 'string' },
    tokens: { type: 'string', default: '32768' },
    threads: { type: 'string', default: '2' },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('Say where to: node bench/calibrate-with.ts FOLDER');
const home = resolve(folder);

interface Found {
  readonly calibrated: Calibrated;
  /** of each input its blocks */
  readonly grams: ReadonlyMap<string, readonly Float32Array[]>;
}

async function found(calibrateWith: CalibratedWith, seed: number): Promise<Found> {
  const mmprojPath = values.mmproj ?? readSidecar(values.model).mmproj;
  using read = await openContext(
    {
      ...{ modelPath: values.model, home, calibrateWith, seed, calibrationTokens: Number(values.tokens) },
      ...{ threads: Number(values.threads), plan: 'luq', ordering: 'entropy' },
      ...(mmprojPath === undefined ? {} : { mmprojPath }),
    },
    {},
  );
  const context = await identify(read);
  return { calibrated: await calibrateSource(context), grams: await gramsOf(context) };
}

async function gramsOf(context: FitContext): Promise<Found['grams']> {
  const grams = new Map<string, readonly Float32Array[]>();
  const usual = await calibrationWalk(context);
  const walk = { ...usual, inputs: 'source' as const, folder: join(home, 'walk'), split: false };
  const through = context.calibratedWith === 'q8_0' ? await copied(context, walk) : walk;
  await walkLayers(through, ({ inputs }) => {
    for (const { tensors, path } of inputs) grams.set(tensors.join(' '), readGram(path.heldOut).blocks);
    return Promise.resolve(undefined);
  });
  return grams;
}

async function copied<Walk>(context: FitContext, walk: Walk) {
  const { addon, source, request } = context;
  const { types, mapped } = copyNeeds(context);
  const path = join(home, 'copy.gguf');
  const { threads } = request;
  await writeSourceCopy({ addon, source: source.text.gguf, types, output: path, threads });
  return { ...walk, source: readGguf(path), openSource: () => openToCalibrate(context, { path, mapped }) };
}

const norm = (values: Float32Array) => Math.hypot(...chunkNorms(values));
function* chunkNorms(values: Float32Array) {
  for (let i = 0; i < values.length; i += 4096) yield Math.hypot(...values.subarray(i, i + 4096));
}

/** Σ|a − b| / Σ a of each tensor's mean squares. */
function importanceDifferences(a: Found, b: Found): number[] {
  return [...a.calibrated.imatrix.entries].map(([name, entry]) => {
    const other = b.calibrated.imatrix.entries.get(name);
    if (!other) throw new Error(`${name} is missing`);
    const [one, two] = [meanSquares(entry), meanSquares(other)];
    const sum = one.reduce((whole, value) => whole + value, 0);
    return one.reduce((whole, value, i) => whole + Math.abs(value - (two[i] ?? 0)), 0) / sum;
  });
}

/** ‖A − B‖ / ‖A‖ (Frobenius) of each input's H. */
function gramDifferences(a: Found, b: Found): number[] {
  return [...a.grams].map(([name, blocks]) => {
    const others = b.grams.get(name) ?? [];
    const differences = blocks.map((block, i) =>
      norm(block.map((value, j) => value - (others[i]?.[j] ?? 0))),
    );
    return Math.hypot(...differences) / Math.hypot(...blocks.map(norm));
  });
}

/** |a − b| of each layer's entropy, in standard errors of the difference. */
function entropyDifferences(a: Found, b: Found): number[] {
  return a.calibrated.entropies.map(({ both, standardError }, layer) => {
    const other = b.calibrated.entropies[layer];
    return Math.abs(both - (other?.both ?? 0)) / Math.hypot(standardError ?? 0, other?.standardError ?? 0);
  });
}

function lowest({ calibrated }: Found, count: number): Set<number> {
  const order = calibrated.entropyBits
    .map((bits, layer) => ({ bits, layer }))
    .sort((a, b) => a.bits - b.bits);
  return new Set(order.slice(0, count).map(({ layer }) => layer));
}

function compared(a: Found, b: Found) {
  const range = (values: readonly number[]) => ({ mean: mean(values), most: Math.max(...values) });
  const half = Math.floor(a.calibrated.entropyBits.length / 2);
  const chosen = lowest(a, half);
  return {
    importance: range(importanceDifferences(a, b)),
    gram: range(gramDifferences(a, b)),
    entropyInErrors: range(entropyDifferences(a, b)),
    entropyBits: range(
      a.calibrated.entropyBits.map((bits, i) => Math.abs(bits - (b.calibrated.entropyBits[i] ?? 0))),
    ),
    orderTau: kendallTau(a.calibrated.entropyBits, b.calibrated.entropyBits),
    /** of the layers in the lower half */
    otherLayers: [...lowest(b, half)].filter((layer) => !chosen.has(layer)).length,
  };
}

const source = await found('source', 1);
const copy = await found('q8_0', 1);
const otherSeed = await found('source', 2);
const result = {
  ...{ date: new Date().toISOString().slice(0, 10), machine: machine() },
  ...{ variant: process.env.SNUG_CPU_VARIANT ?? 'chosen by llama.cpp', model: source.calibrated.report },
  ...{ copy: compared(source, copy), otherSeed: compared(source, otherSeed) },
};
console.log(JSON.stringify(result, null, 2));
const name = `calibrate-with${values.model === demoModel ? '' : '-model'}.json`;
writeFileSync(join(import.meta.dirname, 'results', name), `${JSON.stringify(result, null, 2)}\n`);
