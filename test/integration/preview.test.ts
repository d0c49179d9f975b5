import { beforeAll, describe, expect, it } from 'vitest';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import { loadedWithin } from '../../src-main/contract/loaded-within.ts';
import type { Fitted, PlanPreview } from '../../src-main/contract/workers/compress.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { previewFit } from '../../src-main/fit/preview.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';
import { timeKernels } from '../helpers/timed-home.ts';

// Where Snug's own kernels have layouts that need more room, the slider says what they take and give, and the fit says the same.

const { backends } = loadAddon();

describe.runIf(backends.ownKernels !== '')('a preview', { timeout: 120_000 }, () => {
  const home = sharedFolder();
  const request: FitRequest = {
    ...{ home, modelPath: shortModel, mmprojPath: shortMmproj },
    ...{ calibrationTokens: 1000, clusters: 10, threads: 1, plan: 'luq', rounding: 'plain' },
  };
  const K = 2;
  let preview: PlanPreview;
  const at = (lowLayers: number) => preview.byLowLayers[lowLayers] ?? expect.fail('there is such a plan');
  const said = ({ plan: { lowLayers, predictedMemory, predictedTokensPerSecond } }: Fitted) => ({
    ...{ lowLayers, memory: predictedMemory, tokensPerSecond: predictedTokensPerSecond },
  });

  beforeAll(async () => {
    await timeKernels(home);
    preview = await previewFit(request, false);
  });

  it('at k says what the report of a fit with k low layers says, with room for wide layouts and without', async () => {
    const tight = at(preview.byLowLayers.length - 1).memory.totalBytes;
    const lean = said(await fit({ ...request, lowLayers: K, budgetBytes: tight }, {}));
    // the order of the layers is known now
    preview = await previewFit(request, false);
    const roomy = at(K).wide?.memory.totalBytes ?? expect.fail('low layers have a wide layout');
    const wide = said(await fit({ ...request, budgetBytes: roomy }, {}));
    const seen = (budgetBytes: number) => {
      const { memory, tokensPerSecond } = loadedWithin(at(K), budgetBytes);
      return { lowLayers: K, memory, tokensPerSecond };
    };
    expect(lean).toEqual(seen(tight));
    expect(seen(roomy - 1)).toEqual(seen(tight));
    expect(wide).toEqual(seen(roomy));
    expect([lean.memory.wide, wide.memory.wide]).toEqual([undefined, true]);
    expect(wide.tokensPerSecond).toBeGreaterThan(lean.tokensPerSecond ?? NaN);
  });

  it('of every budget knows memory and speed in wide layouts where there are low types, and none where not', async () => {
    expect(at(0).wide).toBeNull();
    for (const { memory, tokensPerSecond, wide } of preview.byLowLayers.slice(1)) {
      expect(wide?.memory.totalBytes).toBeGreaterThan(memory.totalBytes);
      expect(wide?.tokensPerSecond).toBeGreaterThan(tokensPerSecond ?? NaN);
    }
    const { frontier } = await previewFit({ ...request, plan: 'best' }, false);
    const [smallest] = frontier ?? [];
    expect(smallest?.wide?.memory.totalBytes).toBeGreaterThan(smallest?.memory.totalBytes ?? NaN);
    expect(smallest?.wide?.tokensPerSecond).toBeGreaterThan(smallest?.tokensPerSecond ?? NaN);
    expect(frontier?.at(-1)?.wide).toBeNull();
  });
});
