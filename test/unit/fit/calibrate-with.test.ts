import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CalibratedWith, CalibrateWith } from '../../../src-main/contract/fit-request.ts';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { chooseCalibratedWith, copyNeeds } from '../../../src-main/fit/calibrate-with.ts';
import { calibrationKey, foundCalibrations, summaryPath } from '../../../src-main/fit/kept-calibration.ts';
import { recordedSourcePath } from '../../../src-main/fit/kept-calibration.ts';
import { openWorkspace } from '../../../src-main/fit/workspace.ts';
import { tensorBytes, tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { calibrationFiles } from '../../../src-main/luq/calibrate/calibrate.ts';
import { copyTypes } from '../../../src-main/luq/calibrate/source-copy.ts';
import { plannerOf } from '../../helpers/planners.ts';
import { ggufTensor } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const [F16, F32, Q8_0] = [tensorTypeId('F16'), tensorTypeId('F32'), tensorTypeId('Q8_0')];
const tensors = [
  { name: 'token_embd.weight', shape: [512, 100], type: 'F16' },
  { name: 'blk.0.attn_norm.weight', shape: [512], type: 'F32' },
  { name: 'blk.0.attn_q.weight', shape: [512, 512], type: 'F16' },
  { name: 'blk.0.ffn_down.weight', shape: [2048, 512], type: 'F16' },
  { name: 'blk.1.attn_q.weight', shape: [512, 512], type: 'Q4_K' },
  { name: 'output.weight', shape: [512, 100], type: 'F16' },
].map(ggufTensor);
/** As llama.cpp's rules for Q8_0: every matrix. */
const mixture = new Map(tensors.map(({ name, type, shape }) => [name, shape.length > 1 ? Q8_0 : type]));

interface Machine {
  /** weights of each type that are multiplied in a second, with one token */
  readonly speeds?: Readonly<Record<number, number>>;
  readonly freeBytes?: number;
}

function choosing(asked: { through?: CalibrateWith; tokens?: number } = {}, machine: Machine = {}) {
  const { speeds = { [F16]: 1e9, [Q8_0]: 2e9 }, freeBytes = 1e12 } = machine;
  const timed: number[] = [];
  const addon = {
    AbortFlag: class {
      set() {
        return undefined;
      }
    },
    loadedWeight: () => ({ bytes: 0, rearranged: false }),
    probeProduct: ({ type, columns, rows, tokens = 1 }: Parameters<Addon['probeProduct']>[0]) => {
      timed.push(type);
      const bytes = tensorBytes(type, columns, columns * rows) ?? 0;
      return Promise.resolve(((speeds[type] ?? 1) / (columns * rows * tokens)) * bytes);
    },
  } as unknown as Addon;
  const set = { id: 'built-in', name: '', pictures: [], texts: [], conversations: [] };
  const numbers = { alpha: 0.5, seed: 1, clusters: 100, tokens: 1e9, through: 'auto' as const };
  const calibration = { set, ...numbers, ...asked };
  const request = { calibration, imageLimits: { minTokens: 4, maxTokens: 64 }, threads: 1 };
  const of = { visionSha256: undefined, request };
  const workspace = openWorkspace(temporaryFolder(), 'a'.repeat(64));
  const context = {
    ...{ addon, request, planner: plannerOf(tensors, { mixtureOf: () => mixture }), signal: undefined },
    source: { text: { gguf: { tensors }, weightType: 'F16' } },
  } as unknown as Parameters<typeof chooseCalibratedWith>[0];
  return {
    ...{ timed, of, workspace, context },
    folder: (calibratedWith: CalibratedWith) => workspace.calibration(calibrationKey(of, calibratedWith)),
    choose: () => chooseCalibratedWith(context, workspace, of, () => freeBytes),
  };
}

function begin(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(calibrationFiles(folder).state, '{}');
}

function end(folder: string): void {
  begin(folder);
  const summary = { sequences: 1, tokens: 1, imageTokens: 0, sampledTokens: 1, entropies: [] };
  writeFileSync(summaryPath(folder, 100), JSON.stringify(summary));
  writeFileSync(recordedSourcePath(folder), '');
}

describe('the copy', () => {
  it('has every unquantized matrix in Q8_0 but the embeddings, and all else as it is', () => {
    expect([...copyTypes(tensors, mixture)]).toEqual([
      ['blk.0.attn_norm.weight', F32],
      ['blk.0.attn_q.weight', Q8_0],
      ['blk.0.ffn_down.weight', Q8_0],
      ['output.weight', Q8_0],
    ]);
  });

  it('stays pages of its file where it has no room in memory', () => {
    const { context } = choosing();
    const { bytes } = copyNeeds(context, 1e9);
    expect(copyNeeds(context, bytes).mapped).toBe(false);
    expect(copyNeeds(context, bytes - 1).mapped).toBe(true);
  });
});

describe('what is calibrated with', () => {
  it('is the copy where its products are faster by more than making it takes', async () => {
    const { choose } = choosing();
    const { calibratedWith, gain, notes } = await choose();
    expect(calibratedWith).toBe('q8_0');
    expect(gain).toBeCloseTo(2, 1);
    expect(notes).toEqual([]);
  });

  it('is the source where the copy is hardly faster, or slower', async () => {
    for (const speed of [1.1e9, 0.5e9]) {
      const { choose } = choosing({}, { speeds: { [F16]: 1e9, [Q8_0]: speed } });
      expect((await choose()).calibratedWith).toBe('source');
    }
  });

  it('is the source where making the copy takes what it saves', async () => {
    // as for few tokens of a quick machine
    const fast = { speeds: { [F16]: 1e15, [Q8_0]: 1e18 } };
    expect((await choosing({ tokens: 1e7 }, fast).choose()).calibratedWith).toBe('source');
  });

  it('is the source of a small model, and no time is spent on finding out', async () => {
    const { choose, timed } = choosing({ tokens: 32_768 });
    expect((await choose()).calibratedWith).toBe('source');
    expect(timed).toEqual([]);
  });

  it('is the source where the disk has no room for the copy, which is said', async () => {
    const { choose } = choosing({}, { freeBytes: 1e9 });
    const { calibratedWith, notes } = await choose();
    expect(calibratedWith).toBe('source');
    expect(notes).toEqual([
      expect.stringMatching(/faster through a copy of the source, which needs .* free/),
    ]);
  });

  it('is what was asked for, without timing anything', async () => {
    for (const through of ['source', 'q8_0'] as const) {
      const { choose, timed } = choosing({ through });
      expect((await choose()).calibratedWith).toBe(through);
      expect(timed).toEqual([]);
    }
  });

  it('is what a finished calibration was made with, whatever would be faster now', async () => {
    for (const made of ['source', 'q8_0'] as const) {
      const { choose, timed, folder } = choosing();
      begin(folder(made === 'source' ? 'q8_0' : 'source'));
      end(folder(made));
      expect((await choose()).calibratedWith).toBe(made);
      expect(timed).toEqual([]);
    }
  });

  it('goes on as a stopped calibration began, and begins anew where the disk has no room for that', async () => {
    for (const made of ['source', 'q8_0'] as const) {
      const { choose, timed, folder } = choosing();
      begin(folder(made));
      expect((await choose()).calibratedWith).toBe(made);
      expect(timed).toEqual([]);
    }
    const { choose, folder } = choosing({}, { freeBytes: 1e9 });
    begin(folder('q8_0'));
    expect(await choose()).toMatchObject({ calibratedWith: 'source', notes: [expect.anything()] });
  });
});

it('a calibration that was made otherwise than asked for is not taken', () => {
  const { of, workspace, folder } = choosing({ through: 'source' });
  end(folder('q8_0'));
  expect(foundCalibrations(workspace, of)).toEqual({ finished: [], begun: [] });
});
