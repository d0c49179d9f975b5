import { closeSync, copyFileSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import type { SnugError } from '../../src-main/contract/errors.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { judge } from '../../src-main/luq/quality/coherence.ts';
import { sequencesFor } from '../../src-main/fit/calibration.ts';
import { resolveRequest } from '../../src-main/fit/request.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { compareWithSource, recordSource } from '../../src-main/luq/quality/held-out.ts';
import { openModel } from '../../src-main/models/open-model.ts';
import { readSource } from '../../src-main/models/source.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { demoMmproj as mmprojPath, demoModel, sample } from '../fixtures/demo.ts';
import { shortModel as modelPath } from '../fixtures/short-demo.ts';
import { ordinaryLaptop } from '../helpers/laptops.ts';
import { timeKernels } from '../helpers/timed-home.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

const { addon } = loadAddon();
const folder = sharedFolder();

describe('the check of a compressed model', () => {
  const source = readSource(modelPath, mmprojPath);
  const request = resolveRequest({ modelPath, mmprojPath, home: '', threads: 1 }, source, ordinaryLaptop());

  /** The demo model with some layers' weights zeroed: it loads and talks nonsense. */
  function breakLayers(layers: readonly number[]): string {
    const broken = join(folder, `broken-${layers.join('-')}.gguf`);
    copyFileSync(modelPath, broken);
    const fd = openSync(broken, 'r+');
    for (const tensor of readGguf(modelPath).tensors) {
      const layer = layerOf(tensor.name);
      if (layer === undefined || !layers.includes(layer)) continue;
      writeSync(fd, new Uint8Array(tensor.bytes), 0, tensor.bytes, tensor.offset);
    }
    closeSync(fd);
    return broken;
  }

  async function checked(candidate: string) {
    const recorded = join(folder, 'held-out.f32');
    const open = (path: string) =>
      openModel(addon, { path, mmprojPath, limits: request.imageLimits, threads: 1 });
    {
      using model = await open(modelPath);
      const sequences = await sequencesFor(model, { source, request }, true);
      await recordSource(model, recorded, sequences, { addon, threads: 1, withAnswers: true });
    }
    using model = await open(candidate);
    const sequences = await sequencesFor(model, { source, request }, true);
    return judge(await compareWithSource(model, recorded, sequences, { addon, threads: 1 }));
  }

  it('finds no difference between a model and itself', async () => {
    const check = await checked(modelPath);
    expect(check.image?.meanKld).toBeLessThan(1e-6);
    expect(check.image?.topAgreement).toBe(1);
    expect(check.text?.meanKld).toBeLessThan(1e-6);
    expect((check.image?.perplexity ?? 0) / (check.image?.sourcePerplexity ?? 0)).toBeCloseTo(1, 4);
    expect(check.answers?.asked).toBeGreaterThan(5);
    expect(check.answers?.same).toBe(check.answers?.asked);
    expect(check.coherent).toBe(true);
  });

  it('stops at logits that are no numbers, and names the layer they come from', async () => {
    const poisoned = join(folder, 'poisoned.gguf');
    copyFileSync(modelPath, poisoned);
    const tensor = readGguf(modelPath).tensors.find(({ name }) => name === 'blk.3.ffn_down.weight');
    if (!tensor) throw new Error('the demo model has a fourth layer');
    const fd = openSync(poisoned, 'r+');
    // not a number, in F16
    writeSync(fd, Uint8Array.of(0x00, 0x7e), 0, 2, tensor.offset);
    closeSync(fd);
    await expect(checked(poisoned)).rejects.toMatchObject({
      code: 'INCOHERENT',
      // the first weight that is multiplied with what layer 3 gives
      message: expect.stringMatching(/not numbers.*blk\.4\./) as string,
    });
  });

  it('reports a broken model as incoherent and says why', async () => {
    const check = await checked(breakLayers(Array.from({ length: source.text.layers }, (_, layer) => layer)));
    expect(check.coherent).toBe(false);
    expect(check.reasons.join(' ')).toMatch(/prefers the source's next word only \d+ %|KL divergence/);
    expect(check.answers?.same).toBeLessThan(check.answers?.asked ?? 0);
  });
});

describe('a fit under its default name', () => {
  it('does not replace the result of another model that is called the same', async () => {
    const other = join(folder, 'demo-vl-f16.gguf');
    copyFileSync(modelPath, other);
    truncateSync(other, statSync(other).size + 32);
    const home = join(folder, 'names');
    await timeKernels(home);
    const rungs = { high: 'Q4_K_M', low: 'Q2_K' } as const;
    const request = {
      home,
      rungs,
      lowLayers: 0,
      calibrationTokens: 1000,
      clusters: 10,
      mmprojPath,
      threads: 1,
    };
    const first = await fit({ ...request, modelPath }, {});
    const before = readFileSync(first.files.luq.path ?? '');
    const error: unknown = await fit({ ...request, modelPath: other }, {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CANNOT_WRITE' });
    expect((error as SnugError).remedies).toContainEqual({ kind: 'choose-output' });
    expect(readFileSync(first.files.luq.path ?? '').equals(before)).toBe(true);
  });
});

describe('a vision encoder in 8 bits', () => {
  it('is smaller, is counted in the budget, and still sees', { timeout: 180_000 }, async () => {
    await timeKernels(join(folder, 'home'));
    const request = {
      modelPath: demoModel,
      mmprojPath,
      threads: 1,
      home: join(folder, 'home'),
      rungs: { high: 'Q4_K_M', low: 'Q2_K' } as const,
      lowLayers: 0,
      calibrationTokens: 1000,
      clusters: 10,
    };
    const fitted = await fit({ ...request, visionType: 'Q8_0' }, {});
    const vision = fitted.mmproj.luq ?? '';
    expect(vision).not.toBe(mmprojPath);
    expect(fitted.plan.visionType).toBe('Q8_0');
    expect(readGguf(vision).fileBytes).toBeLessThan(readGguf(mmprojPath).fileBytes * 0.65);
    const stored = readGguf(vision).tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    expect(fitted.plan.predictedMemory.visionWeightsBytes).toBe(stored);

    const host = new ChatHost();
    await host.open({
      modelPath: fitted.files.luq.path ?? '',
      mmprojPath: vision,
      contextTokens: 512,
      threads: 1,
    });
    const answer = await host.session.send({
      text: 'What color is the circle?',
      pictures: [sample('circle')],
      maxTokens: 16,
      temperature: 0,
      seed: 0,
    });
    expect(answer.text).toBe('red');
    host.close();
  });
});
