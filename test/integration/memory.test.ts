import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Quantizing holds a slab of rows per thread, whatever the size of the tensor. bench/quantize.ts shows the same on 2 GB.

const MiB = 2 ** 20;
const script = join(import.meta.dirname, '..', 'fixtures', 'quantize-in-child.ts');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'snug-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function growth(rows: number): number {
  return Number(execFileSync(process.execPath, [script, folder, String(rows)], { encoding: 'utf8' }));
}

// only Linux tells a process's own memory from mapped files this simply
describe.runIf(platform() === 'linux')('anonymous memory while quantizing', () => {
  it('stays under a bound that does not grow with the tensor', () => {
    const ofSixteenMiB = growth(1024);
    const ofQuarterGiB = growth(16384);
    expect(ofSixteenMiB).toBeLessThan(32 * MiB);
    expect(ofQuarterGiB).toBeLessThan(32 * MiB);
  });
});
