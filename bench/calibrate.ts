import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon } from '../src-main/engine/addon.ts';
import { openModel } from '../src-main/models/open-model.ts';
import { median, run, seconds, type PeerComparison } from './measure.ts';
import type { Setting } from './setting.ts';

const CHUNK = 512;
const CHUNKS = 4;
const SAMPLED_PER_CHUNK = 64;
const ROUNDS = 1;

/**
 * Calibration tokens per second against llama-imatrix: the same text in the same chunks. Ours also samples layer outputs to
 * disk. Theirs is the difference between a long and a short run, so that loading the model does not count.
 */
export async function benchCalibrate(setting: Setting): Promise<PeerComparison[]> {
  const { folder, peers, threads, model, text } = setting;
  const { addon } = loadAddon();
  using opened = await openModel(addon, { path: model, limits: { minTokens: 4, maxTokens: 64 }, threads });
  const { layers } = opened.describe();
  const tokens = opened.tokenize(readFileSync(text, 'utf8'), true, false);
  const evaluator = new addon.Evaluator(opened, { batchTokens: CHUNK, sequences: 1, threads, tap: true });
  const samplePath = join(folder, 'sample.f32');
  closeSync(openSync(samplePath, 'w'));
  const runChunk = (index: number) => {
    const slots = new Int32Array(CHUNK).fill(-1);
    for (let i = 0; i < SAMPLED_PER_CHUNK; i++) slots[i * 8] = index * SAMPLED_PER_CHUNK + i;
    const start = (index * CHUNK) % (tokens.length - CHUNK);
    return evaluator.run({
      sequences: [{ tokens: tokens.slice(start, start + CHUNK) }],
      sampleSlots: slots,
      samplePath,
      slotsPerLayer: CHUNKS * SAMPLED_PER_CHUNK,
    });
  };
  if (tokens.length < (CHUNKS + 1) * CHUNK) throw new Error('the text is too short for this many chunks');
  const imatrix = async (chunks: number) => {
    const flags =
      `-c ${CHUNK} -b ${CHUNK} --no-ppl -dev none -ngl 0 -fit off -t ${threads} --chunks ${chunks}`.split(
        ' ',
      );
    const output = join(folder, 'bench-imatrix.gguf');
    return seconds(() =>
      run(join(peers, 'llama-imatrix'), ['-m', model, '-f', text, '-o', output, ...flags]),
    );
  };
  await runChunk(0);
  const ratios: number[] = [];
  const ourRates: number[] = [];
  const theirRates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await seconds(async () => {
      for (let i = 0; i < CHUNKS; i++) await runChunk(i);
    });
    const theirs = (await imatrix(CHUNKS + 1)) - (await imatrix(1));
    ourRates.push((CHUNKS * CHUNK) / ours);
    theirRates.push((CHUNKS * CHUNK) / theirs);
    ratios.push(theirs / ours);
  }
  evaluator.close();
  const ratio = median(ratios);
  return [
    {
      name: `calibrate ${layers} layers of 7B shape`,
      unit: 'tokens per second',
      ours: median(ourRates),
      theirs: median(theirRates),
      ratio,
      wanted: '≥ 0.9',
      met: ratio >= 0.9,
      note: 'llama-imatrix computes the output head too, Snug stops after the last layer and samples its outputs',
    },
  ];
}
