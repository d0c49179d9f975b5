import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { RIVAL_METHODS } from '../../../src-main/luq/rivals/methods.ts';
import { rivalWeights, RivalWeights, type RivalOptions } from '../../../src-main/luq/rivals/rival-weights.ts';
import { layerOf } from '../../../src-main/models/model-file.ts';
import { writeTextOnly } from '../../fixtures/models.ts';
import { randomTexts, walkOptions } from '../../helpers/gram-walks.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// Other methods' weights of a whole small model, layer by layer.

const { addon } = loadAddon();
const folder = sharedFolder();
const F16 = tensorTypeId('F16');
const LAYERS = 2;
const model = writeTextOnly(folder, { layers: LAYERS });
const walk = await walkOptions({ model }, folder, (opened) => randomTexts(opened, [60, 33, 57, 21]));
const matrices = walk.source.tensors.filter(
  ({ name, shape }) => layerOf(name) !== undefined && shape.length > 1,
);

let banks = 0;
function optionsOf(name: string, rest: Partial<RivalOptions> = {}): RivalOptions {
  const method = RIVAL_METHODS.find((one) => one.name === name);
  if (!method) throw new Error(`no ${name}`);
  return { method, walk, bank: join(folder, `bank-${banks++}`), calibrationKey: 'a', ...rest };
}

const hashesOf = (weights: RivalWeights) =>
  matrices.map((tensor) =>
    createHash('sha256')
      .update(readFileSync(weights.path(tensor, F16)))
      .digest('hex'),
  );

describe.each(['GPTQ 3 g128', 'AWQ 4 g128', 'BiLLM'])('%s', (name) => {
  it('makes every matrix of the layers anew and nothing else, near what it was, and none twice', async () => {
    const options = optionsOf(name);
    const weights = await rivalWeights(options);
    const replaced = walk.source.tensors.filter((tensor) => weights.replaces(tensor));
    expect(replaced.map((tensor) => tensor.name)).toEqual(matrices.map((tensor) => tensor.name));
    for (const tensor of matrices) {
      const source = readFileSync(tensor.path).subarray(tensor.offset, tensor.offset + tensor.bytes);
      const before = addon.dequantize(tensor.type, source, tensor.elements);
      const after = addon.dequantize(F16, readFileSync(weights.path(tensor, F16)), tensor.elements);
      const error = after.reduce((sum, value, i) => sum + (value - (before[i] ?? NaN)) ** 2, 0);
      expect(error).toBeGreaterThan(0);
      expect(error / before.reduce((sum, value) => sum + value ** 2, 0)).toBeLessThan(1);
      const { stored, paper } = weights.bitsOf(tensor);
      expect(stored).toBeGreaterThan(paper);
    }
    const made = matrices.map((tensor) => statSync(weights.path(tensor, F16)).mtimeMs);
    const again = await rivalWeights({ ...options, onShare: () => expect.unreachable('walked again') });
    expect(matrices.map((tensor) => statSync(again.path(tensor, F16)).mtimeMs)).toEqual(made);
  });
});

it('GPTQ’s second layer takes in what its first one gives once it is quantized', async () => {
  const quantized = await rivalWeights(optionsOf('GPTQ 2'));
  const { method } = optionsOf('GPTQ 2');
  const source = await rivalWeights(optionsOf('GPTQ 2', { method: { ...method, inputs: 'source' } }));
  const differ = matrices
    .filter(
      (tensor) => !readFileSync(quantized.path(tensor, F16)).equals(readFileSync(source.path(tensor, F16))),
    )
    .map((tensor) => layerOf(tensor.name));
  expect(differ).not.toEqual([]);
  expect(new Set(differ)).toEqual(new Set([1]));
});

it('goes on where it was stopped, and makes again what has gone', async () => {
  const whole = await rivalWeights(optionsOf('GPTQ 4 g128'));
  const stop = new AbortController();
  const options = optionsOf('GPTQ 4 g128');
  const stopped = new RivalWeights({ ...options, walk: { ...walk, signal: stop.signal } });
  const early = new RivalWeights({
    ...options,
    walk: { ...walk, signal: stop.signal },
    // the first layer's matrices are there once its own run has ended
    onShare: (share) => {
      if (share > 0.6) stop.abort();
    },
  });
  await expect(early.complete()).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(stopped.complete()).rejects.toMatchObject({ code: 'CANCELLED' });
  const weights = await rivalWeights(options);
  expect(hashesOf(weights)).toEqual(hashesOf(whole));

  const [gone] = matrices;
  if (!gone) throw new Error('no matrix');
  rmSync(weights.path(gone, F16));
  expect(hashesOf(await rivalWeights(options))).toEqual(hashesOf(whole));
});

it('another calibration has weights of its own', () => {
  const options = optionsOf('BiLLM');
  expect(new RivalWeights({ ...options, calibrationKey: 'b' }).key).not.toBe(new RivalWeights(options).key);
});
