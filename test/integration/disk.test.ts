import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SnugError } from '../../src-main/contract/errors.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { openToOthers } from '../helpers/open-to-others.ts';

// Real full and read-only disks: small file systems in memory, where this system lets the test mount them.

const resources = join(import.meta.dirname, '..', '..', 'resources', 'demo-model');
const folder = mkdtempSync(join(tmpdir(), 'snug-disk-'));
const request = {
  modelPath: join(resources, 'demo-vl-f16.gguf'),
  mmprojPath: join(resources, 'mmproj-demo-vl-f16.gguf'),
  lowLayers: 0,
  calibrationTokens: 3000,
  clusters: 50,
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

describe('a work folder on a full disk', () => {
  it.runIf(small !== undefined)('is refused with the amount that calibration needs', async () => {
    const error = await failure(fit({ ...request, home: join(small ?? '', 'home') }, {}));
    expect(error.code).toBe('DISK_FULL');
  });
});
