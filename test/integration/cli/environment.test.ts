import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../helpers/command-line.ts';

// What Snug reads of the environment, set wrong.

const { folder, home, start } = commandLine();
const file = join(folder, 'a-file');
writeFileSync(file, '');

const said = async (env: NodeJS.ProcessEnv, ...args: string[]) => start(args, { env }).ended;

describe('a wrong value', () => {
  it.each([
    [
      { SNUG_CPU_VARIANT: '../x' },
      ['profile', '--no-probe'],
      /SNUG_CPU_VARIANT is “\.\.\/x”.*\nLeave it out/,
    ],
    [{ SNUG_CPU_VARIANT: 'i8086' }, ['profile', '--no-probe'], /SNUG_CPU_VARIANT is “i8086”.*\nLeave it out/],
    [{ SNUG_KERNELS: 'fast' }, ['models'], /SNUG_KERNELS is “fast”.*\n.*“own”.*“auto”.*“stock”/],
    [{ SNUG_HOME: file }, ['models'], /a-file.* no folder\nName a folder.*\n.*SNUG_HOME=/],
    [
      { HTTPS_PROXY: 'proxy:3128' },
      ['get', 'owner/name'],
      /HTTPS_PROXY is no address.*\n.*http:\/\/HOST:PORT/,
    ],
    [
      { https_proxy: 'http://u:p%zz@127.0.0.1:9' },
      ['get', 'owner/name'],
      /https_proxy is no address.*\n.*%25/,
    ],
    [{ http_proxy: 'http://' }, ['get', 'owner/name'], /http_proxy is no address/],
    [{ HF_TOKEN: 'hf_a\nb' }, ['get', 'owner/name'], /HF_TOKEN is no token.*\nSet it to the token alone/],
  ])('of %o is refused in plain words, with a way on', async (env, args, words) => {
    const { code, stderr, stdout } = await said(env, ...args);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain('hf_a');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('of a home that cannot be made is refused by what writes there', async () => {
    const { code, stderr } = await said({ SNUG_HOME: join(file, 'home') }, 'models', 'add', file);
    expect(stderr).toMatch(/cannot be written: part of its path is a file\n.*\n.*SNUG_HOME=FOLDER/);
    expect(code).toBe(1);
  });
});

it('an empty value is as good as none', async () => {
  const env = { SNUG_CPU_VARIANT: '', SNUG_KERNELS: '', SNUG_QUANTIZERS: '', HF_TOKEN: '', HTTPS_PROXY: '' };
  const { code, stderr } = await said({ ...env, SNUG_HOME: home }, 'profile', '--no-probe');
  expect([code, stderr]).toEqual([0, '']);
});
