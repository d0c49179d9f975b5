import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import type { Importance } from '../../../src-main/gguf/imatrix.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { readGram } from '../../../src-main/luq/gram/gram-file.ts';
import { batchesOf, GRAM_PARTS, type GramPart } from '../../../src-main/luq/gram/parts.ts';
import { gramBlocks, type LayerGrams, type WalkOptions } from '../../../src-main/luq/gram/walk.ts';
import { writeQwen3Vl } from '../../fixtures/families/qwen3-vl.ts';
import { writeLlava, writeQwenVl, writeTextOnly } from '../../fixtures/models.ts';
import {
  openWhole,
  pictureSequences,
  randomTexts,
  walk,
  walkOptions,
  type WalkedModel,
} from '../../helpers/gram-walks.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

// Σ x·xᵀ of what goes into a layer's matrices, layer by layer, against what the whole model says.

const { addon } = loadAddon();

function floats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** The largest difference, as a share of the largest value. */
function apart(found: Float32Array, expected: Float32Array): number {
  expect(found).toHaveLength(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    found.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0) / largest
  );
}

/** What stands on the diagonal of all blocks of a gram [columns]. */
function diagonalOf(path: string): Float32Array {
  const { head, blocks } = readGram(path);
  return Float32Array.from(
    head.blocks.flatMap((size, b) =>
      Array.from({ length: size }, (_, i) => blocks[b]?.[i * size + i] ?? NaN),
    ),
  );
}

type ImportanceOfParts = Record<GramPart, Record<string, Importance>>;

/** The importance of the whole model part by part, and every layer's outputs [tokens × width]. */
async function runWhole(files: WalkedModel, options: WalkOptions, folder: string) {
  using model = await openWhole(files);
  const batches = batchesOf(options.sequences, options.batchTokens);
  const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0);
  const samplePath = join(folder, 'outputs.f32');
  const importance: ImportanceOfParts = { train: {}, heldOut: {} };
  for (const part of GRAM_PARTS) {
    const settings = { batchTokens: options.batchTokens, sequences: 16, threads: 1, tap: true };
    const evaluator = new addon.Evaluator(model, settings);
    for (const batch of batches.filter((one) => one.part === part)) {
      await evaluator.run({
        sequences: await Promise.all(batch.sequences.map((sequence) => sequence.prepare())),
        sampleSlots: Int32Array.from({ length: batch.tokens }, (_, i) => batch.first + i),
        samplePath,
        slotsPerLayer: tokens,
      });
    }
    importance[part] = evaluator.importance();
    evaluator.close();
  }
  const outputs = floats(samplePath);
  const perLayer = tokens * options.width;
  return {
    importance,
    outputsOf: (layer: number) => outputs.subarray(layer * perLayer, (layer + 1) * perLayer),
  };
}

/** Every gram of a layer against the importance of the whole model, tensor by tensor. */
function expectImportance({ inputs }: LayerGrams, importance: ImportanceOfParts): string[] {
  return inputs.flatMap(({ tensors, path, head }) => {
    for (const part of GRAM_PARTS) {
      const diagonal = diagonalOf(path[part]);
      for (const tensor of tensors) {
        const entry = importance[part][tensor];
        // the output head is beyond what the importance matrix covers
        if (!entry) continue;
        expect(head[part].tokens).toBe(entry.count);
        expect(
          apart(
            diagonal,
            entry.sums.map((sum) => sum / entry.count),
          ),
        ).toBeLessThan(1e-3);
      }
    }
    return tensors;
  });
}

const OF_A_LAYER = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_up', 'ffn_gate', 'ffn_down'].sort();
const partsOf = (tensors: readonly string[], layer: number) =>
  tensors.map((name) => name.replace(`blk.${layer}.`, '').replace('.weight', '')).sort();

function newFolder(...parts: string[]): string {
  const folder = join(temporaryFolder(), ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe('a walk, one layer at a time', () => {
  it.each([
    ['Qwen2.5-VL', writeQwenVl],
    ['LLaVA', writeLlava],
  ])('has the inputs and the outputs of the whole %s, pictures among them', async (_, write) => {
    const folder = newFolder();
    const files = write(folder);
    const options = await walkOptions(files, folder, async (model) => [
      ...(await pictureSequences(model, ['circle', 'colours', 'shapes', 'circle'])),
      ...randomTexts(model, [40, 33, 57, 21, 9]),
    ]);
    const { importance, outputsOf } = await runWhole(files, options, folder);
    const layers: number[] = [];
    const { inputs, warnings } = await walk(options, (grams) => {
      const { layer } = grams;
      layers.push(layer);
      const tensors = expectImportance(grams, importance);
      const head = layer === options.layers - 1 ? [tensors.pop()] : [];
      expect(partsOf(tensors, layer)).toEqual(OF_A_LAYER);
      expect(head.every((name) => name === 'token_embd.weight' || name === 'output.weight')).toBe(true);
      const next = join(options.folder, `into-layer-${layer + 1}.f32`);
      if (existsSync(next)) expect(apart(floats(next), outputsOf(layer))).toBeLessThan(1e-3);
      else expect(layer).toBe(options.layers - 1);
    });
    expect(layers).toEqual(Array.from({ length: options.layers }, (_, layer) => layer));
    expect(inputs).toBe('source');
    // so few tokens for products of 512 columns
    expect(warnings).toEqual([expect.stringContaining('tokens for up to 512 columns')]);
    expect(existsSync(options.folder)).toBe(false);
  });

  it('sums up whole products, in blocks where a matrix is wide', async () => {
    const folder = newFolder();
    const model = writeTextOnly(folder, { layers: 1, feedForward: 4352 });
    // a mean over one token is the product itself
    const options = await walkOptions({ model }, folder, (opened) => randomTexts(opened, [1]));
    const found: number[][] = [];
    const { warnings } = await walk(options, ({ inputs }) => {
      for (const { path } of inputs) {
        const { head, blocks } = readGram(path.train);
        expect(head.blocks).toEqual(gramBlocks(head.columns));
        found.push([...head.blocks]);
        head.blocks.forEach((size, b) => {
          const block = blocks[b] ?? new Float32Array();
          const largest = Math.max(...Array.from({ length: size }, (_, i) => block[i * size + i] ?? NaN));
          for (let i = 0; i < size; i++) {
            for (let j = 0; j < i; j++) {
              const value = block[i * size + j] ?? NaN;
              if (value !== block[j * size + i]) throw new Error(`(${i}, ${j}) is not symmetric`);
              const expected = (block[i * size + i] ?? NaN) * (block[j * size + j] ?? NaN);
              if (!(Math.abs(value * value - expected) <= 1e-5 * largest * largest))
                throw new Error(`(${i}, ${j}) is ${value}, whose square should be ${expected}`);
            }
          }
        });
      }
    });
    expect(found).toContainEqual([2048, 2048, 256]);
    expect(found.filter((blocks) => blocks.length === 1)).toHaveLength(4);
    expect(warnings).toEqual([expect.stringContaining('1 tokens')]);
  });

  it('is the mean over tokens of products of the inputs, each token with its weight', async () => {
    const folder = newFolder();
    const files = writeQwenVl(folder, { layers: 1 });
    const options = await walkOptions(files, folder, async (model) => [
      ...(await pictureSequences(model, ['circle'])),
      ...randomTexts(model, [50]),
    ]);
    const [picture] = options.sequences;
    const isPicture = (token: number) =>
      picture?.imageTokens.some(({ first, count }) => token >= first && token < first + count) ?? false;
    let inputs: Float32Array = new Float32Array();
    const weightOfPictures = 0.25;
    const { width } = options;
    await walk({ ...options, weightOfPictures }, (grams) => {
      inputs = floats(join(options.folder, 'into-layer-0.f32'));
      const input = grams.inputs.find(({ tensors }) => tensors[0]?.includes('attn_')) ?? grams.inputs[0];
      const { head, blocks } = readGram(input?.path.train ?? '');
      expect(head).toMatchObject({ columns: width, weightOfPictures, zeroColumns: 0 });
      // with so few sequences both parts are all of them; the norm's weights are ones
      const expected = new Float64Array(width * width);
      let weights = 0;
      for (let token = 0; token < head.tokens; token++) {
        const x = inputs.subarray(token * width, (token + 1) * width);
        const size = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / width + 1e-6);
        const weight = isPicture(token) ? weightOfPictures : 1;
        weights += weight;
        for (let i = 0; i < width; i++)
          for (let j = 0; j < width; j++)
            expected[i * width + j] =
              (expected[i * width + j] ?? 0) + (weight * (x[i] ?? 0) * (x[j] ?? 0)) / (size * size);
      }
      const mean = Float32Array.from(expected, (sum) => sum / weights);
      expect(apart(blocks[0] ?? new Float32Array(), mean)).toBeLessThan(1e-4);
    });
    expect(inputs.length).toBe(2 * ((picture?.tokens ?? 0) + 50) * width);
  });

  it('goes on at the layer that it was stopped at', async () => {
    const folder = newFolder();
    const model = writeTextOnly(folder);
    const options = await walkOptions({ model }, folder, (opened) => randomTexts(opened, [40, 33, 57, 21]));
    const uninterrupted: Float32Array[] = [];
    await walk({ ...options, folder: join(folder, 'other') }, ({ inputs }) => {
      uninterrupted.push(diagonalOf(inputs[0]?.path.heldOut ?? ''));
    });
    const visited: number[] = [];
    const found: Float32Array[] = [];
    const stopped = walk(options, ({ layer, inputs }) => {
      visited.push(layer);
      found[layer] = diagonalOf(inputs[0]?.path.heldOut ?? '');
      if (layer === 2) throw new Error('killed');
    });
    await expect(stopped).rejects.toThrow('killed');
    writeFileSync(join(options.folder, 'layer-2-blk.2.attn_q.weight.train.gram.tmp'), 'cut off');
    const progress: number[] = [];
    let total = 0;
    const resumed = {
      ...options,
      onProgress: (event: { done: number; total: number }) => {
        progress.push(event.done / event.total);
        total = event.total;
      },
    };
    await walk(resumed, ({ layer, inputs }) => {
      visited.push(layer);
      found[layer] = diagonalOf(inputs[0]?.path.heldOut ?? '');
    });
    expect(visited).toEqual([0, 1, 2, 2, 3]);
    expect(found).toEqual(uninterrupted);
    expect(total).toBe(151 * (1 + options.layers));
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(existsSync(options.folder)).toBe(false);
  });

  it('runs on what its visitor made of the layers below, where it is asked to', async () => {
    const folder = newFolder();
    const other = newFolder('other');
    const model = writeTextOnly(folder, { layers: 2 });
    const changed = readGguf(writeTextOnly(other, { layers: 2, seed: 5 }));
    const options = await walkOptions({ model }, folder, (opened) => randomTexts(opened, [40, 33, 57, 21]));
    const tensorsOf = (from: typeof changed, layer: number) =>
      new Map(
        from.tensors.filter(({ name }) => name.startsWith(`blk.${layer}.`)).map((one) => [one.name, one]),
      );
    const second = async (
      name: string,
      blocks: ((layer: number) => ReturnType<typeof tensorsOf>) | undefined,
    ) => {
      let diagonal = new Float32Array();
      const inputs = blocks ? ('quantized' as const) : ('source' as const);
      await walk({ ...options, inputs, folder: join(folder, name) }, (grams) => {
        if (grams.layer === 1) diagonal = Float32Array.from(diagonalOf(grams.inputs[0]?.path.train ?? ''));
        return blocks && Promise.resolve(blocks(grams.layer));
      });
      return diagonal;
    };
    const source = await second('source', undefined);
    expect(await second('same', (layer) => tensorsOf(options.source, layer))).toEqual(source);
    expect(apart(await second('changed', (layer) => tensorsOf(changed, layer)), source)).toBeGreaterThan(
      0.05,
    );
  });

  it('names the layer that a value which is not finite reached', async () => {
    const folder = newFolder();
    const model = writeTextOnly(folder);
    const { tensors } = readGguf(model);
    const broken = tensors.find(({ name }) => name === 'blk.2.ffn_up.weight');
    const bytes = readFileSync(model);
    // all ones: NaN in F16
    bytes.fill(0xff, broken?.offset, (broken?.offset ?? 0) + 2);
    writeFileSync(model, bytes);
    const options = await walkOptions({ model }, folder, (opened) => randomTexts(opened, [40, 33]));
    const visited: number[] = [];
    await expect(walk(options, ({ layer }) => void visited.push(layer))).rejects.toMatchObject({
      code: 'INCOHERENT',
      message: expect.stringContaining('blk.2.ffn_down.weight') as string,
    });
    expect(visited).toEqual([0, 1]);
  });
});

describe('a walk through a model whose layers need more than their input', () => {
  it('runs the whole model, some layers at a time', async () => {
    const folder = newFolder();
    const files = writeQwen3Vl(folder);
    const options = await walkOptions(files, folder, async (model) => [
      ...(await pictureSequences(model, ['circle', 'shapes', 'colours', 'circle'])),
      ...randomTexts(model, [40, 33, 57, 21]),
    ]);
    const { importance } = await runWhole(files, options, folder);
    const layers: number[] = [];
    const { inputs, warnings } = await walk({ ...options, inputs: 'quantized' }, (grams) => {
      layers.push(grams.layer);
      expect(expectImportance(grams, importance).length).toBeGreaterThanOrEqual(OF_A_LAYER.length);
    });
    expect(layers).toEqual([0, 1, 2, 3, 4]);
    expect(inputs).toBe('source');
    expect(warnings).toContainEqual(expect.stringContaining('do not run alone'));
    expect(existsSync(options.folder)).toBe(false);
  });
});
