import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src-main/chat/pictures.ts';
import {
  loadAddon,
  type NativeModel,
  type NativeSequence,
  type QuantizeTask,
} from '../../src-main/engine/addon.ts';
import { argMax } from '../../src-main/evaluate/divergence.ts';
import { openMetadata, openModel } from '../../src-main/luq/open-model.ts';
import { seededRandom } from '../../src-main/luq/random.ts';
import { readGguf } from '../../src-main/models/gguf.ts';
import { tensorTypeId, tensorTypes } from '../../src-main/models/tensor-types.ts';
import {
  DEMO_IMAGE_TOKENS,
  DEMO_LAYERS,
  WHO_ARE_YOU,
  demoMmproj,
  demoModel,
  sample,
} from '../fixtures/demo.ts';
import { writeLlava } from '../fixtures/models.ts';

// The compiled addon, called as src-main calls it.

const { addon } = loadAddon();
const limits = DEMO_IMAGE_TOKENS;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'snug-native-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const openDemo = () => openModel(addon, { path: demoModel, mmprojPath: demoMmproj, limits, threads: 1 });

describe('tensor types', () => {
  it('are those of the loaded llama.cpp, in name, block and bytes', () => {
    const theirs = new Map(addon.tensorTypes().map((type) => [type.id, type]));
    for (const { id, name, blockSize, blockBytes } of tensorTypes()) {
      const { name: theirName = '', ...sizes } = theirs.get(id) ?? {};
      expect(theirName.toUpperCase()).toBe(name);
      expect(sizes, name).toMatchObject({ blockSize, blockBytes });
    }
  });

  it('need an importance matrix where llama-quantize refuses to go without', () => {
    // src/llama-quant.cpp, tensor_requires_imatrix
    const needing = addon.tensorTypes().filter((type) => type.needsImportance);
    const names = ['iq2_xxs', 'iq2_xs', 'iq3_xxs', 'iq1_s', 'iq2_s', 'iq1_m'];
    expect(needing.map(({ name }) => name)).toEqual(names);
  });

  it('of an unknown file type are refused', async () => {
    using model = await openMetadata(addon, demoModel);
    expect(() => addon.mixtureTypes(model, 9999, [])).toThrow(/unknown file type 9999/);
  });
});

describe('memory', () => {
  it.each([256, 1024, 4096])(
    'of a context of %i tokens is known without loading weights',
    async (contextTokens) => {
      using model = await openModel(addon, { path: demoModel, limits, threads: 1 });
      using metadata = await openMetadata(addon, demoModel);
      const options = { contextTokens, batchTokens: 256, threads: 1 };
      const loaded = await model.memory(options);
      const known = await metadata.memory(options);
      expect(known).toEqual(loaded);
      const weights = readGguf(demoModel).tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
      expect(known.weightsBytes).toBe(weights);
      // 2 key-value heads of 64 per layer, keys and values in F16
      expect(known.kvCacheBytes).toBe(DEMO_LAYERS * 2 * 64 * 2 * 2 * contextTokens);
    },
  );
});

describe('layout', () => {
  it('counts a picture by its grid: width × height tokens, the longer side’s positions', async () => {
    using model = await openDemo();
    const { mediaMarker } = model.describe();
    for (const [width, height] of [
      [112, 112],
      [112, 140],
      [140, 112],
    ] as const) {
      const pieces = model.layout({ text: `${mediaMarker}What is it?`, images: [{ width, height }] });
      const picture = pieces.find((piece) => piece.kind === 'image');
      const [columns, rows] = [width / 28, height / 28];
      expect(picture).toMatchObject({ tokens: columns * rows, positions: Math.max(columns, rows) });
      for (const piece of pieces.filter(({ kind }) => kind === 'text'))
        expect(piece.positions).toBe(piece.tokens);
    }
  });

  it('wants as many pictures as markers', async () => {
    using model = await openDemo();
    const { mediaMarker } = model.describe();
    const size = { width: 112, height: 112 };
    expect(() => model.layout({ text: mediaMarker, images: [size, size] })).toThrow(
      /markers .* number of bitmaps/,
    );
    expect(() => model.layout({ text: mediaMarker, images: [] })).toThrow(/markers .* number of bitmaps/);
  });

  it('cuts text into the tokens that make it up', async () => {
    using model = await openMetadata(addon, demoModel);
    for (const text of [
      'What color is the circle?',
      '  two  spaces\n\nand lines\t',
      '日本語 🙂 ñ',
      '<|im_start|>',
      '',
    ]) {
      const ids = model.tokenize(text, false, false);
      expect(Buffer.concat([...ids].map((id) => model.piece(id))).toString()).toBe(text);
    }
    expect(model.tokenize('<|im_start|>', false, true)).toHaveLength(1);
    expect(model.tokenize('<|im_start|>', false, false).length).toBeGreaterThan(1);
  });
});

describe('opening', () => {
  it('can be stopped before it reads', async () => {
    const stopped = openModel(addon, { path: demoModel, limits, threads: 1, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('can be stopped while it reads', async () => {
    const controller = new AbortController();
    const stopped = openModel(addon, { path: demoModel, limits, threads: 1, signal: controller.signal });
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  const whole = readFileSync(demoModel);
  it.each<[string, (path: string) => void]>([
    ['an empty file', (path) => writeFileSync(path, '')],
    ['text', (path) => writeFileSync(path, 'GGUF, honestly')],
    ['a header that ends early', (path) => writeFileSync(path, whole.subarray(0, 3_000))],
    ['a file that ends in the tensor list', (path) => writeFileSync(path, whole.subarray(0, 76_000))],
    ['a file that ends in the weights', (path) => writeFileSync(path, whole.subarray(0, whole.length / 2))],
    ['a file whose last byte is missing', (path) => writeFileSync(path, whole.subarray(0, -1))],
    ['zeros', (path) => writeFileSync(path, Buffer.concat([whole.subarray(0, 8), Buffer.alloc(10_000)]))],
    [
      '0xFF',
      (path) => writeFileSync(path, Buffer.concat([whole.subarray(0, 8), Buffer.alloc(10_000, 0xff)])),
    ],
    ['a vision encoder', (path) => writeFileSync(path, readFileSync(demoMmproj))],
    ['nothing', () => undefined],
  ])('says that %s is no model', async (name, write) => {
    const path = join(folder, `${name}.gguf`);
    write(path);
    for (const open of [
      () => openModel(addon, { path, limits, threads: 1 }),
      () => openMetadata(addon, path),
    ]) {
      await expect(open()).rejects.toMatchObject({
        code: 'MODEL_LOAD',
        message: expect.stringContaining(path) as string,
      });
    }
  });

  it.each<[string, () => string]>([
    ['a text model', () => demoModel],
    ['another width', () => writeLlava(folder, { width: 512, heads: 8, keyValueHeads: 8, layers: 1 }).mmproj],
    ['a missing file', () => join(folder, 'missing.gguf')],
    [
      'a file that breaks off',
      () => {
        const path = join(folder, 'cut-mmproj.gguf');
        writeFileSync(path, readFileSync(demoMmproj).subarray(0, 200_000));
        return path;
      },
    ],
  ])('says that %s is no vision encoder for it', async (_, mmprojPath) => {
    const opening = openModel(addon, { path: demoModel, mmprojPath: mmprojPath(), limits, threads: 1 });
    await expect(opening).rejects.toMatchObject({ code: 'MMPROJ_LOAD' });
  });

  it('does not let a closed model be used', async () => {
    const model = await openMetadata(addon, demoModel);
    model.close();
    expect(() => model.describe()).toThrow(/closed/);
    expect(() => new addon.Chat(model, { contextTokens: 64, batchTokens: 64, threads: 1 })).toThrow(/closed/);
  });
});

describe('the evaluator', () => {
  /** The same prompt through the evaluator (text as embedding rows) and the chat (text as tokens): last logits of both. */
  async function lastLogits(model: NativeModel, sequence: NativeSequence) {
    const pieces = model.layout(sequence);
    const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
    const evaluator = new addon.Evaluator(model, { batchTokens: 256, sequences: 4, threads: 1, outputs: 4 });
    const run = await evaluator.run({
      sequences: [{ ...sequence, logitsFirst: tokens - 1, logitsCount: 1 }],
    });
    evaluator.close();
    const chat = new addon.Chat(model, { contextTokens: 256, batchTokens: 256, threads: 1 });
    await chat.prompt(sequence);
    const expected = chat.logits();
    chat.close();
    expect(run.tokens).toBe(tokens);
    return { found: run.logits, expected };
  }

  function expectSame(found: Float32Array, expected: Float32Array, tolerance: number) {
    expect(found).toHaveLength(expected.length);
    expect(argMax(found)).toBe(argMax(expected));
    const furthest = found.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? 0))),
      0,
    );
    expect(furthest).toBeLessThan(tolerance);
  }

  const asked = (marker: string, question: string) =>
    `<|im_start|>user\n${marker}${question}<|im_end|>\n<|im_start|>assistant\n`;

  it('gives the chat’s logits for text', async () => {
    using model = await openDemo();
    const { found, expected } = await lastLogits(model, { text: asked('', 'Who are you?') });
    expectSame(found, expected, 1e-3);
  });

  it.each(['circle', 'colours', 'shapes'])('gives the chat’s logits for the picture %s', async (name) => {
    using model = await openDemo();
    const picture = await decodePicture(sample(name), { maxPixels: 1e6 });
    const text = asked(model.describe().mediaMarker, 'How many shapes are there?');
    const { found, expected } = await lastLogits(model, { text, images: [picture] });
    expectSame(found, expected, 1e-2);
  });

  it('gives the chat’s logits for a model without M-RoPE', async () => {
    const where = join(folder, 'llava');
    mkdirSync(where);
    const files = writeLlava(where);
    using model = await openModel(addon, { path: files.model, mmprojPath: files.mmproj, limits, threads: 1 });
    const picture = await decodePicture(sample('circle'), { maxPixels: 1e6 });
    const text = `USER: ${model.describe().mediaMarker}What is it?\nASSISTANT:`;
    const { found, expected } = await lastLogits(model, { text, images: [picture] });
    expectSame(found, expected, 2e-2);
  });

  it('keeps the sequences of a batch apart', async () => {
    using model = await openDemo();
    const picture = await decodePicture(sample('colours'), { maxPixels: 1e6 });
    const { mediaMarker } = model.describe();
    const sequences: NativeSequence[] = [
      { text: asked('', 'Who are you?') },
      { text: asked(mediaMarker, 'Is there a blue circle?'), images: [picture] },
      { text: asked('', 'What can you do?') },
    ];
    const evaluator = new addon.Evaluator(model, { batchTokens: 512, sequences: 3, threads: 1, outputs: 3 });
    const last = sequences.map((sequence) => ({
      ...sequence,
      logitsFirst: model.layout(sequence).reduce((sum, piece) => sum + piece.tokens, 0) - 1,
      logitsCount: 1,
    }));
    const together = await evaluator.run({ sequences: last });
    const { vocabularySize } = model.describe();
    for (const [i, sequence] of last.entries()) {
      const alone = await evaluator.run({ sequences: [sequence] });
      const row = together.logits.subarray(i * vocabularySize, (i + 1) * vocabularySize);
      // the rows of a larger batch are summed in another order: 0.017 apart with AVX-512, where other words would be whole units away
      expectSame(row, alone.logits, 5e-2);
    }
    evaluator.close();
  });

  it('says when a batch is too large, and runs the next one', async () => {
    using model = await openDemo();
    const evaluator = new addon.Evaluator(model, { batchTokens: 64, sequences: 2, threads: 1, outputs: 8 });
    const tokens = (count: number) => ({ tokens: new Int32Array(count).fill(65) });
    const tooMany = evaluator.run({ sequences: [tokens(65)] });
    await expect(tooMany).rejects.toMatchObject({
      code: 'BATCH_SIZE',
      message: '65 tokens in 1 sequences do not fit a batch of 64 tokens and 2 sequences',
    });
    const tooManySequences = evaluator.run({ sequences: [tokens(1), tokens(1), tokens(1)] });
    await expect(tooManySequences).rejects.toMatchObject({ code: 'BATCH_SIZE' });
    await expect(evaluator.run({ sequences: [] })).rejects.toMatchObject({ code: 'BATCH_SIZE' });
    for (const [logitsFirst, logitsCount] of [
      [0, 9],
      [60, 8],
      [-1, 1],
    ] as const) {
      const outside = evaluator.run({ sequences: [{ ...tokens(64), logitsFirst, logitsCount }] });
      await expect(outside, `${logitsFirst} + ${logitsCount}`).rejects.toMatchObject({ code: 'BATCH_SIZE' });
    }
    const run = await evaluator.run({ sequences: [{ ...tokens(64), logitsFirst: 56, logitsCount: 8 }] });
    expect(run.logits).toHaveLength(8 * 2048);
    evaluator.close();
  });

  it('refuses tokens that the vocabulary does not have', async () => {
    using model = await openDemo();
    const evaluator = new addon.Evaluator(model, { batchTokens: 64, sequences: 1, threads: 1, outputs: 1 });
    for (const token of [2048, 1e9, -1]) {
      await expect(
        evaluator.run({ sequences: [{ tokens: Int32Array.of(1, token) }] }),
        `${token}`,
      ).rejects.toThrow();
    }
    evaluator.close();
  });
});

describe('a conversation', () => {
  it('needs a prompt to answer', () => {
    const script = join(import.meta.dirname, '..', 'fixtures', 'answer-without-prompt.ts');
    const { stdout, signal } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    expect(signal).toBeNull();
    expect(JSON.parse(stdout)).toEqual({
      answer: 'there is no prompt to answer',
      logits: 'there are no logits before a prompt',
      'empty prompt': 'the prompt is empty',
    });
  });

  it('is stopped by an abort right after it was asked to run, every time', async () => {
    using model = await openDemo();
    const chat = new addon.Chat(model, { contextTokens: 512, batchTokens: 64, threads: 1 });
    const long = { text: 'What color is the circle? '.repeat(30) };
    for (let i = 0; i < 20; i++) {
      const running = chat.prompt(long);
      chat.abort();
      await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    // and runs the next one
    expect((await chat.prompt(long)).promptTokens).toBeGreaterThan(100);
    chat.close();
  });

  it('waits its turn when it is asked twice at once', async () => {
    using model = await openDemo();
    const chat = new addon.Chat(model, { contextTokens: 256, batchTokens: 256, threads: 1 });
    const [first, second] = await Promise.all([
      chat.prompt({ text: 'What' }),
      chat.prompt({ text: 'What color' }),
    ]);
    expect(first.promptTokens).toBeLessThan(second.promptTokens);
    chat.close();
  });

  it('finishes what runs when it is closed meanwhile', async () => {
    using model = await openDemo();
    const chat = new addon.Chat(model, { contextTokens: 256, batchTokens: 16, threads: 1 });
    const running = chat.prompt({ text: 'What color is the circle? '.repeat(10) });
    chat.close();
    expect((await running).promptTokens).toBeGreaterThan(50);
  });
});

/** Rows of floats in a file, as the tap writes them. */
function writeRows(name: string, rows: Float32Array): string {
  const path = join(folder, name);
  writeFileSync(path, rows);
  return path;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function entropyBits(assignment: Int32Array): number {
  const sizes = new Map<number, number>();
  for (const cluster of assignment) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  return [...sizes.values()].reduce((bits, size) => {
    const share = size / assignment.length;
    return bits - share * Math.log2(share);
  }, 0);
}

const firstRows = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('clusters', () => {
  const DIMENSIONS = 64;

  /** Well separated groups of the given sizes, shuffled; returns the file. */
  function planted(name: string, sizes: readonly number[]): string {
    const random = seededRandom(3);
    const groups = sizes.flatMap((size, group) => Array.from({ length: size }, () => group));
    groups.sort(() => random() - 0.5);
    const centres = sizes.map(() => Array.from({ length: DIMENSIONS }, () => normal(random) * 10));
    const values = groups.flatMap((group) => (centres[group] ?? []).map((at) => at + normal(random) * 0.1));
    return writeRows(name, Float32Array.from(values));
  }

  const cluster = (path: string, rows: number, clusters: number, seed = 1, rest = {}) =>
    addon.clusterTokens({
      path,
      offset: 0,
      dimensions: DIMENSIONS,
      rows: firstRows(rows),
      clusters,
      seed,
      maxRounds: 50,
      threads: 1,
      ...rest,
    });

  it.each([1, 2, 3])('of equal size have log2 K bits, whatever the seed (%i)', async (seed) => {
    const path = planted(
      'equal.f32',
      Array.from({ length: 8 }, () => 50),
    );
    const { assignment, inertia } = await cluster(path, 400, 8, seed);
    expect(entropyBits(assignment)).toBeCloseTo(3, 12);
    // 400 points with a variance of 0.01 in each dimension
    expect(inertia).toBeGreaterThan(0.9 * 400 * DIMENSIONS * 0.01);
    expect(inertia).toBeLessThan(1.1 * 400 * DIMENSIONS * 0.01);
  });

  it('of unequal size have the entropy of their shares', async () => {
    const sizes = [256, 128, 64, 32, 32];
    const path = planted('unequal.f32', sizes);
    const { assignment } = await cluster(path, 512, 5);
    // ½·1 + ¼·2 + ⅛·3 + 2 · 1⁄16·4 bits
    expect(entropyBits(assignment)).toBeCloseTo(1.875, 12);
  });

  it('do not care how far all points are from zero', async () => {
    const near = readFileSync(planted('near.f32', [100, 50, 50]));
    const shifted = new Float32Array(near.buffer, near.byteOffset, near.byteLength / 4).map(
      (value) => value + 1000,
    );
    const { assignment } = await cluster(writeRows('far.f32', shifted), 200, 3);
    expect(entropyBits(assignment)).toBeCloseTo(1.5, 12);
  });

  it('are the same for the same seed, and for any number of threads', async () => {
    const random = seededRandom(9);
    const path = writeRows(
      'cloud.f32',
      Float32Array.from({ length: 1000 * DIMENSIONS }, () => normal(random)),
    );
    const first = await cluster(path, 1000, 20, 5);
    expect(await cluster(path, 1000, 20, 5)).toEqual(first);
    expect(await cluster(path, 1000, 20, 5, { threads: 2 })).toEqual(first);
    expect((await cluster(path, 1000, 20, 6)).assignment).not.toEqual(first.assignment);
  });

  it('are those of a plain k-means from the same seeds', async () => {
    const random = seededRandom(4);
    const points = Array.from({ length: 600 }, (_, i) =>
      Float32Array.from({ length: DIMENSIONS }, (_, j) => normal(random) + ((i * 7 + j) % 12 === 0 ? 4 : 0)),
    );
    const path = writeRows('overlapping.f32', Float32Array.from(points.flatMap((point) => [...point])));
    for (const seed of [1, 2, 3, 4, 5]) {
      const ours = await cluster(path, 600, 12, seed);
      const plain = plainKMeans(points, 12, seed, 50);
      expect(ours.inertia / plain.inertia, `seed ${seed}`).toBeCloseTo(1, 4);
      const agreeing = plain.assignment.filter((own, i) => own === ours.assignment[i]).length;
      expect(agreeing / 600, `seed ${seed}`).toBeGreaterThan(0.99);
    }
  });

  it('take only the rows asked for, from the offset on', async () => {
    const path = planted('two-layers.f32', [100, 100, 100, 100]);
    const rows = Int32Array.from({ length: 100 }, (_, i) => i * 2);
    const all = await cluster(path, 400, 4, 1, {
      rows: Int32Array.from({ length: 100 }, (_, i) => 200 + i * 2),
    });
    const layer = await cluster(path, 400, 4, 1, { rows, offset: 200 * DIMENSIONS * 4 });
    expect(layer).toEqual(all);
  });

  it('can be as many as the points, or one', async () => {
    const path = planted('few.f32', [4, 4]);
    expect(entropyBits((await cluster(path, 8, 8)).assignment)).toBeCloseTo(3, 12);
    expect(entropyBits((await cluster(path, 8, 1)).assignment)).toBe(0);
  });

  it('of equal points are one', async () => {
    const path = writeRows('same.f32', new Float32Array(100 * DIMENSIONS).fill(2.5));
    const { assignment, inertia } = await cluster(path, 100, 10);
    expect(entropyBits(assignment)).toBe(0);
    expect(inertia).toBe(0);
  });

  it('cannot be more than the tokens', async () => {
    const path = planted('nine.f32', [9]);
    await expect(cluster(path, 9, 100)).rejects.toMatchObject({
      code: 'TOO_FEW_TOKENS',
      message: expect.stringMatching(/9 tokens.*100 clusters/) as string,
    });
  });

  it('cannot be found where the model overflowed, or the file ends', async () => {
    const broken = new Float32Array(10 * DIMENSIONS).fill(1);
    broken[77] = Number.NaN;
    await expect(cluster(writeRows('nan.f32', broken), 10, 2)).rejects.toThrow(/not finite/);
    broken[77] = Number.POSITIVE_INFINITY;
    await expect(cluster(writeRows('inf.f32', broken), 10, 2)).rejects.toThrow(/not finite/);
    await expect(cluster(writeRows('short.f32', broken), 11, 2)).rejects.toMatchObject({ code: 'FILE' });
    await expect(cluster(join(folder, 'missing.f32'), 11, 2)).rejects.toMatchObject({ code: 'FILE' });
  });

  it('can be stopped', async () => {
    const random = seededRandom(2);
    const path = writeRows('long.f32', Float32Array.from({ length: 4000 * DIMENSIONS }, random));
    const flag = new addon.AbortFlag();
    const task = { path, offset: 0, dimensions: DIMENSIONS, rows: firstRows(4000), clusters: 500, seed: 1 };
    const running = addon.clusterTokens({ ...task, maxRounds: 10_000, threads: 1 }, flag);
    setTimeout(() => flag.set(), 20);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

/** The Mersenne twister of C++'s std::mt19937, to seed the plain k-means as the addon does. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const last = state[i - 1] as number;
    state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
  }
  let at = 624;
  const twist = () => {
    for (let i = 0; i < 624; i++) {
      const mixed = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % 624] as number) & 0x7fffffff);
      state[i] = (state[(i + 397) % 624] as number) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  return () => {
    if (at === 624) twist();
    let value = state[at++] as number;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  };
}

/** Lloyd's algorithm after k-means++ seeding, distance by distance, in doubles. */
function plainKMeans(points: readonly Float32Array[], clusters: number, seed: number, maxRounds: number) {
  const random = mersenneTwister(seed);
  const uniform = () => random() / 4294967296;
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0;
    for (let j = 0; j < a.length; j++) sum += ((a[j] as number) - (b[j] as number)) ** 2;
    return sum;
  };
  const centres: number[][] = [];
  const nearest = points.map(() => Infinity);
  let chosen = Math.floor(uniform() * points.length);
  while (centres.length < clusters) {
    const centre = [...(points[chosen] as Float32Array)];
    centres.push(centre);
    points.forEach((point, i) => (nearest[i] = Math.min(nearest[i] as number, distance(point, centre))));
    let target = uniform() * nearest.reduce((sum, value) => sum + value, 0);
    chosen = nearest.findIndex((value) => (target -= value) < 0);
  }
  let assignment = points.map(() => -1);
  let inertia = 0;
  for (let round = 0; round < maxRounds; round++) {
    const distances = points.map((point) => centres.map((centre) => distance(point, centre)));
    const next = distances.map((row) => row.indexOf(Math.min(...row)));
    inertia = distances.reduce((sum, row) => sum + Math.min(...row), 0);
    const settled = next.every((own, i) => own === assignment[i]);
    assignment = next;
    if (settled) break;
    centres.forEach((centre, k) => {
      const own = points.filter((_, i) => assignment[i] === k);
      if (own.length === 0) return;
      for (let j = 0; j < centre.length; j++)
        centre[j] = own.reduce((sum, p) => sum + (p[j] as number), 0) / own.length;
    });
  }
  return { assignment, inertia };
}

describe('quantizing', () => {
  const COLUMNS = 512;
  const ROWS = 600;
  let source: string;
  const importance = Float32Array.from({ length: COLUMNS }, (_, i) => 0.1 + (i % 7));

  beforeAll(() => {
    const random = seededRandom(8);
    source = writeRows(
      'weights.f32',
      Float32Array.from({ length: COLUMNS * ROWS }, () => normal(random) / 20),
    );
  });

  const task = (type: string, target: string, rest: Partial<QuantizeTask> = {}): QuantizeTask => ({
    sourcePath: source,
    sourceOffset: 0,
    sourceType: tensorTypeId('F32'),
    targetPath: join(folder, target),
    targetType: tensorTypeId(type),
    columns: COLUMNS,
    rows: ROWS,
    importance,
    threads: 1,
    ...rest,
  });

  // several slabs of 128 rows each, so that two threads have something to share
  it.each(['Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ4_NL', 'IQ3_S', 'IQ1_M', 'F16'])(
    'to %s gives the same bytes with one thread and with two',
    async (type) => {
      await addon.quantizeTensor(task(type, `${type}-1`));
      await addon.quantizeTensor(task(type, `${type}-2`, { threads: 2 }));
      const bytes = readFileSync(join(folder, `${type}-1`));
      const { blockSize, blockBytes } = tensorTypes().find(({ name }) => name === type) ?? {
        blockSize: 1,
        blockBytes: 0,
      };
      expect(bytes).toHaveLength(((COLUMNS * ROWS) / blockSize) * blockBytes);
      expect(readFileSync(join(folder, `${type}-2`)).equals(bytes)).toBe(true);
    },
  );

  // each kind of weights a row of a matrix of its own, with importances from all alike to mostly zero
  it('to Q4_K by itself gives the bytes that ggml gives, whatever the weights are', async () => {
    const random = seededRandom(9);
    const kinds: (() => number)[] = [
      () => normal(random) / 50,
      () => Math.f16round(normal(random) / 50),
      () => Math.abs(normal(random)),
      () => -Math.abs(normal(random)) - 0.1,
      () => (random() < 0.8 ? 0 : Math.round(normal(random) * 4)),
      () => normal(random) * 10 ** (12 * random() - 9),
      () => normal(random) * 1e-8,
      () => normal(random) * 1e-25,
      () => normal(random) * 1e4,
      () => -0.25,
    ];
    const rows = 2000;
    const rowsPerMatrix = 500;
    const weights = Float32Array.from({ length: COLUMNS * rows }, (_, i) =>
      (kinds[Math.floor(i / COLUMNS) % kinds.length] ?? random)(),
    );
    const importanceKinds: (() => number)[] = [
      () => 1,
      random,
      () => (random() < 0.9 ? 0 : random()),
      () => Math.exp(4 * normal(random)),
    ];
    const importances = Float32Array.from({ length: COLUMNS * importanceKinds.length }, (_, i) =>
      (importanceKinds[Math.floor(i / COLUMNS)] ?? random)(),
    );
    const given = {
      sourcePath: writeRows('kinds.f32', weights),
      rows,
      rowsPerMatrix,
      importance: importances,
      threads: 2,
    };
    await addon.quantizeTensor(task('Q4_K', 'kinds-ours', given));
    await addon.quantizeTensor(task('Q4_K', 'kinds-ggml', { ...given, onlyGgml: true }));
    const ours = readFileSync(join(folder, 'kinds-ours'));
    expect(ours).toHaveLength((COLUMNS * rows * 144) / 256);
    expect(ours.equals(readFileSync(join(folder, 'kinds-ggml')))).toBe(true);
  });

  it.each([
    ['Q8_0', 0.01],
    ['Q6_K', 0.03],
    ['Q4_K', 0.1],
    ['Q2_K', 0.4],
    ['IQ1_M', 0.8],
  ])('to %s and back is as near as its bits allow', async (type, tolerance) => {
    const target = `${type}-back`;
    await addon.quantizeTensor(task(type, target));
    const back = addon.dequantize(tensorTypeId(type), readFileSync(join(folder, target)), COLUMNS * ROWS);
    const original = new Float32Array(readFileSync(source).buffer);
    const power = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
    const error = power(back.map((value, i) => value - (original[i] ?? 0)));
    expect(Math.sqrt(error / power(original))).toBeLessThan(tolerance);
  });

  it.each(['IQ1_M', 'IQ2_S', 'IQ3_XXS'])('to %s needs an importance matrix', async (type) => {
    const { importance: _, ...without } = task(type, 'without');
    await expect(addon.quantizeTensor(without)).rejects.toMatchObject({ code: 'NEEDS_IMPORTANCE' });
  });

  it('to Q4_K does without one', async () => {
    const { importance: _, ...without } = task('Q4_K', 'without');
    await expect(addon.quantizeTensor(without)).resolves.toBeUndefined();
  });

  it('needs an importance per column', async () => {
    const wrong = addon.quantizeTensor(task('Q4_K', 'wrong', { importance: new Float32Array(100).fill(1) }));
    await expect(wrong).rejects.toThrow(/100 values for 512/);
  });

  it('needs rows that divide into blocks', async () => {
    const wrong = addon.quantizeTensor(task('Q4_K', 'wrong', { columns: 320, rows: 10 }));
    await expect(wrong).rejects.toThrow(/rows of 320 values do not divide into blocks of q4_K/);
  });

  it('says when the source ends too early, is missing, or the target cannot be written', async () => {
    const short = addon.quantizeTensor(task('Q4_K', 'short', { rows: ROWS + 1 }));
    await expect(short).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringContaining(source) as string,
    });
    const missing = addon.quantizeTensor(task('Q4_K', 'x', { sourcePath: join(folder, 'missing') }));
    await expect(missing).rejects.toMatchObject({ code: 'FILE' });
    const nowhere = addon.quantizeTensor(task('Q4_K', 'no-folder/x'));
    await expect(nowhere).rejects.toMatchObject({ code: 'FILE' });
  });

  it.each(['Q4_K', 'IQ3_S'])('to %s can be stopped within a second', async (type) => {
    const rows = 30_000;
    const weights = readFileSync(source);
    const large = join(folder, 'large.f32');
    writeFileSync(large, Buffer.concat(Array.from({ length: rows / ROWS }, () => weights)));
    const flag = new addon.AbortFlag();
    let stoppedAt = 0;
    const running = addon.quantizeTensor(
      task(type, 'large', { sourcePath: large, rows, threads: 2 }),
      flag,
      () => {
        if (stoppedAt === 0) stoppedAt = performance.now();
        flag.set();
      },
    );
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - stoppedAt).toBeLessThan(1000);
    rmSync(large);
  });

  /** In a process of its own: where llama.cpp asserts, it ends the process. */
  function quantizeValues(type: string, weights: string, importances: string): string {
    const script = join(import.meta.dirname, '..', 'fixtures', 'quantize-values.ts');
    const id = String(tensorTypeId(type));
    const child = spawnSync(process.execPath, [script, folder, id, weights, importances], {
      encoding: 'utf8',
    });
    return child.signal ?? child.stdout;
  }

  it.each(['Q4_K', 'Q6_K', 'Q8_0', 'IQ3_XXS'])('to %s says when the source is not finite', (type) => {
    for (const weights of ['one NaN', 'all NaN', 'infinite']) {
      expect(quantizeValues(type, weights, 'positive'), weights).toMatch(
        /^QUANTIZE: .*not finite, in row 0:/,
      );
    }
    expect(quantizeValues(type, 'last is -infinite', 'positive')).toMatch(
      /^QUANTIZE: .*not finite, in row 1:/,
    );
  });

  it('says when the importance matrix is not finite', () => {
    for (const importances of ['one NaN', 'infinite']) {
      expect(quantizeValues('IQ3_XXS', 'usual', importances), importances).toMatch(/^QUANTIZE: .*importance/);
    }
  });

  it.each(['Q4_K', 'Q2_K', 'IQ3_XXS'])('to %s takes zeros, in the weights and in the importance', (type) => {
    for (const [weights, importances] of [
      ['zero', 'positive'],
      ['zero block', 'positive'],
      ['usual', 'zero'],
      ['usual', 'zero block'],
      ['tiny', 'positive'],
    ] as const) {
      expect(quantizeValues(type, weights, importances), `${weights}, ${importances}`).toBe('quantized');
    }
  });
});

describe('the kernel probe', () => {
  const probe = (type: string, columns: number, rows: number) =>
    addon.probeProduct({
      type: tensorTypeId(type),
      columns,
      rows,
      workingSetBytes: 4 * 2 ** 20,
      seconds: 0.02,
      threads: 1,
    });

  it.each(['F32', 'F16', 'BF16', 'Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ1_M'])('measures %s', async (type) => {
    const bytesPerSecond = await probe(type, 512, 512);
    expect(bytesPerSecond).toBeGreaterThan(1e6);
    expect(bytesPerSecond).toBeLessThan(1e13);
  });

  it('refuses a shape that the type cannot have', async () => {
    await expect(probe('Q4_K', 320, 16)).rejects.toMatchObject({ code: 'PROBE' });
    await expect(probe('Q4_K', 512, 0)).rejects.toMatchObject({ code: 'PROBE' });
  });
});

describe('CPU variants', () => {
  const build = join(import.meta.dirname, '..', '..', 'native', 'build');
  const { libraries } = JSON.parse(readFileSync(join(build, 'libraries.json'), 'utf8')) as {
    libraries: string;
  };
  const shipped = join(build, libraries);
  const isVariant = (name: string) => /ggml-cpu-\w+\.(so|dll|dylib)$/.test(name);
  const variants = readdirSync(shipped).filter(isVariant);

  /** What a process makes of a folder that has one variant only. */
  function answerWith(variant: string | undefined): { answer?: string; features?: string[]; code?: string } {
    const only = join(folder, `libraries-${variant ?? 'none'}`);
    mkdirSync(only);
    for (const name of readdirSync(shipped)) {
      if (!isVariant(name) || name === variant) symlinkSync(join(shipped, name), join(only, name));
    }
    const script = join(import.meta.dirname, '..', 'fixtures', 'answer-in-child.ts');
    const child = spawnSync(process.execPath, [script, only], { encoding: 'utf8' });
    expect(child.signal, `${variant}: ${child.stderr}`).toBeNull();
    return JSON.parse(child.stdout) as ReturnType<typeof answerWith>;
  }

  it.runIf(variants.length > 0)(
    'answer alike where this CPU runs them, and are left alone where it does not',
    () => {
      const outcomes = variants.map((variant) => answerWith(variant));
      const ran = outcomes.filter(({ code }) => code === undefined);
      expect(ran.length).toBeGreaterThan(0);
      for (const { answer } of ran) expect(answer).toBe(WHO_ARE_YOU);
      for (const { code } of outcomes) expect([undefined, 'UNSUPPORTED_CPU']).toContain(code);
      const { cpuFeatures } = loadAddon().backends;
      // the one chosen among all is the best of those that run
      expect(Math.max(...ran.map(({ features }) => features?.length ?? 0))).toBe(cpuFeatures.length);
    },
  );

  it('are missed when there is none', () => {
    expect(answerWith(undefined)).toMatchObject({ code: 'UNSUPPORTED_CPU' });
  });
});
