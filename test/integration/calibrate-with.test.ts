import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { Progress } from '../../src-main/contract/progress.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { calibrateSource, type Calibrated } from '../../src-main/fit/calibration.ts';
import { identify, openContext } from '../../src-main/fit/context.ts';
import { openWorkspace } from '../../src-main/fit/workspace.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { meanSquares } from '../../src-main/gguf/imatrix.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { copyTypes, writeSourceCopy } from '../../src-main/luq/calibrate/source-copy.ts';
import { mixtureOf } from '../../src-main/luq/plan/mixture.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import { openMetadata } from '../../src-main/models/open-model.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';
import { rejected } from '../helpers/thrown.ts';

// Calibrating through a copy of the source in Q8_0.

const { addon } = loadAddon();
const folder = sharedFolder();
const home = join(folder, 'home');
const Q8_0 = tensorTypeId('Q8_0');

interface Calibration {
  readonly calibrated: Calibrated;
  readonly stages: ReadonlySet<string>;
  readonly copy: string;
}

async function calibration(
  asked: Partial<FitRequest>,
  onProgress?: (progress: Progress, copy: string) => void,
  signal?: AbortSignal,
): Promise<Calibration> {
  const stages = new Set<string>();
  let copy = '';
  const request = {
    ...{ modelPath: shortModel, mmprojPath: shortMmproj, home, threads: 1 },
    ...{ calibrationTokens: 2500, clusters: 10, plan: 'luq' as const },
    ...asked,
  };
  using read = await openContext(request, {
    signal,
    onProgress: (progress) => {
      stages.add(progress.stage);
      onProgress?.(progress, copy);
    },
  });
  const context = await identify(read);
  copy = context.workspace.copy;
  return { calibrated: await calibrateSource(context), stages, copy };
}

/** Mean over tensors of how much the importance of their columns differs, relative to their mean. */
function differenceOf(a: Calibrated, b: Calibrated): number {
  const differences = [...a.imatrix.entries].map(([name, entry]) => {
    const other = b.imatrix.entries.get(name);
    if (!other) throw new Error(`${name} is missing`);
    const [one, two] = [meanSquares(entry), meanSquares(other)];
    const sum = one.reduce((whole, value) => whole + value, 0);
    return one.reduce((whole, value, i) => whole + Math.abs(value - (two[i] ?? 0)), 0) / sum;
  });
  return differences.reduce((sum, value) => sum + value, 0) / differences.length;
}

describe('calibrating', () => {
  let source: Calibration;
  let quick: Calibration;
  beforeAll(async () => {
    source = await calibration({ calibrateWith: 'source' });
    quick = await calibration({ calibrateWith: 'q8_0' });
  });

  it('through the copy says so, makes it and drops it', () => {
    expect(quick.calibrated.report).toMatchObject({ calibratedWith: 'q8_0', reused: false });
    expect(quick.stages).toContain('convert');
    expect(existsSync(quick.copy)).toBe(false);
    expect(source.calibrated.report.calibratedWith).toBe('source');
    expect(source.stages).not.toContain('convert');
  });

  it('through the copy changes the importance matrix and entropies by less than other sequences do', async () => {
    const other = await calibration({ calibrateWith: 'source', seed: 2 });
    const changed = differenceOf(source.calibrated, quick.calibrated);
    expect(changed).toBeGreaterThan(0);
    expect(changed).toBeLessThan(0.2 * differenceOf(source.calibrated, other.calibrated));
    for (const [layer, { both, standardError }] of source.calibrated.entropies.entries()) {
      const moved = Math.abs((quick.calibrated.entropies[layer]?.both ?? 0) - both);
      expect(moved).toBeLessThan(2 * Math.SQRT2 * (standardError ?? 0));
    }
  });

  it('leaves what the source says at held-out positions to the source itself', () => {
    expect(
      readFileSync(quick.calibrated.recordedSource).equals(readFileSync(source.calibrated.recordedSource)),
    ).toBe(true);
  });

  it('by itself takes a finished one, whichever it is', async () => {
    const again = await calibration({});
    expect(again.calibrated.report).toMatchObject({ calibratedWith: 'source', reused: true });
    expect(again.stages).not.toContain('calibrate');
  });

  it('drops a copy that a killed run left, also where it needs none', async () => {
    writeFileSync(quick.copy, 'half a copy');
    await calibration({});
    expect(existsSync(quick.copy)).toBe(false);
  });

  it('that is stopped drops the copy, and goes on where it was with a new one', async () => {
    const asked = { calibrateWith: 'q8_0', seed: 3 } as const;
    const stop = new AbortController();
    let seen = false;
    const stopped = calibration(
      asked,
      ({ stage, done }, copy) => {
        if (stage !== 'calibrate' || done === 0) return;
        seen = existsSync(copy);
        stop.abort();
      },
      stop.signal,
    );
    expect(await rejected(stopped)).toMatchObject({ code: 'CANCELLED' });
    expect(seen).toBe(true);
    expect(existsSync(quick.copy)).toBe(false);
    let first: number | undefined;
    const again = new AbortController();
    const resumed = calibration(
      asked,
      ({ stage, done }, copy) => {
        if (stage !== 'calibrate') return;
        first ??= existsSync(copy) ? done : 0;
        again.abort();
      },
      again.signal,
    );
    expect(await rejected(resumed)).toMatchObject({ code: 'CANCELLED' });
    expect(first).toBeGreaterThan(0);
  });

  it('that is stopped while the copy is made leaves none', async () => {
    const stop = new AbortController();
    const asked = { calibrateWith: 'q8_0', seed: 4 } as const;
    const stopped = calibration(asked, ({ stage }) => stage === 'convert' && stop.abort(), stop.signal);
    expect(await rejected(stopped)).toMatchObject({ code: 'CANCELLED' });
    expect(existsSync(quick.copy)).toBe(false);
  });
});

describe('a copy', () => {
  it('holds the blocks that the quantizer makes of each matrix, and the rest as it is', async () => {
    const { gguf } = readTextModel(shortModel);
    using metadata = await openMetadata(addon, shortModel);
    const types = copyTypes(gguf.tensors, mixtureOf(addon, metadata, gguf.tensors, 'Q8_0'));
    const output = join(folder, 'copy.gguf');
    await writeSourceCopy({ addon, source: gguf, types, output, threads: 2 });
    const bytes = readFileSync(output);
    const original = readFileSync(shortModel);
    const blocks = join(folder, 'blocks');
    const copied = readGguf(output);
    expect(copied.tensors.map(({ name }) => name)).toEqual(gguf.tensors.map(({ name }) => name));
    expect(new Set(copied.tensors.map(({ type }) => type))).toContain(Q8_0);
    for (const [i, tensor] of gguf.tensors.entries()) {
      const found = copied.tensors[i];
      if (!found) throw new Error(`${tensor.name} is missing`);
      let expected = original.subarray(tensor.offset, tensor.offset + tensor.bytes);
      if (found.type === Q8_0) {
        rmSync(blocks, { force: true });
        writeFileSync(blocks, '');
        const [columns = 0] = tensor.shape;
        await addon.quantizeTensor({
          ...{ sourcePath: tensor.path, sourceOffset: tensor.offset, sourceType: tensor.type },
          ...{ targetPath: blocks, targetType: Q8_0, columns, rows: tensor.elements / columns, threads: 1 },
        });
        expected = readFileSync(blocks);
      }
      expect(bytes.subarray(found.offset, found.offset + found.bytes).equals(expected), tensor.name).toBe(
        true,
      );
    }
  });

  it('of a source with a value that is no number names its tensor, and is taken away', async () => {
    const { gguf } = readTextModel(shortModel);
    const path = join(folder, 'broken.gguf');
    const bytes = readFileSync(shortModel);
    const broken = gguf.tensors.find(({ name }) => name === 'blk.1.ffn_down.weight');
    if (!broken) throw new Error('no such tensor');
    bytes.writeUInt16LE(0x7e00, broken.offset + 64);
    writeFileSync(path, bytes);
    const output = join(folder, 'copy-of-broken.gguf');
    const source = readGguf(path);
    const types = new Map([[broken.name, Q8_0]]);
    const error = await rejected(writeSourceCopy({ addon, source, types, output, threads: 1 }));
    expect(error).toMatchObject({
      code: 'INCOHERENT',
      message: expect.stringContaining(broken.name) as string,
    });
    expect(existsSync(output)).toBe(false);
  });

  it('is in a folder of its source, as long as the workspace is', () => {
    const workspace = openWorkspace(join(folder, 'other'), 'b'.repeat(64));
    expect(workspace.copy.startsWith(workspace.folder)).toBe(true);
  });
});
