import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, llamaSource, modules } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './report.mjs';

const bundled = join(modules, 'node-llama-cpp', 'llama');

export function version(name) {
  return JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version;
}

/** The folder of this platform's llama.cpp libraries; macOS on Apple silicon has them with Metal, the rest with the CPU alone. */
export function llamaLibraries(arch = process.arch) {
  const system = { linux: 'linux', darwin: 'mac', win32: 'win' }[process.platform];
  const wanted = [`${system}-${arch}-metal`, `${system}-${arch}`];
  for (const name of wanted) {
    const folder = join(modules, '@node-llama-cpp', name, 'bins', name);
    if (existsSync(folder)) return folder;
  }
  throw new SetupError(`node-llama-cpp has no llama.cpp libraries for ${process.platform} ${arch}.`);
}

/** The release of llama.cpp that libraries and source are of. */
export function llamaRelease() {
  return JSON.parse(readFileSync(join(bundled, 'binariesGithubRelease.json'), 'utf8')).release;
}

/** The llama.cpp source that the libraries were built from, unpacked once from node-llama-cpp's bundle. */
export async function ensureLlamaSource() {
  const { tag } = JSON.parse(readFileSync(join(bundled, 'llama.cpp.info.json'), 'utf8'));
  const stamp = join(llamaSource, '.snug-tag');
  const wanted = `${tag} ${version('node-llama-cpp')}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return llamaSource;
  mkdirSync(cache, { recursive: true });
  // cloned beside and renamed: an interrupted clone is never taken for a source tree
  const fresh = `${llamaSource}.${process.pid}`;
  for (const name of readdirSync(cache).filter((name) => name.startsWith('llama.cpp'))) {
    rmSync(join(cache, name), { recursive: true, force: true });
  }
  const clone = await run('git', ['clone', '--quiet', join(bundled, 'gitRelease.bundle'), fresh]);
  if (clone.missing) {
    throw new SetupError(
      'git was not found; it unpacks the llama.cpp source that comes with node-llama-cpp.',
      {
        debian: 'sudo apt install git',
        mac: 'xcode-select --install',
        windows: 'winget install Git.Git',
      },
    );
  }
  if (clone.code !== 0) throw new SetupError(`the llama.cpp source could not be unpacked:\n${clone.output}`);
  writeFileSync(join(fresh, '.snug-tag'), wanted);
  renameSync(fresh, llamaSource);
  return llamaSource;
}
