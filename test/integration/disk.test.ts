import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SnugError } from '../../src-main/contract/errors.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { callNative, useNative } from '../../src-main/engine/native-calls.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';
import { shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { openDemo } from '../helpers/open-demo.ts';
import { openToOthers } from '../helpers/open-to-others.ts';

// Real full and read-only disks: small file systems in memory, where this system lets the test mount them.

const folder = mkdtempSync(join(tmpdir(), 'snug-disk-'));
const request = {
  modelPath: shortModel,
  mmprojPath: shortMmproj,
  lowLayers: 0,
  calibrationTokens: 3000,
  clusters: 10,
  home: join(folder, 'home'),
};

function mount(name: string, options: string): string | undefined {
  const path = join(folder, name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
    return path;
  } catch {
    return undefined;
  }
}

const small = mount('small', 'size=1m');
const readOnly = mount('read-only', 'size=1m,ro');

afterAll(() => {
  for (const path of [small, readOnly]) if (path) execFileSync('umount', [path]);
  rmSync(folder, { recursive: true, force: true });
});

async function failure(work: Promise<unknown>): Promise<SnugError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SnugError);
  return error as SnugError;
}

// mounting needs the rights of an administrator; without them the two tests are shown as skipped
describe('an output', () => {
  it.runIf(small !== undefined)(
    'on a full disk is refused with what it needs, and leaves nothing',
    async () => {
      const error = await failure(fit({ ...request, output: join(small ?? '', 'out.gguf') }, {}));
      expect(error.code).toBe('DISK_FULL');
      expect(error.message).toMatch(/MiB/);
      expect(error.advice).toMatch(/try again/);
      expect(readdirSync(small ?? '')).toEqual([]);
    },
  );

  it.runIf(readOnly !== undefined)('on a read-only disk is refused before any work', async () => {
    const error = await failure(fit({ ...request, output: join(readOnly ?? '', 'out.gguf') }, {}));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain('read-only');
  });

  it.runIf(small !== undefined)('fits after all when the same command runs with room', async () => {
    const fitted = await fit({ ...request, output: join(folder, 'out.gguf') }, {});
    expect(fitted.calibration.reused).toBe(true);
    // a place of the person's own choice: their umask says who may read it
    expect(statSync(join(folder, 'out.gguf')).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(openToOthers(request.home)).toEqual([]);
  });
});

describe('native code on a full disk', () => {
  const ROWS = 8192;
  const COLUMNS = 256;

  it.runIf(small !== undefined)('says so of weights that it quantizes', async () => {
    const { addon } = loadAddon();
    const source = join(folder, 'source.f32');
    writeFileSync(source, new Uint8Array(ROWS * COLUMNS * 4));
    const target = join(small ?? '', 'target');
    const task = {
      ...{ sourcePath: source, sourceOffset: 0, sourceType: tensorTypeId('F32') },
      ...{ targetPath: target, targetType: tensorTypeId('Q8_0'), columns: COLUMNS, rows: ROWS, threads: 2 },
    };
    const error = await failure(callNative(addon.quantizeTensor(task)));
    rmSync(target);
    expect(error).toMatchObject({
      code: 'DISK_FULL',
      message: `the disk is full: ${target} could not be written`,
    });
    expect(error.advice).toContain('resumes where it stopped');
  });

  it.runIf(small !== undefined)('says so of the layer outputs that it gathers', async () => {
    const { addon } = loadAddon();
    using model = await openDemo();
    using inUse = useNative(
      () => new addon.Evaluator(model, { batchTokens: 64, sequences: 1, threads: 1, tap: true }),
    );
    const filler = join(small ?? '', 'filler');
    writeFileSync(filler, new Uint8Array(1_000_000));
    const samplePath = join(small ?? '', 'sample');
    const slotsPerLayer = 2 ** 20;
    const run = inUse.native.run({
      ...{
        sequences: [{ tokens: Int32Array.from({ length: 64 }, (_, i) => i + 1) }],
        samplePath,
        slotsPerLayer,
      },
      // far apart: each takes a page of the disk
      sampleSlots: Int32Array.from({ length: 64 }, (_, i) => i * 1000),
    });
    const error = await failure(callNative(run));
    rmSync(samplePath);
    rmSync(filler);
    expect(error).toMatchObject({
      code: 'DISK_FULL',
      message: `the disk is full: ${samplePath} could not be written`,
    });
  });
});

describe('a work folder on a full disk', () => {
  it.runIf(small !== undefined)('is refused with the amount that calibration needs', async () => {
    const error = await failure(fit({ ...request, home: join(small ?? '', 'home') }, {}));
    expect(error.code).toBe('DISK_FULL');
  });
});
