import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import type { Rung } from '../../src-main/contract/rungs.ts';
import type { Fitted } from '../../src-main/contract/workers/compress.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import type { NativeSequence } from '../../src-main/engine/native-types.ts';
import { tensorTypeName } from '../../src-main/gguf/tensor-types.ts';
import { argMax } from '../../src-main/luq/quality/divergence.ts';
import { imageLimits, type ImageLimits } from '../../src-main/models/image-limits.ts';
import { readTextModel, readVisionModel } from '../../src-main/models/model-file.ts';
import { openModel } from '../../src-main/models/open-model.ts';
import { decodePicture } from '../../src-main/pictures/pictures.ts';
import { PictureScale } from '../../src-main/prompt/picture-scale.ts';
import type { PictureSize } from '../../src-main/pictures/picture-size.ts';
import type { ModelFiles } from '../fixtures/models.ts';
import { sample } from '../fixtures/demo.ts';
import { writeImportance } from '../fixtures/families/importance.ts';
import { furthestApart, logitsOfBoth, recordedOf } from './families.ts';
import { quantizeAll } from './quantized.ts';
import { outputOf } from './quick-fit.ts';

/** What has to be true of every family of models: the same steps, whatever its encoder makes of a picture. */

const { addon } = loadAddon();

export function newFolder(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}

/** The limits of a pair's pictures, as a chat without limits of its own has them. */
export function limitsOf({ model, mmproj }: ModelFiles): ImageLimits {
  return imageLimits(readTextModel(model), readVisionModel(mmproj));
}

export function openPair({ model, mmproj }: ModelFiles, limits = limitsOf({ model, mmproj })) {
  return openModel(addon, { path: model, mmprojPath: mmproj, limits, threads: 1 });
}

export async function scaleOf(files: ModelFiles, limits = limitsOf(files)) {
  const model = await openPair(files, limits);
  const scale = new PictureScale(model, readVisionModel(files.mmproj), limits);
  return { scale, [Symbol.dispose]: () => model.close() };
}

/** That pictures were calibrated with, that every layer has an entropy of its picture tokens, and that the result was checked. */
export function expectSeen(fitted: Fitted, clusters = 10): void {
  expect(fitted.calibration.imageTokens).toBeGreaterThan(80);
  expect(fitted.check.image?.tokens).toBeGreaterThan(50);
  expect(fitted.check.text?.tokens).toBeGreaterThan(50);
  for (const { index, entropyBits } of fitted.layers) {
    expect(entropyBits.image, `layer ${index}`).toBeGreaterThan(0);
    expect(entropyBits.both, `layer ${index}`).toBeGreaterThan(0);
    expect(entropyBits.both, `layer ${index}`).toBeLessThanOrEqual(Math.log2(clusters));
  }
}

/** That the file has the types and the size that were planned. */
export function expectAsPlanned(fitted: Fitted): void {
  const { gguf } = readTextModel(outputOf(fitted));
  const data = gguf.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(data).toBe(fitted.plan.predictedMemory.weightsBytes);
  expect(gguf.fileBytes).toBe(fitted.files.luq.bytes);
  const types = new Map(gguf.tensors.map(({ name, type }) => [name, tensorTypeName(type)]));
  for (const { tensor, type } of fitted.plan.fallbacks) expect(types.get(tensor), tensor).toBe(type);
}

/** The logits behind a picture, by the evaluator that calibrates and checks, and by llama.cpp's own way as the chat goes it. */
export async function expectSameLogits(files: ModelFiles, name: string): Promise<void> {
  using model = await openPair(files);
  const scale = new PictureScale(model, readVisionModel(files.mmproj), limitsOf(files));
  const { mediaMarker } = model.describe();
  const original = await decodePicture(sample(name), { maxPixels: 1e6 });
  const size = scale.within(original, 1024);
  const picture = await decodePicture(sample(name), { size });
  const sequence: NativeSequence = { text: `a ${mediaMarker} b`, images: [picture] };
  const { evaluated, chatted } = await logitsOfBoth(addon, model, sequence);
  // in the evaluator the rows of a larger batch are summed in another order; other words would be whole units away
  expect(furthestApart(evaluated, chatted)).toBeLessThan(0.1);
  expect(argMax(evaluated)).toBe(argMax(chatted));
}

export async function expectLlamaBytes(
  { model }: ModelFiles,
  family: string,
  rung: Rung,
  folder: string,
): Promise<void> {
  const imatrix = writeImportance(model, join(folder, `${family}-imatrix.gguf`));
  const scratch = join(folder, `${family}-bank`);
  const found = await quantizeAll(addon, { source: model, imatrix, scratch }, rung);
  expect(found).toEqual(recordedOf(family, rung));
}

/** Two questions about pictures: what each cost was said before it was asked, and what was seen is not looked at again. */
export async function expectCountedChat(
  { model, mmproj }: ModelFiles,
  names: readonly string[],
  contextTokens = 2048,
): Promise<void> {
  const host = new ChatHost();
  try {
    const opened = { modelPath: model, mmprojPath: mmproj, contextTokens, threads: 1 };
    await host.openToCount(opened);
    const question = { text: 'What is shown here?', pictures: names.map(sample) };
    const counted = await host.session.scalePictures(question);
    await host.open(opened);
    const ask = { maxTokens: 8, temperature: 0, seed: 0, ignoreEnd: true };
    const blind = await host.session.send({ ...ask, text: question.text, pictures: [] });
    host.session.reset();
    const { statistics, pictures } = await host.session.send({ ...ask, ...question });
    expect(pictures).toEqual(counted.usual.pictures);
    expect(statistics.encodedImages).toBe(names.length);
    expect(statistics.answerTokens).toBe(8);
    const said = counted.usual.pictures.reduce((sum, { tokens }) => sum + tokens, 0);
    const paid = statistics.promptTokens - blind.statistics.promptTokens;
    // what stands before the first tile of a picture and behind its last is counted as words, and a few line breaks of the template
    expect(paid).toBeGreaterThanOrEqual(said);
    expect(paid).toBeLessThanOrEqual(said + 8 * names.length);
    const again = await host.session.send({ ...ask, text: 'And now?', pictures: [] });
    expect(again.statistics.encodedImages).toBe(0);
    expect(again.statistics.reusedTokens).toBeGreaterThanOrEqual(statistics.promptTokens);
  } finally {
    host.close();
  }
}

/** Shapes of pictures that people have, and some that nobody has. */
export const SHAPES: readonly PictureSize[] = [
  { width: 1, height: 1 },
  { width: 40, height: 40 },
  { width: 640, height: 480 },
  { width: 900, height: 1600 },
  { width: 4000, height: 3000 },
  { width: 3000, height: 500 },
  { width: 5000, height: 3 },
  { width: 2, height: 9000 },
];
