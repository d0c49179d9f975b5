import { expect, it } from 'vitest';
import { numbersOf } from '../../../../../src-renderer/state/fit/fit-figures.ts';
import { MiB, preview } from '../../fake-bridge.ts';

it('speed is the measured one of a fit with as many low layers in the same layouts, and predicted by it for others', () => {
  const shown = preview();
  const [, outcome] = shown.byLowLayers;
  const report = (wide: boolean) => ({
    plan: {
      ...{
        kind: 'luq',
        ordering: 'entropy',
        lowLayers: 1,
        contextTokens: shown.contextTokens,
        rungs: shown.rungs,
      },
      predictedMemory: wide ? { ...outcome?.memory, wide } : outcome?.memory,
      predictedTokensPerSecond: 42,
    },
    files: { luq: { bytes: 17 * MiB, tokensPerSecond: 21 } },
  });
  const seen = (wide: boolean) =>
    numbersOf({
      slider: { preview: shown, outcome, lowLayers: 1 },
      lastReport: report(wide),
      method: 'entropy',
    } as unknown as Parameters<typeof numbersOf>[0]);
  expect(seen(false)).toMatchObject({ tokensPerSecond: 21, measured: true, fileBytes: 17 * MiB });
  expect(seen(true)).toMatchObject({ tokensPerSecond: 10.5, measured: false, fileBytes: 18 * MiB });
});
