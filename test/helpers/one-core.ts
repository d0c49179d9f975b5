import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, platform } from 'node:os';

/**
 * Two files at a time are quick only while neither's model uses the other's core: ggml's threads wait for each other by spinning. So each
 * worker of the tests, and every process it starts, has a core of its own; Snug then computes with one thread.
 */
const TASKSET = '/usr/bin/taskset';
const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
if (platform() === 'linux' && existsSync(TASKSET) && availableParallelism() > 1) {
  // workers of one run have one parent; another run beside it begins at another core, most times
  const core = (worker - 1 + process.ppid) % availableParallelism();
  execFileSync(TASKSET, ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)], {
    stdio: 'ignore',
  });
}
