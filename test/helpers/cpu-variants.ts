import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cpuVariants } from '../../src-main/engine/build.ts';

const root = join(import.meta.dirname, '..', '..');
const script = join(root, 'test', 'fixtures', 'load-in-child.ts');

/** What results were recorded with: every x64 processor since 2013 with AVX2 runs it, and it computes the same on all of them. */
const RECORDED_VARIANT = 'haswell';

/** llama.cpp's CPU variants that run on this processor; none before the addon is built or where the package has one build for all. */
export function runnableVariants(among: readonly string[] = shippedVariants()): string[] {
  return among.filter((variant) => {
    const env = { ...process.env, SNUG_CPU_VARIANT: variant };
    return spawnSync(process.execPath, [script], { env, stdio: 'ignore' }).status === 0;
  });
}

/** The variant that recorded results are compared with, where it runs; else undefined, which is the best one. */
export function recordedVariant(): string | undefined {
  const shipped = shippedVariants().filter((variant) => variant === RECORDED_VARIANT);
  return runnableVariants(shipped)[0];
}

function shippedVariants(): string[] {
  return existsSync(join(root, 'native', 'build', 'libraries.json')) ? cpuVariants() : [];
}
