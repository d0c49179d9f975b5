import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './report.mjs';

// what npm ci unpacks (node-llama-cpp's GPU packages are most of it), the source of llama.cpp and the build
const NEEDED_BYTES = 3e9;

function wantedStamp(folder) {
  return createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
}

function checkDisk(folder, neededBytes) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < neededBytes) {
    const gigabytes = (bytes) => (bytes / 1e9).toFixed(1);
    throw new SetupError(
      `set-up needs ${gigabytes(neededBytes)} GB of disk and ${folder} has ${gigabytes(bavail * bsize)} GB free.`,
    );
  }
}

/** Installs exactly what package-lock.json says, unless that is what is installed. */
export async function ensureDependencies(folder = root, neededBytes = NEEDED_BYTES) {
  const stampFile = join(folder, 'node_modules', '.snug-dependencies');
  const wanted = wantedStamp(folder);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  checkDisk(folder, neededBytes);
  console.error('Installing dependencies (npm ci, about 1.2 GB with every GPU variant of llama.cpp) …');
  const result = await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder });
  if (result.missing) {
    throw new SetupError('npm was not found; it comes with Node.', {
      debian: 'sudo apt install npm',
      mac: 'brew install node',
      windows: 'winget install OpenJS.NodeJS.LTS',
    });
  }
  if (result.code !== 0) {
    const tail = result.output
      .split('\n')
      .filter((line) => /\S/.test(line.replace('npm error', '')))
      .slice(0, 15)
      .join('\n');
    const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(result.output);
    throw new SetupError(
      offline
        ? `the npm registry could not be reached. Set-up needs it once; after that Snug works offline.\n${tail}`
        : `npm ci failed:\n${tail}`,
    );
  }
  writeFileSync(stampFile, wanted);
}
