// Makes a fresh clone ready: dependencies, then the native addon, with --tests also a browser,
// with --sanitized also the addon built with sanitizers, with --arm64 also one for ARM and the Node to run it in. Quick when nothing changed. Plain JavaScript without
// dependencies, because it runs on whatever Node the machine has, before anything is installed.
import { ensureAddon, ensureSanitizedAddon } from './setup/addon.mjs';
import { ensureArm64 } from './setup/arm64.mjs';
import { ensureBrowser } from './setup/browser.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { SetupError } from './setup/report.mjs';

const OLDEST_NODE = [20, 19];

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new SetupError(
      `Node ${process.versions.node} is too old; Snug needs ${OLDEST_NODE.join('.')} or newer.`,
      {
        debian: 'see https://nodejs.org/en/download for current packages',
        mac: 'brew install node',
        windows: 'winget install OpenJS.NodeJS.LTS',
      },
    );
  }
}

try {
  checkNode();
  await ensureDependencies();
  await ensureAddon();
  if (process.argv.includes('--tests')) await ensureBrowser();
  if (process.argv.includes('--sanitized')) await ensureSanitizedAddon();
  if (process.argv.includes('--arm64')) await ensureArm64();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\nSet-up stopped: ${error.message}${error.advice()}`);
  process.exit(1);
}
