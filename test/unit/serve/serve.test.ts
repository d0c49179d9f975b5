import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const entry = join(import.meta.dirname, '..', '..', '..', 'src-main', 'serve.ts');

/** Runs the door with arguments that keep it from starting. */
const run = async (...given: string[]) => runWith({}, ...given);

/** … or with an environment that does. */
async function runWith(
  environment: NodeJS.ProcessEnv,
  ...given: string[]
): Promise<{ code: number | null; said: string }> {
  const env = { ...process.env, SNUG_HOME: temporaryFolder(), ...environment };
  const child = spawn(process.execPath, [entry, ...given], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

describe('the command line of the browser door', () => {
  it.each([
    ['--port', '-1'],
    ['--port', '65536'],
    ['--port', 'x'],
    ['--port', ''],
    ['--port', '1e3'],
    ['--port'],
    ['--prot', '3'],
    ['-p', '3'],
    ['more'],
    ['--port', '\x1b]0;pwned\x07'],
  ])('refuses %s %s in plain words', async (...given) => {
    const { code, said } = await run(...given.filter((one) => one !== undefined));
    expect(code).toBe(2);
    expect(said).toMatch(/^Error: /);
    expect(said).toMatch(/--port/);
    expect(said).not.toMatch(/^\s+at /m);
    expect(said).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  });
});

describe('the environment of the browser door', () => {
  it.each([
    [{ SNUG_KERNELS: 'fast' }, /^SNUG_KERNELS is “fast”.*\n.*“own”.*“auto”.*“stock”/],
    [{ SNUG_HOME: entry }, /no folder\nName a folder.*\n.*SNUG_HOME=/],
    [{ SNUG_HOME: join(entry, 'home') }, /cannot be written: part of its path is a file\n.*\n.*SNUG_HOME=/],
  ])('%o is refused in plain words, with a way on', async (environment, words) => {
    const { code, said } = await runWith(environment);
    expect(code).toBe(1);
    expect(said).toMatch(words);
    expect(said).not.toMatch(/^\s+at /m);
  });

  it('with a proxy that is no address lets it start: that is for what would go through it', async () => {
    const env = { ...process.env, SNUG_HOME: temporaryFolder(), HTTPS_PROXY: 'proxy' };
    const child = spawn(process.execPath, [entry, '--port', '0'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const address = await new Promise<string>((resolve) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
      child.once('close', () => resolve(''));
    });
    child.kill();
    await ended;
    expect(said).not.toMatch(/URL|proxy/i);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });
});
