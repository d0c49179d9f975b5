import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { openMetadata, openModel } from '../../../src-main/models/open-model.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { tensorTypes } from '../../../src-main/gguf/tensor-types.ts';
import { DEMO_IMAGE_TOKENS, DEMO_LAYERS, demoMmproj, demoModel } from '../../fixtures/demo.ts';
import { writeLlava } from '../../fixtures/models.ts';
import { openDemo } from '../../helpers/open-demo.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// Opening models through the compiled addon: types, memory, layout of prompts, broken files.

const { addon } = loadAddon();
const limits = DEMO_IMAGE_TOKENS;
const folder = sharedFolder();

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
    const differ = /number of pictures differs from the number of picture markers/;
    expect(() => model.layout({ text: mediaMarker, images: [size, size] })).toThrow(differ);
    expect(() => model.layout({ text: mediaMarker, images: [] })).toThrow(differ);
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
    // the addon by itself: Snug's own reader has refused most of them before
    for (const metadataOnly of [false, true]) {
      await expect(addon.openModel({ path, threads: 1, metadataOnly })).rejects.toMatchObject({
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
    const opening = addon.openModel({ path: demoModel, mmprojPath: mmprojPath(), threads: 1 });
    await expect(opening).rejects.toMatchObject({ code: 'MMPROJ_LOAD' });
  });

  it('does not let a closed model be used', async () => {
    const model = await openMetadata(addon, demoModel);
    model.close();
    expect(() => model.describe()).toThrow(/closed/);
    expect(() => new addon.Chat(model, { contextTokens: 64, batchTokens: 64, threads: 1 })).toThrow(/closed/);
  });
});
