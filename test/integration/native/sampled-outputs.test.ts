import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { callNative, useNative } from '../../../src-main/engine/native-calls.ts';
import { openModel } from '../../../src-main/models/open-model.ts';
import { shortModel } from '../../fixtures/short-demo.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// What the tap writes of layers' outputs: as they are, and projected to fewer dimensions.

const { addon } = loadAddon();
const folder = sharedFolder();
const TOKENS = 64;
const WIDTH = 256;

async function sampled(name: string, projection: { sampleDimensions?: number; sampleSeed?: number }) {
  using model = await openModel(addon, {
    path: shortModel,
    limits: { minTokens: 16, maxTokens: 36 },
    threads: 1,
  });
  using inUse = useNative(
    () => new addon.Evaluator(model, { batchTokens: TOKENS, sequences: 1, threads: 1, tap: true }),
  );
  const samplePath = join(folder, name);
  closeSync(openSync(samplePath, 'w'));
  await callNative(
    inUse.native.run({
      sequences: [{ tokens: Int32Array.from({ length: TOKENS }, (_, i) => 40 + ((i * 37) % 900)) }],
      sampleSlots: Int32Array.from({ length: TOKENS }, (_, i) => i),
      ...{ samplePath, slotsPerLayer: TOKENS, ...projection },
    }),
  );
  const { buffer, byteOffset, byteLength } = readFileSync(samplePath);
  const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const { layers } = model.describe();
  const width = values.length / layers / TOKENS;
  const row = (layer: number, token: number) =>
    values.subarray((layer * TOKENS + token) * width, (layer * TOKENS + token + 1) * width);
  return { layers, width, values, row };
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
}

it('layers’ outputs are projected so that distances stay, the same way for the same seed', async () => {
  const whole = await sampled('whole', {});
  const projected = await sampled('projected', { sampleDimensions: 64, sampleSeed: 3 });
  expect([whole.width, projected.width]).toEqual([WIDTH, 64]);
  for (let layer = 0; layer < whole.layers; layer++) {
    const ratios: number[] = [];
    for (let a = 0; a < TOKENS; a++) {
      for (let b = 0; b < a; b++) {
        const distance = squaredDistance(whole.row(layer, a), whole.row(layer, b));
        ratios.push(squaredDistance(projected.row(layer, a), projected.row(layer, b)) / distance);
      }
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    const spread = Math.sqrt(ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / ratios.length);
    expect(mean).toBeGreaterThan(0.8);
    expect(mean).toBeLessThan(1.2);
    // √(2/64) = 0.18
    expect(spread).toBeLessThan(0.25);
  }
  const again = await sampled('again', { sampleDimensions: 64, sampleSeed: 3 });
  expect(again.values).toEqual(projected.values);
  const other = await sampled('other', { sampleDimensions: 64, sampleSeed: 4 });
  expect(other.values).not.toEqual(projected.values);
});

it('outputs of no more dimensions are written as they are', async () => {
  const [whole, asked] = [await sampled('raw', {}), await sampled('more', { sampleDimensions: WIDTH })];
  expect(asked.values).toEqual(whole.values);
});
