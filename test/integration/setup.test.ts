import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// Set-up on machines that lack something: a PATH with only the tools of each case.

const root = join(import.meta.dirname, '..', '..');
const folder = sharedFolder();

function findTool(name: string): string {
  for (const part of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = spawnSync('test', ['-x', join(part, name)]);
    if (found.status === 0) return join(part, name);
  }
  throw new Error(`${name} is not on the path`);
}

/** A folder for PATH with some of this machine's tools and some made-up ones (name → shell script). */
function pathWith(name: string, real: string[], fake: Record<string, string> = {}): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const tool of real) symlinkSync(findTool(tool), join(path, tool));
  for (const [tool, script] of Object.entries(fake)) {
    writeFileSync(join(path, tool), `#!/bin/sh\n${script}\n`);
    chmodSync(join(path, tool), 0o755);
  }
  return path;
}

/** Calls something of scripts/setup with a folder as the whole PATH; what it prints, or the error as set-up prints it. */
function setUp(path: string, module: string, call: string): string {
  const url = pathToFileURL(join(root, 'scripts', 'setup', module)).href;
  const script = `
    const setup = await import(${JSON.stringify(url)});
    try {
      await setup.${call};
      console.log('done');
    } catch (error) {
      if (!error.advice) throw error;
      console.log(error.message + error.advice());
    }`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: path },
    encoding: 'utf8',
  });
  return result.stdout + result.stderr;
}

/** Installs dependencies into an empty folder. */
function install(path: string, neededBytes: number): string {
  writeFileSync(join(path, 'package-lock.json'), '{}');
  return setUp(path, 'dependencies.mjs', `ensureDependencies(${JSON.stringify(path)}, ${neededBytes})`);
}

/** Builds the addon into an empty folder. */
function build(path: string): string {
  return setUp(path, 'addon.mjs', `buildNative(${JSON.stringify(join(path, 'build'))}, 'Building')`);
}

describe.runIf(platform() !== 'win32')('set-up', () => {
  it('offline says that the registry was not reached, once is enough, and what npm said', () => {
    const npm =
      "echo 'npm error code ENOTFOUND' >&2; echo 'npm error network getaddrinfo ENOTFOUND' >&2; exit 1";
    const said = install(pathWith('offline', ['sh'], { npm }), 1);
    expect(said).toContain('the npm registry could not be reached');
    expect(said).toContain('after that Snug works offline');
    expect(said).toContain('getaddrinfo');
  });

  it('on a disk that is too full says so before anything is downloaded', () => {
    const said = install(pathWith('full', ['sh'], { npm: 'echo downloading' }), 1e15);
    expect(said).toMatch(/set-up needs 1000000\.0 GB of disk and .* has [\d.]+ GB free/);
    expect(said).not.toContain('downloading');
  });

  it('without npm says where it comes from on each system', () => {
    const said = install(pathWith('no-npm', []), 1);
    for (const way of ['apt install npm', 'brew install node', 'winget install']) expect(said).toContain(way);
  });

  it('installs once: the second time nothing is asked of npm', () => {
    const path = pathWith('twice', ['sh', 'mkdir'], { npm: 'mkdir -p node_modules' });
    expect(install(path, 1)).toContain('done');
    rmSync(join(path, 'npm'));
    expect(install(path, 1)).toContain('done');
  });

  it('without CMake names it and the command for each system', () => {
    const said = build(pathWith('no-cmake', []));
    expect(said).toContain('CMake was not found');
    expect(said).toContain('sudo apt install cmake');
    expect(said).toContain('brew install cmake');
    expect(said).toContain('winget install Kitware.CMake');
  });

  it('with an old CMake says which version is needed', () => {
    const said = build(pathWith('old-cmake', [], { cmake: 'echo "cmake version 3.16.3"' }));
    expect(said).toContain('CMake 3.16 is too old; 3.20 or newer is needed');
  });

  it('without a compiler says so and not what CMake printed', () => {
    const said = build(pathWith('no-compiler', ['cmake'], { ninja: 'echo 1.11' }));
    expect(said).toContain('no C++ compiler was found');
    expect(said).toContain('sudo apt install build-essential');
    expect(said).toContain('xcode-select --install');
  });

  it('with a failing build shows the end of what it said', () => {
    const said = build(
      pathWith('broken', [], {
        cmake:
          'case "$1" in --version) echo "cmake version 3.25.1";; *) echo "it exploded" >&2; exit 1;; esac',
      }),
    );
    expect(said).toContain('the native addon could not be built');
    expect(said).toContain('it exploded');
  });

  it('on a Node that is too old is refused with a clear line', () => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '18.19.0' }); await import(${JSON.stringify(
      pathToFileURL(join(root, 'scripts', 'setup.mjs')).href,
    )});`;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('Node 18.19.0 is too old; Snug needs 20.19 or newer');
  });
});
