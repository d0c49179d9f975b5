import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metadataString, readGguf, type GgufTensor } from '../../src-main/gguf/gguf.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { outputOf, quickFit } from '../helpers/quick-fit.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// Fits whose rounding errors are fed on, of models and with calibrations that don't suit that.

const folder = sharedFolder();

/** The short demo model with some values of a tensor changed. */
function withValues(name: string, tensor: string, value: number, indices: readonly number[]): string {
  const bytes = readFileSync(shortModel);
  const found = readGguf(shortModel).tensors.find((one) => one.name === tensor) as GgufTensor;
  for (const index of indices) {
    if (found.type === tensorTypeId('F32')) bytes.writeFloatLE(value, found.offset + index * 4);
    else bytes.set(new Uint8Array(Float16Array.of(value).buffer), found.offset + index * 2);
  }
  const path = join(folder, `${name}.gguf`);
  writeFileSync(path, bytes);
  return path;
}

const fedFit = (name: string, modelPath: string, calibrationTokens = 1000) =>
  quickFit(folder, {
    ...{ modelPath, mmprojPath: shortMmproj, calibrationTokens, rounding: 'fed' },
    output: join(folder, `${name}-fed.gguf`),
  });

describe('a fit with errors fed on', () => {
  it('does without channels that nothing reaches', async () => {
    const dead = Array.from({ length: 40 }, (_, i) => 3 * i);
    const model = withValues('dead', 'blk.2.attn_norm.weight', 0, dead);
    const fitted = await fedFit('dead', model);
    expect(fitted.plan.fed?.fed).toBeGreaterThan((fitted.plan.fed?.tensors ?? 0) / 2);
    expect(metadataString(readGguf(outputOf(fitted)), 'luq.rounding')).toBe('fed');
  });

  it.each([
    ['blk.3.attn_norm.weight', 3],
    ['blk.3.ffn_down.weight', 4],
  ])('names the layer that a value reaches which is no number, where %s holds one', async (tensor, layer) => {
    const model = withValues(`broken-${tensor}`, tensor, NaN, [77]);
    await expect(fedFit(`broken-${tensor}`, model)).rejects.toMatchObject({
      code: 'INCOHERENT',
      message: expect.stringContaining(`blk.${layer}.`) as string,
    });
  });
});
