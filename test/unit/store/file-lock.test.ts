import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takeLock } from '../../../src-main/store/lock.ts';
import { lockFile } from '../../../src-main/store/file-lock.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const PROCESSES = 4;

async function racer(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, '../../helpers/workers/race-lock.ts'));
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

async function ask<Answer>(child: ChildProcess, order: object): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(order);
  return ((await answer) as [Answer])[0];
}

const racers = () => Promise.all(Array.from({ length: PROCESSES }, racer));

describe('processes that want one lock', () => {
  it('that a killed one left take it over one at a time', async () => {
    const children = await racers();
    const folder = temporaryFolder();
    for (let round = 0; round < 25; round++) {
      const path = join(folder, `lock-${round}`);
      writeFileSync(path, '999999');
      const holds = await Promise.all(children.map((child) => ask<boolean>(child, { path })));
      expect(holds.filter(Boolean), `round ${round}`).toHaveLength(1);
      await Promise.all(children.map((child) => ask(child, {})));
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('never hold it together, however often it is taken and let go', async () => {
    const children = await racers();
    const path = join(temporaryFolder(), 'lock');
    const order = { path, milliseconds: 1500 };
    const counts = await Promise.all(
      children.map((child) => ask<{ taken: number; met: number }>(child, order)),
    );
    for (const { taken, met } of counts) {
      expect(met).toBe(0);
      expect(taken).toBeGreaterThan(0);
    }
  });
});

describe('a lock', () => {
  it.each([
    ['process 1', '1'],
    ['the process that started this one', String(process.ppid)],
    ['this process', String(process.pid)],
    ['a larger file of any content', 'x'.repeat(5000)],
  ])('left with the number of %s in it does not keep anyone out', (_, content) => {
    const path = join(temporaryFolder(), 'lock');
    writeFileSync(path, content);
    using _lock = takeLock(path, 'testing');
    expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
  });

  it('that its holder keeps no hold of lasts as long as the process', async () => {
    const path = join(temporaryFolder(), 'lock');
    const lock = new WeakRef(lockFile(path, 0) ?? expect.fail('it is free'));
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    const other = await racer();
    expect(await ask(other, { path })).toBe(false);
    (runInNewContext('gc') as () => void)();
    expect(lockFile(path, 0)).toBeUndefined();
    lock.deref()?.[Symbol.dispose]();
    using _next = takeLock(path, 'testing');
  });

  it('of a killed process is free at once, and one that passes in a moment is waited for', async () => {
    const path = join(temporaryFolder(), 'lock');
    const other = await racer();
    expect(await ask(other, { path })).toBe(true);
    expect(thrown(() => takeLock(path, 'testing')).message).toContain(`process ${other.pid}`);
    const killed = once(other, 'exit');
    other.kill('SIGKILL');
    await killed;
    const third = await racer();
    expect(await ask(third, { path })).toBe(true);
    third.send({});
    using _lock = takeLock(path, 'testing');
  });

  it.runIf(platform() !== 'win32')('is never written through a link, nor waited for in a pipe', () => {
    const folder = temporaryFolder();
    const target = join(folder, 'important');
    writeFileSync(target, 'kept');
    symlinkSync(target, join(folder, 'link'));
    expect(thrown(() => takeLock(join(folder, 'link'), 'testing')).code).toBe('CANNOT_WRITE');
    expect(readFileSync(target, 'utf8')).toBe('kept');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const error = thrown(() => takeLock(join(folder, 'pipe'), 'testing'));
    expect(error.message).toContain('not an ordinary file');
    mkdirSync(join(folder, 'folder'));
    expect(thrown(() => takeLock(join(folder, 'folder'), 'testing')).code).toBe('CANNOT_WRITE');
  });

  it('is gone when it was let go of, and can be let go of twice', () => {
    const path = join(temporaryFolder(), 'lock');
    const lock = takeLock(path, 'testing');
    lock[Symbol.dispose]();
    expect(existsSync(path)).toBe(false);
    using _next = takeLock(path, 'testing');
    lock[Symbol.dispose]();
    expect(existsSync(path)).toBe(true);
  });
});
