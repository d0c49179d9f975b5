import { describe, expect, it } from 'vitest';
import { fitReportSchema, type FitReport } from '../../../src-main/contract/fit-report.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';

const memory = {
  weightsBytes: 900,
  visionWeightsBytes: 50,
  kvCacheBytes: 30,
  computeBytes: 15,
  visionComputeBytes: 5,
  rearrangedBytes: 0,
  totalBytes: 1000,
};

const file = {
  path: '/models/demo.gguf',
  bytes: 950,
  bitsPerWeight: 3.2,
  predictedMemory: memory,
  peakMemoryBytes: 980,
  tokensPerSecond: 21.5,
  promptTokensPerSecond: 140,
};

const divergence = {
  tokens: 192,
  meanKld: 0.12,
  medianKld: 0.05,
  p90Kld: 0.3,
  p99Kld: 0.9,
  topAgreement: 0.9,
  perplexity: 3.1,
  sourcePerplexity: 3,
  belowChance: 0.01,
  sourceKnows: true,
};

function report(): FitReport {
  return {
    version: 1,
    model: {
      name: 'Demo-VL',
      architecture: 'qwen2vl',
      parameters: 9_000_000,
      sourceSha256: 'a'.repeat(64),
      imageTokens: { min: 4, max: 64 },
    },
    profile: ordinaryLaptop(),
    budget: {
      bytes: 4096,
      source: 'recommended',
      reasoning: [{ label: 'left for Snug itself', bytes: -512 }],
    },
    calibration: {
      set: 'built-in',
      alpha: 0.5,
      seed: 1,
      sequences: 120,
      tokens: 32_768,
      imageTokens: 12_000,
      sampledTokens: 4096,
      clusters: 100,
      seeds: 16,
      stability: { kendallTauSeeds: 0.97, kendallTauHalves: 0.91 },
      reused: false,
      calibratedWith: 'source',
    },
    layers: [
      {
        index: 0,
        entropyBits: { both: 5.1, standardError: 0.02, image: 4.9, text: null },
        rank: 1,
        rung: 'Q4_K_M',
        bitsPerWeight: 4.8,
        types: { Q4_K: 7 },
      },
      {
        index: 1,
        entropyBits: { both: 4.2, standardError: 0.03, image: null, text: 4.4 },
        rank: 0,
        rung: 'IQ1_M',
        bitsPerWeight: null,
        types: { IQ1_M: 7 },
      },
    ],
    plan: {
      kind: 'luq',
      family: 'luq',
      ordering: 'entropy',
      rungs: { high: 'Q4_K_M', low: 'IQ1_M' },
      lowLayers: 1,
      layers: 2,
      order: [1, 0],
      undecided: [],
      undecidedBy: 'entropy',
      contextTokens: 4096,
      visionType: null,
      predictedMemory: memory,
      predictedTokensPerSecond: 25,
      fed: null,
      roundings: null,
      fallbacks: [{ tensor: 'blk.0.ffn_down.weight', columns: 96, type: 'Q5_0' }],
    },
    candidates: [],
    files: {
      source: { ...file, peakMemoryBytes: null, tokensPerSecond: null, promptTokensPerSecond: null },
      q4km: { ...file, path: null },
      luq: file,
    },
    check: {
      image: divergence,
      text: divergence,
      answers: { asked: 11, same: 10 },
      coherent: true,
      reasons: [],
    },
    answers: [{ question: 'What is this?', picture: '/p.png', source: null, q4km: 'A cat.', luq: 'A cat.' }],
    warnings: [],
    timings: { calibrate: 12.5, quantize: 3 },
  };
}

it('a whole report is accepted, also after it was printed as JSON', () => {
  expect(fitReportSchema.parse(JSON.parse(JSON.stringify(report())))).toEqual(report());
});

describe('a report is refused', () => {
  it.each(Object.keys(report()))('without its %s', (part) => {
    const { [part as keyof FitReport]: _, ...rest } = report();
    expect(fitReportSchema.safeParse(rest).success).toBe(false);
  });

  it.each<[string, (whole: FitReport) => unknown]>([
    ['of another version', (whole) => ({ ...whole, version: 2 })],
    [
      'with a negative size',
      (whole) => ({ ...whole, files: { ...whole.files, luq: { ...file, bytes: -1 } } }),
    ],
    ['without the result', (whole) => ({ ...whole, files: { source: file, q4km: file } })],
    [
      'with a rate that is no number',
      (whole) => ({ ...whole, plan: { ...whole.plan, predictedTokensPerSecond: NaN } }),
    ],
    ['with an answer of nothing', (whole) => ({ ...whole, answers: [{ ...whole.answers[0], luq: null }] })],
    ['whose alpha is no share', (whole) => ({ ...whole, calibration: { ...whole.calibration, alpha: 1.5 } })],
  ])('%s', (_, change) => {
    expect(fitReportSchema.safeParse(change(report())).success).toBe(false);
  });
});
