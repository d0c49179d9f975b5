import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openStore } from '../../../src-main/store/database.ts';
import { readSidecar } from '../../../src-main/models/sidecar.ts';
import { shortMmproj, shortModel } from '../../fixtures/short-demo.ts';
import { commandLine } from '../../helpers/command-line.ts';
import { fromDisk } from '../../helpers/hub/content.ts';
import { TestHub } from '../../helpers/hub/test-hub.ts';
import { writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

// `snug get` and `snug models`, each in a process of its own, against a hub of the test's.

const NAME = 'owner/Demo-VL-GGUF';
const { start } = commandLine();
const run = (home: string, ...args: readonly string[]) => start(args, { home }).ended;

async function place() {
  const hub = await TestHub.untilTestEnds();
  const files = { 'demo-f16.gguf': fromDisk(shortModel), 'mmproj-f16.gguf': fromDisk(shortMmproj) };
  hub.put(NAME, { files, licence: 'apache-2.0' });
  const home = temporaryFolder();
  {
    using store = openStore(home);
    store.settings.set({ hubAddress: hub.address });
  }
  return { hub, home, folder: join(home, 'models', 'owner--Demo-VL-GGUF') };
}

describe('snug get', () => {
  it('downloads a model with its vision file, which snug models then lists and removes', async () => {
    const { home, folder, hub } = await place();
    const asked = await run(home, 'get', NAME);
    expect(asked).toMatchObject({ code: 2, stdout: expect.stringContaining('apache-2.0') as string });
    expect(asked.stderr).toContain('--yes');
    expect(existsSync(folder)).toBe(false);

    const got = await run(home, 'get', NAME, '--yes');
    expect(got.stderr).toContain('Download');
    expect(got).toMatchObject({ code: 0 });
    const model = join(folder, 'demo-f16.gguf');
    expect(got.stdout).toContain(`snug fit ${model}`);
    expect(readSidecar(model).source).toMatchObject({ repository: NAME, hub: hub.address });

    const listed = await run(home, 'models');
    expect(listed.stdout).toMatch(/original .* owner\/Demo-VL-GGUF +demo-f16\.gguf +ready/);

    const verified = await run(home, 'models', 'verify');
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout.match(/unchanged/g)).toHaveLength(2);

    const unknown = await run(home, 'models', 'remove', 'nonsense');
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('demo-f16.gguf');
    const removed = await run(home, 'models', 'remove', 'demo-f16.gguf', '--delete-file');
    expect(removed).toMatchObject({ code: 0 });
    expect(existsSync(model)).toBe(false);
    expect((await run(home, 'models', '--json')).stdout).toContain('"models":[]');
  });

  it('that is stopped keeps what it has, and goes on beside a window that has the store open', async () => {
    const { home, folder, hub } = await place();
    hub.fail({ kind: 'slow', bytesPerSecond: 400_000 }, { at: /signature/ });
    const first = start(['get', NAME, '--yes'], { home });
    const hasPart = () => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.part'));
    await vi.waitUntil(hasPart, { timeout: 20_000 });
    process.kill(first.child.pid ?? 0, 'SIGINT');
    const stopped = await first.ended;
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('run the same command again');
    expect(hasPart()).toBe(true);

    hub.recover();
    using store = openStore(home);
    const second = await run(home, 'get', NAME, '--yes', '--json');
    expect(second).toMatchObject({ code: 0 });
    expect(JSON.parse(second.stdout)).toMatchObject({
      modelPath: join(folder, 'demo-f16.gguf'),
      isListed: false,
    });
    // the window takes it from here
    expect(store.models.list()).toEqual([]);
    expect(readdirSync(join(home, 'work', 'arrivals'))).toHaveLength(1);
  });

  it('is listed and verified beside a window that has the library open, which is then the one to change it', async () => {
    const { home, folder } = await place();
    const gone = writeTextModel(temporaryFolder(), {}, 'gone.gguf');
    await run(home, 'get', NAME, '--yes');
    using store = openStore(home);
    store.models.add({ path: gone, mmprojPath: undefined });
    rmSync(gone);
    const verified = await run(home, 'models', 'verify');
    // one that is gone does not keep the others from being read
    expect(verified).toMatchObject({ code: 1, stderr: expect.not.stringContaining('Error') as string });
    expect(verified.stdout).toMatch(/gone\.gguf, 0 B: .*no file/);
    expect(verified.stdout.match(/unchanged/g)).toHaveLength(2);
    expect((await run(home, 'models', 'verify', 'demo-f16.gguf')).code).toBe(0);
    expect((await run(home, 'models', 'elsewhere')).code).toBe(0);
    const removed = await run(home, 'models', 'remove', 'demo-f16.gguf', '--delete-file');
    expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining('page of models') as string });
    expect(existsSync(join(folder, 'demo-f16.gguf'))).toBe(true);
  });

  it('asks for a token without showing it, and keeps it for the person alone', async () => {
    const { home, hub } = await place();
    const asked = await start(['get', '--ask-token'], { home, input: 'hf_secret\n' }).ended;
    expect(asked).toMatchObject({ code: 0 });
    expect(asked.stdout + asked.stderr).not.toContain('hf_secret');
    const kept = join(home, 'tokens.json');
    expect(readFileSync(kept, 'utf8')).toContain(hub.address);
    expect(statSync(kept).mode & 0o077).toBe(0);
    const refused = await start(['get', '--ask-token'], { home, input: 'two words\n' }).ended;
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stdout + refused.stderr).not.toContain('two words');
  });
});
