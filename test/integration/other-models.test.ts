import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { RUNGS } from '../../src-main/contract/rungs.ts';
import type { Fitted } from '../../src-main/contract/workers/compress.ts';
import { mixtureOf } from '../../src-main/luq/plan/mixture.ts';
import { openMetadata, type OpenModel } from '../../src-main/models/open-model.ts';
import { openPlanner } from '../../src-main/luq/plan/open-planner.ts';
import { decodeMatrices, lowLayerCount } from '../../src-main/luq/plan/plan.ts';
import type { Planner } from '../../src-main/luq/plan/planner.ts';
import { readSource } from '../../src-main/models/source.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import { tensorTypeName } from '../../src-main/gguf/tensor-types.ts';
import { sample } from '../fixtures/demo.ts';
import { UNEVEN, writeQwenVl, writeTextOnly } from '../fixtures/models.ts';
import { QWEN_3B, QWEN_72B, QWEN_7B, writeSparseQwenVl, type RealLayout } from '../fixtures/sparse-models.ts';
import { ask, outputOf, quickFit } from '../helpers/quick-fit.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// What is true of the demo model is true of other architectures, layouts and sizes.

const { addon } = loadAddon();
const folder = sharedFolder();

function newFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

describe('a model without eyes', () => {
  let fitted: Fitted;

  beforeAll(async () => {
    const where = newFolder('text');
    fitted = await quickFit(where, { modelPath: writeTextOnly(where) });
  });

  it('is calibrated on text alone and says so', () => {
    expect(fitted.calibration.alpha).toBe(0);
    expect(fitted.calibration.imageTokens).toBe(0);
    expect(fitted.model.imageTokens).toBeNull();
    expect(fitted.layers.map((layer) => layer.entropyBits.image)).toEqual([null, null, null, null]);
    expect(fitted.check.image).toBeNull();
    expect(fitted.check.text?.tokens).toBeGreaterThan(50);
    expect(fitted.plan.predictedMemory.visionWeightsBytes).toBe(0);
    expect(fitted.plan.predictedMemory.visionComputeBytes).toBe(0);
  });

  it('answers, and refuses a picture', async () => {
    expect((await ask(outputOf(fitted), undefined, [])).statistics.answerTokens).toBe(8);
    await expect(ask(outputOf(fitted), undefined, [sample('circle')])).rejects.toMatchObject({
      code: 'CANNOT_SEE',
    });
  });
});

describe.each([{ tied: true }, { tied: false }])('Qwen2.5-VL with tied output: $tied', ({ tied }) => {
  let mmproj: string;
  let fitted: Fitted;

  beforeAll(async () => {
    const where = newFolder(`qwen-${tied}`);
    const files = writeQwenVl(where, { tied });
    mmproj = files.mmproj;
    fitted = await quickFit(where, { modelPath: files.model, mmprojPath: mmproj, imageMaxTokens: 64 });
  });

  it('keeps the output head on the high rung, better than the layers', () => {
    const head = tied ? 'token_embd.weight' : 'output.weight';
    const types = new Map(
      readGguf(outputOf(fitted)).tensors.map(({ name, type }) => [name, tensorTypeName(type)]),
    );
    expect(types.get(head)).toBe('Q6_K');
    expect(types.has('output.weight')).toBe(!tied);
    expect(readTextModel(outputOf(fitted)).tiedOutput).toBe(tied);
  });

  it('has the file size that was planned', () => {
    const text = readTextModel(outputOf(fitted));
    const data = text.gguf.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    expect(data).toBe(fitted.plan.predictedMemory.weightsBytes);
    expect(statSync(outputOf(fitted)).size).toBe(fitted.files.luq.bytes);
  });

  it('takes a picture in the chat afterwards', async () => {
    const answer = await ask(outputOf(fitted), mmproj, [sample('circle')]);
    expect(answer.statistics.encodedImages).toBe(1);
    expect(answer.statistics.answerTokens).toBe(8);
  });
});

describe('rows that do not divide by 256', () => {
  let mmproj: string;
  let fitted: Fitted;

  beforeAll(async () => {
    const where = newFolder('uneven');
    const files = writeQwenVl(where, UNEVEN);
    mmproj = files.mmproj;
    fitted = await quickFit(where, { modelPath: files.model, mmprojPath: mmproj, imageMaxTokens: 64 });
  });

  it('are reported with what they got instead', () => {
    const layers = fitted.layers.length;
    // seven matrices a layer and the embeddings: none of them divides
    expect(fitted.plan.fallbacks).toHaveLength(layers * 7 + 1);
    for (const { tensor, columns, type } of fitted.plan.fallbacks) {
      expect(columns, tensor).toBe(tensor.includes('ffn_down') ? 352 : 320);
      expect(['Q4_0', 'Q5_0', 'Q5_1', 'Q8_0', 'IQ4_NL'], tensor).toContain(type);
    }
  });

  it('are in the file as reported, and the file loads', async () => {
    const types = new Map(
      readGguf(outputOf(fitted)).tensors.map(({ name, type }) => [name, tensorTypeName(type)]),
    );
    for (const { tensor, type } of fitted.plan.fallbacks) expect(types.get(tensor), tensor).toBe(type);
    const answer = await ask(outputOf(fitted), mmproj, [sample('circle')]);
    expect(answer.statistics.answerTokens).toBe(8);
  });
});

const dryRun = join(import.meta.dirname, '..', '..', '.cache', 'peers', 'llama-quantize');
const anyImatrix = join(import.meta.dirname, '..', 'fixtures', 'peers', 'imatrix.gguf');

/** Tensor → type, of a file type as llama-quantize would write it with an importance matrix, whichever it is. */
function typesOfLlamaQuantize(model: string, rung: string): Map<string, string> {
  // llama.cpp's log goes to stderr
  const args = ['--dry-run', '--imatrix', anyImatrix, model, `${model}.never`, rung];
  const { stderr } = spawnSync(dryRun, args, { encoding: 'utf8' });
  const lines = stderr.matchAll(/^\[ *\d+\/ *\d+\] (\S+) .*type = +(\w+),(?:.*\((\w+)\))?/gm);
  return new Map([...lines].map(([, name = '', from = '', to]) => [name, (to ?? from).toUpperCase()]));
}

/**
 * What `llama-quantize --dry-run` of llama.cpp v0.5.0 prints as "quant size", in MiB with two digits, for these layouts
 * written by writeSparseQwenVl. Hugging Face's files of the two models have the same size: 1.93 and 4.68 GB at Q4_K_M.
 */
const RECORDED_MIB: Record<string, Record<string, number>> = {
  'Qwen2.5-VL-3B': { Q4_K_M: 1834.82, Q2_K: 1210.02 },
  'Qwen2.5-VL-7B': { Q4_K_M: 4460.45, Q2_K: 2870.55, IQ1_M: 1941.91 },
};

describe.each<RealLayout>([QWEN_3B, QWEN_7B])('the layout of $name', (layout) => {
  const MiB = 2 ** 20;
  let model: string;
  let metadata: OpenModel;
  let planner: Planner;
  let source: ReturnType<typeof readSource>;

  beforeAll(async () => {
    const files = writeSparseQwenVl(newFolder(layout.name), layout);
    model = files.model;
    source = readSource(files.model, files.mmproj);
    const rungs = { high: 'Q4_K_M', low: 'IQ1_M' } as const;
    metadata = await openMetadata(addon, files.model);
    const imageLimits = { minTokens: 4, maxTokens: 1280 };
    const planned = { rungs, contextTokens: 4096, imageLimits, visionType: undefined };
    planner = await openPlanner(loadAddon(), metadata, source, planned);
  });
  afterAll(() => {
    metadata.close();
    rmSync(join(folder, layout.name), { recursive: true });
  });
  const byDepth = Array.from({ length: layout.layers }, (_, layer) => layer);
  const planWith = (lowLayers: number) => planner.withLowLayers(byDepth, lowLayers);
  const fewestLow = (budgetBytes: number) => {
    const plan = planner.smallestThatFits(byDepth, budgetBytes);
    return plan && lowLayerCount(plan);
  };

  it('is read for what it is', () => {
    const { text, vision } = source;
    expect(text.layers).toBe(layout.layers);
    expect(text.tiedOutput).toBe(layout.tied);
    expect(text.weightType).toBe('F16');
    expect(vision?.projectionLength).toBe(layout.width);
    // on the model cards: 3.75 and 8.29 billion with the vision encoder's 0.67
    expect((text.parameters + (vision?.parameters ?? 0)) / 1e9).toBeCloseTo(
      layout.layers === 36 ? 3.75 : 8.29,
      1,
    );
  });

  it('is all Q4_K_M with no layer low, to the byte of llama-quantize', () => {
    const size = planWith(0).memory.weightsBytes / MiB;
    expect(size.toFixed(2)).toBe(RECORDED_MIB[layout.name]?.['Q4_K_M']?.toFixed(2));
  });

  it('is near IQ1_M with every layer low; the embeddings stay high', () => {
    const low = planWith(layout.layers);
    for (const [name, type] of low.types) {
      const outside = !name.startsWith('blk.');
      expect(type, name).toBe(planner.mixture(outside ? 'Q4_K_M' : 'IQ1_M').get(name));
    }
    const uniform = RECORDED_MIB[layout.name]?.['IQ1_M'];
    if (uniform !== undefined) expect(low.memory.weightsBytes / MiB).toBeGreaterThan(uniform);
  });

  it.runIf(existsSync(dryRun)).each(RUNGS)(
    'has llama-quantize’s type for every tensor in %s',
    async (rung) => {
      using metadata = await openMetadata(addon, model);
      const mixture = mixtureOf(addon, metadata, source.text.gguf.tensors, rung);
      const ours = new Map([...mixture].map(([name, type]) => [name, tensorTypeName(type)]));
      expect(ours).toEqual(typesOfLlamaQuantize(model, rung));
    },
  );

  it('needs less with every layer that goes low', () => {
    const sizes = Array.from({ length: layout.layers + 1 }, (_, k) => planWith(k).memory.totalBytes);
    for (let k = 1; k < sizes.length; k++) expect(sizes[k], `k = ${k}`).toBeLessThan(sizes[k - 1] ?? 0);
  });

  it('gets the fewest low layers that a budget allows', () => {
    const budget = planWith(12).memory.totalBytes;
    expect(fewestLow(budget)).toBe(12);
    expect(fewestLow(budget - 1)).toBe(13);
    expect(fewestLow(planWith(0).memory.totalBytes)).toBe(0);
    expect(fewestLow(planWith(layout.layers).memory.totalBytes - 1)).toBeUndefined();
  });

  it('multiplies a decoded token with seven matrices a layer and the output head', () => {
    const matrices = decodeMatrices(source.text.gguf.tensors, planWith(0).types).filter(
      ({ rows }) => rows > 1,
    );
    expect(matrices).toHaveLength(layout.layers * 7 + 1);
    const heads = matrices.filter(({ rows }) => rows === layout.vocabulary);
    expect(heads).toEqual([{ type: 14, columns: layout.width, rows: layout.vocabulary }]);
  });

  it('has the KV cache of its heads in F16, and scratch for text and pictures', () => {
    const { memory } = planWith(0);
    const headWidth = layout.width / layout.heads;
    const perToken = 2 * layout.layers * layout.keyValueHeads * headWidth * 2;
    expect(memory.kvCacheBytes).toBe(perToken * 4096);
    expect(memory.computeBytes).toBeGreaterThan(10 * MiB);
    expect(memory.computeBytes).toBeLessThan(1024 * MiB);
    expect(memory.visionComputeBytes).toBeGreaterThan(10 * MiB);
    // bfloat16 files of the encoder have 1.25 GiB
    expect(memory.visionWeightsBytes / MiB).toBeGreaterThan(1200);
    expect(memory.visionWeightsBytes / MiB).toBeLessThan(1350);
    const { totalBytes, wide, ...parts } = memory;
    expect(wide).toBeUndefined();
    expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBe(totalBytes);
  });

  it('takes next to nothing on disk in this test', () => {
    expect(statSync(model).size).toBeGreaterThan(6e9);
    expect(statSync(model).blocks * 512).toBeLessThan(16 * MiB);
  });
});

describe('the layout of Qwen2.5-VL-72B', () => {
  it.each([
    ['F16', 145],
    ['Q8_0', 77],
  ] as const)('is read for what it is in %s', (weights, gigabytes) => {
    const where = newFolder(`72B-${weights}`);
    const { model, mmproj } = writeSparseQwenVl(where, QWEN_72B, weights);
    const { text, vision } = readSource(model, mmproj);
    expect(text.weightType).toBe(weights);
    expect((text.parameters + (vision?.parameters ?? 0)) / 1e9).toBeCloseTo(73.4, 1);
    expect(Math.round(text.gguf.fileBytes / 1e9)).toBe(gigabytes);
    rmSync(where, { recursive: true });
  });
});
