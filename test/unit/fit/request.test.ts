import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fitRequestSchema, type FitRequest } from '../../../src-main/contract/fit-request.ts';
import { calibrationKey } from '../../../src-main/fit/kept-calibration.ts';
import { resolveRequest } from '../../../src-main/fit/request.ts';
import { containerProcessors } from '../../../src-main/profile/container.ts';
import { loadBuiltInCalibration } from '../../../src-main/luq/calibrate/calibration-set.ts';
import { readSource } from '../../../src-main/models/source.ts';
import { sidecarPath, writeSidecar } from '../../../src-main/models/sidecar.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { number, writeTextModel, writeVisionModel, type TextModelSpec } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

vi.mock('../../../src-main/profile/container.ts', () => ({
  containerMemory: () => undefined,
  containerProcessors: vi.fn(() => undefined),
}));

const GiB = 2 ** 30;

/** A small model that may be asked for anything. */
function small(spec: TextModelSpec = {}, sees = true) {
  const home = temporaryFolder();
  const entries = [number(`${spec.architecture ?? 'qwen2vl'}.context_length`, 32_768)];
  const modelPath = writeTextModel(home, { entries, ...spec });
  const mmprojPath = sees ? writeVisionModel(home) : undefined;
  const resolved = (asked: Partial<FitRequest> = {}) =>
    resolveRequest(
      { modelPath, ...(mmprojPath === undefined ? {} : { mmprojPath }), home, ...asked },
      readSource(modelPath, mmprojPath),
      ordinaryLaptop(),
    );
  return { home, modelPath, mmprojPath, resolved };
}

describe('a request that asks for nothing', () => {
  it('is settled in everything', () => {
    const { home, modelPath, mmprojPath, resolved } = small();
    const { budget, calibration, threads, ...rest } = resolved();
    expect(rest).toEqual({
      ...{ modelPath, mmprojPath, home },
      output: { path: join(home, 'models', 'model-LUQ.gguf'), chosen: false },
      lowLayers: undefined,
      plan: {
        kind: 'best',
        ordering: 'entropy',
        fileType: undefined,
        trials: 2,
        minTokensPerSecond: undefined,
      },
      quality: { maxKld: undefined, minAgreement: undefined },
      rungs: { high: 'Q4_K_M', low: 'IQ1_M' },
      rounding: 'plain',
      contextTokens: 4096,
      imageLimits: { minTokens: 4, maxTokens: 3072 },
      visionType: undefined,
      writesAllHigh: false,
      notes: [expect.stringMatching(/at most 3,072 of the 4,096 tokens .* a context of 4,096/)],
    });
    expect(budget).toMatchObject({ source: 'recommended' });
    expect(budget.reasoning.length).toBeGreaterThan(0);
    expect(budget.mostBytes).toBeGreaterThanOrEqual(budget.bytes);
    const { set, ...numbers } = calibration;
    expect(set.pictures.length).toBeGreaterThan(0);
    expect(numbers).toEqual({ alpha: 0.5, seed: 1, clusters: 100, tokens: 32_768, through: 'auto' });
    expect(threads).toBeGreaterThan(0);
  });

  it('takes the order of layers that stands beside the model', () => {
    const { modelPath, resolved } = small();
    writeSidecar(modelPath, { ordering: 'edge-protected' });
    expect(resolved().plan.ordering).toBe('edge-protected');
    expect(resolved({ ordering: 'depth' }).plan.ordering).toBe('depth');
  });
});

describe('what is asked for', () => {
  it('is taken as it is', () => {
    const { resolved } = small();
    const asked = resolved({
      ...{ output: '/elsewhere/model.gguf', budgetBytes: 4 * GiB, plan: 'best', maxKld: 0.1, compare: true },
      ...{ alpha: 0, seed: 0, clusters: 7, calibrationTokens: 99, contextTokens: 8192, visionType: 'Q8_0' },
      rungs: { high: 'Q5_K_M', low: 'Q2_K' },
    });
    expect(asked).toMatchObject({
      output: { path: '/elsewhere/model.gguf', chosen: true },
      budget: { bytes: 4 * GiB, source: 'chosen', reasoning: [] },
      plan: { kind: 'best', ordering: 'entropy' },
      quality: { maxKld: 0.1 },
      calibration: { alpha: 0, seed: 0, clusters: 7, tokens: 99 },
      contextTokens: 8192,
      imageLimits: { minTokens: 4, maxTokens: 4096 },
      visionType: 'Q8_0',
      rungs: { high: 'Q5_K_M', low: 'Q2_K' },
      writesAllHigh: true,
      notes: [],
    });
  });

  it('says the kind of plan where only one kind has it', () => {
    const { resolved } = small();
    const kindOf = (asked: Partial<FitRequest>) => resolved(asked).plan.kind;
    expect(kindOf({})).toBe('best');
    expect(kindOf({ trials: 3, minTokensPerSecond: 5 })).toBe('best');
    expect(kindOf({ ordering: 'entropy' })).toBe('luq');
    expect(kindOf({ lowLayers: 0 })).toBe('luq');
    expect(kindOf({ rungs: { high: 'Q5_K_M', low: 'Q2_K' } })).toBe('luq');
    expect(kindOf({ fileType: 'IQ3_M' })).toBe('uniform');
    expect(kindOf({ plan: 'best', ordering: 'depth' })).toBe('best');
  });

  it('is read in the words of earlier versions as well', () => {
    const read = (plan: string) => fitRequestSchema.parse({ modelPath: 'a', home: 'b', plan }).plan;
    expect(['paper', 'auto', 'best', 'luq', 'uniform'].map(read)).toEqual([
      ...['luq', 'best', 'best', 'luq', 'uniform'],
    ]);
  });

  it('is no longer a context than the model was trained on', () => {
    const { resolved } = small({ entries: [number('qwen2vl.context_length', 2048)] });
    expect(resolved({ contextTokens: 8192 }).contextTokens).toBe(2048);
  });

  it('leaves the pictures of a model that has none as they are', () => {
    const { resolved } = small({ architecture: 'qwen2' }, false);
    expect(resolved({ visionType: 'Q8_0' })).toMatchObject({
      imageLimits: { minTokens: 4, maxTokens: 4096 },
      visionType: undefined,
      notes: [],
    });
  });

  it('is no more threads than a container leaves', () => {
    vi.mocked(containerProcessors).mockReturnValue(1);
    const { resolved } = small();
    expect(resolved().threads).toBe(1);
    expect(resolved({ threads: 2 }).threads).toBe(1);
  });
});

describe('a calibration set', () => {
  const turns = [{ question: 'What is one plus one?', answer: 'two' }];
  const conversations = [{ heldOut: false, turns }];

  function withOwnSet(manifest: boolean) {
    const made = small();
    const folder = join(made.home, 'set');
    mkdirSync(folder);
    if (manifest) {
      const content = { version: 1, pictures: [], texts: [], conversations };
      writeFileSync(join(folder, 'manifest.json'), JSON.stringify(content));
    }
    writeSidecar(made.modelPath, { calibration: 'set' });
    return { ...made, folder };
  }

  it('that the model brings is used', () => {
    const { set } = withOwnSet(true).resolved().calibration;
    expect(set).toMatchObject({ name: "the model's own", pictures: [], texts: [], conversations });
  });

  it('of a person’s pictures comes with what the model brings to be checked on', () => {
    const { resolved } = withOwnSet(true);
    const pictures = temporaryFolder();
    copyFileSync(loadBuiltInCalibration().pictures[0]?.path ?? '', join(pictures, 'mine.png'));
    const { set } = resolved({ calibrationFolder: pictures }).calibration;
    expect(set.pictures.map(({ path }) => path)).toEqual([join(pictures, 'mine.png')]);
    expect(set.conversations).toEqual(conversations);
  });

  it('that the model names and that isn’t there is a clear error', () => {
    const { modelPath, folder, resolved } = withOwnSet(false);
    const error = thrown(resolved);
    expect(error.code).toBe('NO_CALIBRATION');
    expect(error.message).toContain(sidecarPath(modelPath));
    expect(error.advice).toContain(folder);
  });
});

// what earlier versions kept on this machine is found by it
it('the key of a calibration is what it always was', () => {
  const set = { id: 'built-in', name: '', pictures: [], texts: [], conversations: [] };
  const calibration = { set, alpha: 0.5, seed: 1, clusters: 100, tokens: 32_768, through: 'auto' as const };
  const pictures = { calibration, imageLimits: { minTokens: 4, maxTokens: 3072 } };
  expect(calibrationKey({ visionSha256: 'b'.repeat(64), request: pictures }, 'source')).toBe(
    '97c44e7a5f74cde9',
  );
  const other = { ...calibration, alpha: 0.25, seed: 7, tokens: 3000 };
  const text = { calibration: other, imageLimits: { minTokens: 4, maxTokens: 64 } };
  const ofText = { visionSha256: undefined, request: text };
  expect(calibrationKey(ofText, 'source')).toBe('36f90a17cad885b3');
  expect(calibrationKey(ofText, 'q8_0')).not.toBe('36f90a17cad885b3');
});

it('the key of a calibration knows neither budget nor context', () => {
  const { resolved } = small();
  const keys = [{}, { budgetBytes: GiB }, { contextTokens: 2048 }, { lowLayers: 1 }].map((asked) =>
    calibrationKey({ visionSha256: undefined, request: resolved(asked) }, 'source'),
  );
  expect(new Set(keys).size).toBe(1);
});

it('what was asked is looked at where it is resolved, and nowhere behind', () => {
  const doors = ['fit/context.ts', 'fit/fit.ts', 'fit/preview.ts', 'fit/request.ts'];
  const sources = join(import.meta.dirname, '..', '..', '..', 'src-main');
  const looking = ['fit', 'compare'].flatMap((folder) =>
    readdirSync(join(sources, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .filter((name) => name.endsWith('.ts'))
      .filter((name) => /\bFitRequest\b/.test(readFileSync(join(sources, name), 'utf8'))),
  );
  expect(looking.sort()).toEqual(doors);
});
