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

/** What the program that multiplies with sanitizers prints on a processor that QEMU knows by this name. Throws where it fails. */
export function checkedOnArm64(cpu: string, variant: string): string {
  const library = `node_modules/@node-llama-cpp/linux-arm64/bins/linux-arm64/libggml-cpu-${variant}.so`;
  return printed(cpu, [join(root, 'native', 'build-arm64', 'check-products'), join(root, library)], {
    // leaks are looked for with ptrace, which QEMU has not
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  });
}

/** What a script of test/fixtures prints in Node on a processor that QEMU knows by this name. Throws with what it said where it fails. */
export function printedOnArm64(
  cpu: string,
  [script, ...args]: readonly [string, ...string[]],
  environment: Record<string, string> = {},
): string {
  // set-up gets the version that the tests run in
  const node = join(root, '.cache', `node-arm64-${process.versions.node}`, 'node');
  return printed(cpu, [node, join(root, 'test', 'fixtures', script), ...args], {
    SNUG_ADDON_BUILD: 'build-arm64',
    ...environment,
  });
}

function printed(cpu: string, command: readonly string[], environment: Record<string, string>): string {
  const { status, signal, stdout, stderr } = spawnSync(QEMU, ['-cpu', cpu, ...command], {
    encoding: 'utf8',
    env: { ...process.env, QEMU_LD_PREFIX: SYSTEM, ...environment },
  });
  if (status !== 0)
    throw new Error(`${command.join(' ')} ended with ${signal ?? status} on ${cpu}: ${stdout}${stderr}`);
  return stdout;
}
