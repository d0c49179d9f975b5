import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventBus } from '../../src-main/services/event-bus.ts';
import { openStore } from '../../src-main/store/database.ts';
import { leaksSince, openThings } from '../helpers/leaks.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const LINUX = process.platform === 'linux';

/** What is found of something that was begun, and that nothing of it is left once it was ended. */
async function foundOf(begin: () => Promise<() => unknown> | (() => unknown)): Promise<readonly string[]> {
  const before = openThings();
  const end = await begin();
  const found = await leaksSince(before, 0);
  await end();
  expect(await leaksSince(before, 5_000)).toEqual([]);
  return found;
}

function plantedListener(): void {
  // hears nothing
}

describe('what a test file leaves open is found:', () => {
  it('a timer', async () => {
    const found = await foundOf(() => {
      const timer = setTimeout(() => undefined, 60_000);
      return () => clearTimeout(timer);
    });
    expect(found).toEqual(['a Timeout']);
  });

  it('a server', async () => {
    const found = await foundOf(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return () => server.close();
    });
    expect(found).toEqual(['a TCPServerWrap']);
  });

  it('a listener on the process', async () => {
    const found = await foundOf(() => {
      process.once('SIGHUP', plantedListener);
      return () => process.off('SIGHUP', plantedListener);
    });
    expect(found.join()).toContain('a listener of SIGHUP: function plantedListener()');
  });

  it('a listener on an EventBus', async () => {
    const found = await foundOf(() => {
      const listening = new EventBus().listen(plantedListener);
      return () => listening[Symbol.dispose]();
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/a listener of an EventBus, from .*leaks\.test\.ts/);
  });

  it('a process', async () => {
    const found = await foundOf(async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 60_000)'], {
        stdio: 'ignore',
      });
      await once(child, 'spawn');
      return async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      };
    });
    expect(found).toContain('a ProcessWrap');
    if (LINUX) expect(found.join()).toMatch(/a process: .*setInterval/);
  });

  it.runIf(LINUX)('a store', async () => {
    const folder = temporaryFolder();
    const found = await foundOf(() => {
      const store = openStore(folder);
      return () => store.close();
    });
    expect(found).toContain(`an open file: ${folder}/snug.db`);
    expect(found).toContain(`an open file: ${folder}/snug.db.lock`);
  });

  it('and as often as it is there', async () => {
    const found = await foundOf(() => {
      const timers = [1, 2, 3].map(() => setTimeout(() => undefined, 60_000));
      return () => timers.forEach((timer) => clearTimeout(timer));
    });
    expect(found).toEqual(['a Timeout', 'a Timeout', 'a Timeout']);
  });
});

it('a file that leaves something open fails, though its tests pass', async () => {
  const root = join(import.meta.dirname, '..', '..');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const config = join(root, 'test', 'fixtures', 'leaking', 'vitest.config.ts');
  const env = { PATH: process.env['PATH'], NO_COLOR: '1' };
  const [code, said] = await new Promise<[unknown, string]>((resolve) => {
    execFile(process.execPath, [vitest, 'run', '--config', config], { env }, (error, stdout, stderr) =>
      resolve([error?.code ?? 0, stdout + stderr]),
    );
  });
  expect(said).toContain('these are still open:');
  expect(said).toContain('a TCPServerWrap');
  expect(said).toContain('1 passed');
  expect(code).toBe(1);
});
