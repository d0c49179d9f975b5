import { copyFileSync, openSync, statSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Fitted } from '../../../src-main/contract/workers/compress.ts';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { tensorTypeName } from '../../../src-main/gguf/tensor-types.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { openModel } from '../../../src-main/models/open-model.ts';
import { readSource } from '../../../src-main/models/source.ts';
import { decodePicture } from '../../../src-main/pictures/pictures.ts';
import { sample } from '../../fixtures/demo.ts';
import { writeImportance } from '../../fixtures/families/importance.ts';
import { writeQwen3Vl } from '../../fixtures/families/qwen3-vl.ts';
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
import { sharedFolder, temporaryFolder } from '../../helpers/temporary-folder.ts';

// Qwen3-VL from its two files to an answer: interleaved M-RoPE, normed heads wider than their share, deepstack, tied output.

const { addon } = loadAddon();
const folder = sharedFolder();
let files: ModelFiles;
let fitted: Fitted;
const outputOf = ({ files }: Fitted) => files.luq.path ?? '';

beforeAll(async () => {
  files = writeQwen3Vl(folder);
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
    name: 'Random-Qwen3-VL',
    architecture: 'qwen3vl',
    parameters: shapes.reduce((sum, elements) => sum + elements, 0),
    facts: {
      layers: 5,
      'embedding length': 256,
      'tied output': true,
      'picture tokens': '4 to 4096',
      'vision file': files.mmproj,
    },
  });
  expect(inspect(files.mmproj)).toMatchObject({ kind: 'vision', architecture: 'qwen3vl_merger' });
});

it('is refused with an encoder that gives more layers something than it takes from', () => {
  const other = writeQwen3Vl(temporaryFolder(), { deepstackLayers: 2 });
  expect(() => readSource(other.model, files.mmproj)).toThrow(/width 1024, .* takes 768/);
});

describe('fitted', () => {
  it('is calibrated on pictures and text, and held against the source with both', () => {
    expect(fitted.model.architecture).toBe('qwen3vl');
    expect(fitted.plan.lowLayers).toBe(2);
    expect(fitted.calibration.imageTokens).toBeGreaterThan(80);
    expect(fitted.check.image?.tokens).toBeGreaterThan(50);
    expect(fitted.check.text?.tokens).toBeGreaterThan(50);
    expect(fitted.layers).toHaveLength(5);
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

  it('has the size and the cache that were planned', () => {
    const { tensors } = readGguf(outputOf(fitted));
    const { weightsBytes, kvCacheBytes } = fitted.plan.predictedMemory;
    expect(tensors.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(weightsBytes);
    expect(statSync(outputOf(fitted)).size).toBe(fitted.files.luq.bytes);
    // keys and values of 2 heads of 128 in F16
    expect(kvCacheBytes).toBe(1024 * 5 * 2 * 2 * 128 * 2);
  });

  it('answers about a picture', async () => {
    const asked = { modelPath: outputOf(fitted), mmprojPath: files.mmproj, pictures: [sample('circle')] };
    const { statistics } = await askAbout(asked);
    expect(statistics).toMatchObject({ encodedImages: 1, answerTokens: 8 });
  });
});

describe.each([
  ['qwen3-vl', true],
  ['qwen3-vl untied', false],
] as const)('%s', (family, tied) => {
  it.each(RECORDED_RUNGS)('is quantized to the bytes of llama-quantize in %s', async (rung) => {
    const scratch = temporaryFolder();
    const source = tied ? files.model : writeQwen3Vl(scratch, { tied }).model;
    const imatrix = writeImportance(source, join(scratch, 'imatrix.gguf'));
    const found = await quantizeAll(addon, { source, imatrix, scratch: join(scratch, 'bank') }, rung);
    expect(found).toEqual(recordedOf(family, rung));
  });
});

describe('what calibration and evaluation run', () => {
  const limits = { minTokens: 4, maxTokens: 64 };

  async function logits(mmprojPath: string, text: (marker: string) => string, pictures: number) {
    using model = await openModel(addon, { path: files.model, mmprojPath, limits, threads: 1 });
    const picture = await decodePicture(sample('circle'), { maxPixels: 1e6 });
    const images = new Array(pictures).fill(picture);
    return await logitsOfBoth(addon, model, { text: text(model.describe().mediaMarker), images });
  }
  const about = (marker: string) => `Look: ${marker}What is it?`;

  it.each([
    ['text', () => 'What is it?', 0],
    ['a picture', about, 1],
    ['two pictures', (marker: string) => about(marker) + about(marker), 2],
  ] as const)('is what a chat runs: %s', async (_, text, pictures) => {
    const { evaluated, chatted } = await logits(files.mmproj, text, pictures);
    expect(furthestApart(evaluated, chatted)).toBeLessThan(0.05);
  });

  it('is also what the encoder gives the first layers', async () => {
    const without = withoutDeepstack(files.mmproj);
    const [whole, part] = [await logits(files.mmproj, about, 1), await logits(without, about, 1)];
    expect(furthestApart(whole.evaluated, part.evaluated)).toBeGreaterThan(0.5);
    expect(furthestApart(part.evaluated, part.chatted)).toBeLessThan(0.05);
  });
});

/** The same encoder with nothing but zeros for the first layers of the text model. */
function withoutDeepstack(mmproj: string): string {
  const path = join(temporaryFolder(), 'mmproj.gguf');
  copyFileSync(mmproj, path);
  const fd = openSync(path, 'r+');
  for (const { name, offset, bytes } of readGguf(path).tensors)
    if (/deepstack\.\d+\.fc2/.test(name)) writeSync(fd, new Uint8Array(bytes), 0, bytes, offset);
  closeSync(fd);
  return path;
}
