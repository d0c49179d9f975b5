import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FitRequest } from '../../../src-main/contract/fit-request.ts';
import { luqPlan } from '../../../src-main/fit/fit-plan.ts';
import { luqFacts } from '../../../src-main/fit/luq-facts.ts';
import { resolveRequest } from '../../../src-main/fit/request.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { encodeGguf } from '../../../src-main/gguf/writer.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { llamaCppRelease } from '../../../src-main/engine/build.ts';
import { loadBuiltInCalibration } from '../../../src-main/luq/calibrate/calibration-set.ts';
import { ownVersion } from '../../../src-main/root.ts';
import { readSource } from '../../../src-main/models/source.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { plannerOf } from '../../helpers/planners.ts';
import {
  ggufTensor,
  layerTensors,
  number,
  writeTextModel,
  writeVisionModel,
} from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const GiB = 2 ** 30;
const ORDER = [1, 0, 2];
const imatrix = { chunks: 0, entries: new Map() };

/** What a file of such a fit says of itself, as an inspection tells it. */
function factsOf(asked: Partial<FitRequest>, sees = true): Record<string, unknown> {
  const home = temporaryFolder();
  const context = number('qwen2vl.context_length', 32_768);
  const modelPath = writeTextModel(home, { layers: 3, entries: [context] });
  const mmprojPath = sees ? writeVisionModel(home) : undefined;
  const source = {
    ...readSource(modelPath, mmprojPath),
    sha256: 'a'.repeat(64),
    visionSha256: 'b'.repeat(64),
  };
  const laptop = ordinaryLaptop();
  const request = resolveRequest({ modelPath, home, threads: 1, ...asked }, source, laptop);
  const report = {
    ...{
      set: 'some pictures',
      alpha: 0.5,
      seed: 1,
      clusters: 100,
      sequences: 1,
      tokens: 2000,
      imageTokens: 900,
    },
    ...{
      sampledTokens: 500,
      seeds: 16,
      stability: { kendallTauSeeds: 1, kendallTauHalves: null },
      calibratedWith: 'source' as const,
      reused: false,
    },
  };
  const calibrated = {
    ...{
      imatrix,
      imatrixPath: '',
      entropies: [],
      entropyBits: [3, 1, 4.5],
      recordedSource: '',
      warnings: [],
    },
    report,
  };
  const plan = plannerOf(layerTensors(3, 256).map(ggufTensor)).withLowLayers(ORDER, 2);
  const { metadata } = readGguf(modelPath);
  const facts = luqFacts(
    { source, request, calibrated, laptop },
    luqPlan(plan, ORDER, 'entropy'),
    'c'.repeat(64),
  );
  const fitted = join(home, 'fitted.gguf');
  const tensors = readGguf(modelPath).tensors.map((tensor) => ({
    ...tensor,
    data: new Uint8Array(tensor.bytes),
  }));
  writeFileSync(fitted, encodeGguf([...metadata.values(), ...facts], tensors));
  return { ...inspect(fitted).luq };
}

describe('a fitted file says of itself', () => {
  it('how it was made, its budget and its context included', () => {
    expect(factsOf({ budgetBytes: 5 * GiB, contextTokens: 8192, ordering: 'depth' })).toEqual({
      'luq.version': 1,
      'luq.made_with.snug': ownVersion(),
      'luq.made_with.llama_cpp': llamaCppRelease(),
      'luq.made_with.cpu': ordinaryLaptop().cpu.variant,
      'luq.made_with.threads': 1,
      'luq.source.sha256': 'a'.repeat(64),
      'luq.source.file': 'model.gguf',
      'luq.vision.file': 'mmproj-model.gguf',
      'luq.vision.sha256': 'b'.repeat(64),
      'luq.budget.bytes': 5 * GiB,
      'luq.budget.source': 'chosen',
      'luq.context_tokens': 8192,
      'luq.plan.kind': 'luq',
      'luq.plan.family': 'luq',
      'luq.ordering': 'depth',
      'luq.rounding': 'plain',
      'luq.rungs': ['Q4_K_M', 'IQ1_M'],
      'luq.low_layers': [1, 0],
      'luq.layer_rungs': ['IQ1_M', 'IQ1_M', 'Q4_K_M'],
      'luq.order': ORDER,
      'luq.entropy.bits': [3, 1, 4.5],
      'luq.entropy.clusters': 100,
      'luq.calibration.set': 'some pictures',
      'luq.calibration.set_sha256': loadBuiltInCalibration().id,
      'luq.calibration.alpha': 0.5,
      'luq.calibration.seed': 1,
      'luq.calibration.most_tokens': 32_768,
      'luq.calibration.tokens': 2000,
      'luq.calibration.image_tokens': 900,
      'luq.importance.sha256': 'c'.repeat(64),
      'luq.image_tokens.min': 4,
      'luq.image_tokens.max': 4096,
    });
  });

  it('what was asked of its quality and its vision file', () => {
    const facts = factsOf({ maxKld: 0.123456789, minAgreement: 0.9, visionType: 'Q8_0' });
    expect(facts['luq.quality.max_kld']).toBe(0.123456789);
    expect(facts['luq.quality.min_agreement']).toBe(0.9);
    expect(facts['luq.vision.type']).toBe('Q8_0');
  });

  it('that a budget was recommended', () => {
    const facts = factsOf({});
    expect(facts['luq.budget.source']).toBe('recommended');
    expect(facts['luq.budget.bytes']).toBeGreaterThan(GiB);
  });

  it('no budget where the number of low layers was given, and no pictures where it sees none', () => {
    const keys = Object.keys(factsOf({ lowLayers: 2 }, false));
    expect(keys.filter((key) => /budget|^luq\.(image_tokens|vision)/.test(key))).toEqual([]);
    expect(keys).toContain('luq.context_tokens');
  });
});
