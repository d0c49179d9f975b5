import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

// Programs for Linux on 64-bit ARM, made with Debian's cross compiler and run by QEMU on any Linux.

const COMPILER = 'aarch64-linux-gnu-g++';
const QEMU = 'qemu-aarch64-static';
const SYSTEM = '/usr/aarch64-linux-gnu';
const root = join(import.meta.dirname, '..', '..');

function starts(tool: string): boolean {
  return spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Why no such program can be made and run here, as a clause; undefined where one can. */
export function whyNoArm64(): string | undefined {
  if (process.platform !== 'linux') return 'it runs on Linux';
  const missing = [COMPILER, QEMU].filter((tool) => !starts(tool));
  return missing.length === 0 ? undefined : `${missing.join(' and ')} is not installed`;
}

/** Builds the addon for ARM and gets a Node that runs it. Throws with what set-up said where that fails. */
export function setUpArm64(): void {
  const setup = join(root, 'scripts', 'setup.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [setup, '--arm64'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the addon could not be built for ARM: ${stdout}${stderr}`);
}

/** What a script prints in Node on a processor that QEMU knows by this name. Throws with what it said where it fails. */
export function printedOnArm64(cpu: string, script: string, environment: Record<string, string>): string {
  // set-up gets the version that the tests run in
  const node = join(root, '.cache', `node-arm64-${process.versions.node}`, 'node');
  const { status, signal, stdout, stderr } = spawnSync(QEMU, ['-cpu', cpu, node, script], {
    encoding: 'utf8',
    env: { ...process.env, QEMU_LD_PREFIX: SYSTEM, SNUG_ADDON_BUILD: 'build-arm64', ...environment },
  });
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? status} on ${cpu}: ${stderr}`);
  return stdout;
}
