import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../src-main/contract/counted.ts';
import { copyNeeds } from '../src-main/fit/calibrate-with.ts';
import { openToCalibrate } from '../src-main/fit/calibration.ts';
import { identify, openContext, type FitContext } from '../src-main/fit/context.ts';
import { DEFAULT_CALIBRATION_TOKENS } from '../src-main/luq/calibrate/calibrate.ts';
import { sampleDimensions } from '../src-main/luq/entropy/effort.ts';
import { writeSourceCopy } from '../src-main/luq/calibrate/source-copy.ts';
import { compareTurns, processorSeconds, programSeconds, type PeerComparison, type Turn } from './measure.ts';
import type { Setting } from './setting.ts';

const CHUNK = 512;
const CHUNKS = 4;
const ROUNDS = 3;

/**
 * Calibration tokens per second of one thread against llama-imatrix: the same text in the same chunks, by processor time. Ours goes
 * through whatever a fit takes on this machine; where that is a copy, its making counts with the share that these tokens are of a whole
 * calibration. Ours also samples the outputs of every token, as of a model of this size. Theirs is the difference between a long and a
 * short run, so that loading the model does not count.
 */
export async function benchCalibrate(setting: Setting): Promise<PeerComparison[]> {
  const { folder, peers, model, text } = setting;
  const threads = 1;
  using read = await openContext({ modelPath: model, home: join(folder, 'home'), threads, plan: 'luq' }, {});
  const context = await identify(read);
  const { addon, calibratedWith } = context;
  const copy = calibratedWith === 'q8_0' ? await copyOf(context, join(folder, 'copy.gguf')) : undefined;
  using opened = await openToCalibrate(context, copy);
  const { layers, embeddingLength } = context.source.text;
  const tokens = opened.tokenize(readFileSync(text, 'utf8'), true, false);
  const evaluator = new addon.Evaluator(opened, { batchTokens: CHUNK, sequences: 1, threads, tap: true });
  const samplePath = join(folder, 'sample.f32');
  closeSync(openSync(samplePath, 'w'));
  const runChunk = (index: number) => {
    const slots = Int32Array.from({ length: CHUNK }, (_, token) => index * CHUNK + token);
    const start = (index * CHUNK) % (tokens.length - CHUNK);
    return evaluator.run({
      sequences: [{ tokens: tokens.slice(start, start + CHUNK) }],
      sampleSlots: slots,
      samplePath,
      slotsPerLayer: CHUNKS * CHUNK,
      sampleDimensions: sampleDimensions(embeddingLength),
      sampleSeed: 1,
    });
  };
  if (tokens.length < (CHUNKS + 1) * CHUNK) throw new Error('the text is too short for this many chunks');
  const imatrix = async (chunks: number) => {
    const flags =
      `-c ${CHUNK} -b ${CHUNK} --no-ppl -dev none -ngl 0 -fit off -t ${threads} --chunks ${chunks}`.split(
        ' ',
      );
    const output = join(folder, 'bench-imatrix.gguf');
    return programSeconds(join(peers, 'llama-imatrix'), ['-m', model, '-f', text, '-o', output, ...flags]);
  };
  await runChunk(0);
  const turns: Turn[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await processorSeconds(async () => {
      for (let i = 0; i < CHUNKS; i++) await runChunk(i);
    });
    const theirs = (await imatrix(CHUNKS + 1)) - (await imatrix(1));
    const whole = ours + ((copy?.seconds ?? 0) * CHUNKS * CHUNK) / DEFAULT_CALIBRATION_TOKENS;
    turns.push({ ours: (CHUNKS * CHUNK) / whole, theirs: (CHUNKS * CHUNK) / theirs });
  }
  evaluator.close();
  const claim = {
    name: `calibrate ${counted(layers, 'layer')} of 7B shape`,
    unit: 'tokens per second of one thread’s processor time',
    wanted: 1.6,
    note: `${copy ? 'through a copy in Q8_0, made within that time' : 'through the source'}; llama-imatrix reads F16 and computes the output head too, Snug stops after the last layer and samples its outputs`,
  };
  return [compareTurns('rate', claim, turns)];
}

async function copyOf(context: FitContext, path: string) {
  const { addon, source, request } = context;
  const { types, mapped } = copyNeeds(context);
  const options = { addon, source: source.text.gguf, types, output: path, threads: request.threads };
  return { path, mapped, seconds: await processorSeconds(() => writeSourceCopy(options)) };
}
