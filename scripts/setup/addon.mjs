import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { ensureLlamaSource, llamaLibraries, llamaRelease, version } from './llama.mjs';
import { addonBuild, arm64Build, modules, root, sanitizedBuild } from './paths.mjs';
import { run } from './processes.mjs';
import { ProgressLine, SetupError } from './report.mjs';

const OLDEST_CMAKE = [3, 20];
const CMAKE = {
  debian: 'sudo apt install cmake',
  mac: 'brew install cmake',
  windows: 'winget install Kitware.CMake',
};
const COMPILER = {
  debian: 'sudo apt install build-essential',
  mac: 'xcode-select --install',
  windows:
    'winget install Microsoft.VisualStudio.2022.BuildTools (with the workload "Desktop development with C++")',
};

function nativeSources(folder = join(root, 'native')) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return [addonBuild, arm64Build, sanitizedBuild].includes(path) ? [] : nativeSources(path);
      return [path];
    });
}

function wantedStamp() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${root}`);
  for (const name of ['node-llama-cpp', 'node-api-headers', 'node-addon-api'])
    hash.update(`${name} ${version(name)}\n`);
  for (const path of nativeSources()) hash.update(path.slice(root.length)).update(readFileSync(path));
  return hash.digest('hex');
}

async function checkCMake() {
  const result = await run('cmake', ['--version']);
  if (result.missing) throw new SetupError('CMake was not found; it builds the native addon.', CMAKE);
  const found = /version (\d+)\.(\d+)/.exec(result.output);
  const [major, minor] = found ? [Number(found[1]), Number(found[2])] : [0, 0];
  if (major < OLDEST_CMAKE[0] || (major === OLDEST_CMAKE[0] && minor < OLDEST_CMAKE[1])) {
    throw new SetupError(
      `CMake ${major}.${minor} is too old; ${OLDEST_CMAKE.join('.')} or newer is needed.`,
      CMAKE,
    );
  }
}

function explainBuildFailure(output) {
  const tail = output.trim().split('\n').slice(-20).join('\n');
  if (
    /No CMAKE_CXX_COMPILER could be found|could not find any instance of Visual Studio|xcrun: error/i.test(
      output,
    )
  ) {
    return new SetupError('no C++ compiler was found; it builds the native addon.', COMPILER);
  }
  if (/No space left on device/i.test(output)) return new SetupError(`the disk is full:\n${tail}`);
  return new SetupError(`the native addon could not be built:\n${tail}`, COMPILER);
}

/** CMake's arguments for native/; the comparison tools in bench/ are built with the same ones. */
async function cmakeArguments(buildFolder, extra = []) {
  const generator =
    (await run('ninja', ['--version'])).missing || process.platform === 'win32' ? [] : ['-G', 'Ninja'];
  return [
    '-S',
    join(root, 'native'),
    '-B',
    buildFolder,
    ...generator,
    '-DCMAKE_BUILD_TYPE=Release',
    `-DSNUG_LLAMA_SOURCE=${await ensureLlamaSource()}`,
    `-DSNUG_LLAMA_LIBRARIES=${llamaLibraries()}`,
    `-DSNUG_NODE_HEADERS=${join(modules, 'node-api-headers')}`,
    `-DSNUG_NODE_ADDON_API=${join(modules, 'node-addon-api')}`,
    ...extra,
  ];
}

/**
 * Configures and builds with a progress line; throws SetupError with the reason and what mends it.
 * @public test/integration/setup.test.ts gives it a folder and a PATH of its own
 */
export async function buildNative(buildFolder, label, extra = []) {
  await checkCMake();
  let configured = await run('cmake', await cmakeArguments(buildFolder, extra));
  if (configured.code !== 0) {
    // a folder configured by another CMake, generator or checkout cannot be reused
    rmSync(buildFolder, { recursive: true, force: true });
    configured = await run('cmake', await cmakeArguments(buildFolder, extra));
  }
  if (configured.code !== 0) throw explainBuildFailure(configured.output);
  const progress = new ProgressLine(label);
  const jobs = String(availableParallelism());
  const built = await run('cmake', ['--build', buildFolder, '--config', 'Release', '--parallel', jobs], {
    onLine: (line) => {
      const steps = /^\[\s*(\d+)(?:\/(\d+)|%)\]/.exec(line);
      if (steps) progress.update(Number(steps[1]), Number(steps[2] ?? 100));
    },
  });
  if (built.code !== 0) throw explainBuildFailure(built.output);
  progress.end(`${label} done`);
}

/** Builds native/ unless the addon there was built from exactly these sources and versions. */
export function ensureAddon() {
  return ensureBuild(addonBuild, 'Building the native addon (a minute or two, once)');
}

/** The addon with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own: for the campaigns of test/long. */
export function ensureSanitizedAddon() {
  return ensureBuild(sanitizedBuild, 'Building the native addon with sanitizers', {
    extra: ['-DSNUG_SANITIZE=ON'],
  });
}

/** The addon for Linux on 64-bit ARM, with llama.cpp's libraries for it; a campaign of test/long runs it in QEMU. */
export function ensureArm64Addon() {
  const libraries = llamaLibraries('arm64');
  return ensureBuild(arm64Build, 'Building the native addon for ARM', {
    libraries,
    extra: [
      `-DSNUG_LLAMA_LIBRARIES=${libraries}`,
      '-DSNUG_CHECKS=ON',
      '-DCMAKE_SYSTEM_NAME=Linux',
      '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
      '-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc',
      '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
    ],
  });
}

async function ensureBuild(folder, label, { libraries = llamaLibraries(), extra = [] } = {}) {
  const addonFile = join(folder, 'snug.node');
  const stampFile = join(folder, '.snug-stamp');
  const wanted = wantedStamp();
  if (existsSync(addonFile) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) {
    noteLibraries(folder, libraries);
    return;
  }
  rmSync(stampFile, { force: true });
  await buildNative(folder, label, extra);
  if (!existsSync(addonFile))
    throw new SetupError(`the build did not leave ${addonFile}; delete ${folder} and try again.`);
  noteLibraries(folder, libraries);
  writeFileSync(stampFile, wanted);
}

/** The engine loads llama.cpp's CPU variants from the folder that the addon was linked with. */
function noteLibraries(folder, path) {
  const libraries = relative(folder, path).replaceAll('\\', '/');
  writeFileSync(join(folder, 'libraries.json'), JSON.stringify({ libraries, llamaCpp: llamaRelease() }));
}
