import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Fitted } from '../../../src-main/contract/workers/compress.ts';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { tensorTypeName } from '../../../src-main/gguf/tensor-types.ts';
import { loadBuiltInCalibration } from '../../../src-main/luq/calibrate/calibration-set.ts';
import { planSequences } from '../../../src-main/luq/calibrate/sequences.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { openMetadata, openModel } from '../../../src-main/models/open-model.ts';
import { decodePicture } from '../../../src-main/pictures/pictures.ts';
import { sample } from '../../fixtures/demo.ts';
import { writeGemma3 } from '../../fixtures/families/gemma3.ts';
import { writeImportance } from '../../fixtures/families/importance.ts';
import type { ModelFiles } from '../../fixtures/models.ts';
import {
  askAbout,
  furthestApart,
  logitsOfBoth,
  quickFit,
  RECORDED_RUNGS,
  recordedOf,
} from '../../helpers/families.ts';
import { quantizeAll } from '../../helpers/quantized.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// Gemma 3 from its two files to an answer: windows, norms around everything, pictures whose tokens look at each other, tied output.

const { addon } = loadAddon();
const folder = sharedFolder();
let files: ModelFiles;
let fitted: Fitted;
const outputOf = ({ files }: Fitted) => files.luq.path ?? '';
/** The pictures of the small encoder, 4 × 4 tokens; a published one's are 16 × 16. */
const limits = { minTokens: 16, maxTokens: 16, floor: 16 };
const open = () => openModel(addon, { path: files.model, mmprojPath: files.mmproj, limits, threads: 1 });

beforeAll(async () => {
  files = writeGemma3(folder);
  fitted = await quickFit(folder, {
    modelPath: files.model,
    mmprojPath: files.mmproj,
    imageMaxTokens: 64,
    contextTokens: 1024,
  });
});

it('is told for what it is, with the vision file beside it', () => {
  const told = inspect(files.model);
  const shapes = readGguf(files.model).tensors.map(({ elements }) => elements);
  expect(told).toMatchObject({
    kind: 'text',
    name: 'Random-Gemma-3',
    architecture: 'gemma3',
    parameters: shapes.reduce((sum, elements) => sum + elements, 0),
    facts: {
      layers: 7,
      'embedding length': 256,
      'tied output': true,
      'picture tokens': 16,
      'vision file': files.mmproj,
    },
  });
  expect(inspect(files.mmproj)).toMatchObject({
    kind: 'vision',
    architecture: 'gemma3',
    facts: { 'picture tokens': 16 },
  });
});

describe('fitted', () => {
  it('is calibrated on pictures and text, and held against the source with both', () => {
    expect(fitted.model.architecture).toBe('gemma3');
    expect(fitted.model.imageTokens).toEqual({ min: 16, max: 16 });
    expect(fitted.plan.lowLayers).toBe(2);
    expect(fitted.calibration.imageTokens).toBeGreaterThanOrEqual(32);
    expect(fitted.check.image?.tokens).toBeGreaterThan(50);
    expect(fitted.check.text?.tokens).toBeGreaterThan(50);
    expect(fitted.layers).toHaveLength(7);
    for (const layer of fitted.layers) {
      expect(layer.entropyBits.image, `layer ${layer.index}`).toBeGreaterThan(0);
      expect(layer.entropyBits.both).toBeGreaterThan(0);
      expect(layer.entropyBits.both).toBeLessThanOrEqual(Math.log2(10));
    }
  });

  it('keeps the embeddings, which are its output head as well, better than the layers', () => {
    const types = new Map(
      readGguf(outputOf(fitted)).tensors.map(({ name, type }) => [name, tensorTypeName(type)]),
    );
    expect(types.get('token_embd.weight')).toBe('Q6_K');
    expect(readTextModel(outputOf(fitted)).tiedOutput).toBe(true);
  });

  it('has the size that was planned', () => {
    const { tensors } = readGguf(outputOf(fitted));
    expect(tensors.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(fitted.plan.predictedMemory.weightsBytes);
    expect(statSync(outputOf(fitted)).size).toBe(fitted.files.luq.bytes);
  });

  it('answers about a picture, whose tokens nothing can change', async () => {
    const asked = { modelPath: outputOf(fitted), mmprojPath: files.mmproj, pictures: [sample('circle')] };
    const { statistics } = await askAbout(asked);
    expect(statistics).toMatchObject({ encodedImages: 1, answerTokens: 8 });
  });
});

it.each(RECORDED_RUNGS)('is quantized to the bytes of llama-quantize in %s', async (rung) => {
  const scratch = join(folder, 'bank');
  const imatrix = writeImportance(files.model, join(folder, 'imatrix.gguf'));
  const found = await quantizeAll(addon, { source: files.model, imatrix, scratch }, rung);
  expect(found).toEqual(recordedOf('gemma-3', rung));
});

describe('what calibration and evaluation run', () => {
  const about = (marker: string) => `Look: ${marker}What is it?`;

  it.each([
    ['text', () => 'What is it?', 0],
    ['a picture', about, 1],
    ['two pictures', (marker: string) => about(marker) + about(marker), 2],
    ['a picture first', (marker: string) => `${marker}What is it?`, 1],
  ] as const)('is what a chat runs: %s', async (_, text, pictures) => {
    using model = await open();
    const picture = await decodePicture(sample('circle'), { maxPixels: 1e6 });
    const images = new Array(pictures).fill(picture);
    const sequence = { text: text(model.describe().mediaMarker), images };
    const { evaluated, chatted } = await logitsOfBoth(addon, model, sequence);
    expect(furthestApart(evaluated, chatted)).toBeLessThan(0.02);
  });

  it('keeps the sequences of a batch apart, though pictures and texts take turns', async () => {
    using model = await open();
    const { mediaMarker, vocabularySize } = model.describe();
    const [circle, colours] = await Promise.all(
      ['circle', 'colours'].map((name) => decodePicture(sample(name), { maxPixels: 1e6 })),
    );
    if (!circle || !colours) throw new Error('no pictures');
    const sequences = [
      { text: about(mediaMarker), images: [circle] },
      { text: 'Who are you?' },
      { text: about(mediaMarker) + about(mediaMarker), images: [colours, circle] },
    ].map((sequence) => ({
      ...sequence,
      logitsFirst: model.layout(sequence).reduce((sum, { tokens }) => sum + tokens, 0) - 1,
      logitsCount: 1,
    }));
    const options = { batchTokens: 512, sequences: 3, threads: 1, outputs: 3 };
    const evaluator = new addon.Evaluator(model, options);
    const together = await evaluator.run({ sequences });
    for (const [i, sequence] of sequences.entries()) {
      const alone = await evaluator.run({ sequences: [sequence] });
      const row = together.logits.subarray(i * vocabularySize, (i + 1) * vocabularySize);
      expect(furthestApart(row, alone.logits), `sequence ${i}`).toBeLessThan(0.1);
    }
    evaluator.close();
  });

  it('begins every piece of a text with the model’s first token', async () => {
    using model = await open();
    const pieces = await planSequences(loadBuiltInCalibration(), {
      model,
      text: readTextModel(files.model),
      sizeOf: (size) => size,
      heldOut: true,
      textTokens: 256,
      longest: 2048,
    });
    const texts = pieces.filter(({ kind }) => kind === 'text');
    expect(texts.length).toBeGreaterThan(2);
    const begun = texts.filter(({ ids }) => ids[0] === 1 && ids.indexOf(1, 1) < 0 && ids.length <= 256);
    expect(begun).toHaveLength(texts.length);
  });
});

describe('layers with a window', () => {
  it('keep no more than it holds, and that is what is predicted', async () => {
    using model = await openMetadata(addon, files.model);
    const { kvCacheBytes } = await model.memory({ contextTokens: 4096, batchTokens: 512, threads: 1 });
    // one layer keeps everything, six the window of 64 and a batch, in 256s; one head of 256 in F16
    expect(kvCacheBytes).toBe((4096 + 6 * 768) * 2 * 256 * 2);
  });

  it('let a conversation be taken back a little, and have it run again where they have forgotten', async () => {
    using model = await open();
    const options = { contextTokens: 2048, batchTokens: 64, threads: 1 };
    const chat = new addon.Chat(model, options);
    const long = { text: 'one '.repeat(120) };
    const { promptTokens } = await chat.prompt(long);
    const near = { text: `${'one '.repeat(115)}two` };
    const far = { text: `${'one '.repeat(30)}two` };
    for (const [sequence, isKept] of [
      [near, true],
      [far, false],
    ] as const) {
      await chat.prompt(long);
      const report = await chat.prompt(sequence);
      expect(report.reusedTokens > 0).toBe(isKept);
      const fresh = new addon.Chat(model, options);
      await fresh.prompt(sequence);
      expect(furthestApart(chat.logits(), fresh.logits())).toBeLessThan(0.02);
      fresh.close();
    }
    expect(promptTokens).toBeGreaterThan(300);
    chat.close();
  });
});
