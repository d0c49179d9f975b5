import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenArguments } from '../../../src-main/contract/tokens.ts';
import { Tokens, type SecretKeeper } from '../../../src-main/services/tokens.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const HUB = 'https://huggingface.co';
const SECRET = 'hf_abcdefghijklmnop';

/** Turns a secret round; refuses what it did not turn. */
const keychain = (problem: string | null = null): SecretKeeper => ({
  problem: () => problem,
  seal: (secret) => Buffer.from(`sealed:${[...secret].reverse().join('')}`),
  open: (sealed) => {
    const text = Buffer.from(sealed).toString();
    if (!text.startsWith('sealed:')) throw new Error('not ours');
    return [...text.slice('sealed:'.length)].reverse().join('');
  },
});

function tokens(change: Partial<ConstructorParameters<typeof Tokens>[0]> & { address?: string } = {}) {
  const { address = HUB, ...rest } = change;
  return new Tokens({ home: temporaryFolder(), hubAddress: () => address, environment: {}, ...rest });
}

describe('a token', () => {
  it('is kept by the keychain, over a restart, and never stands on the disk as it is', async () => {
    const home = temporaryFolder();
    const view = await tokens({ home, keeper: keychain() }).set({ token: SECRET });
    expect(view).toEqual({ tokens: [{ hub: HUB, place: 'keychain' }], place: 'keychain', note: null });
    expect(readFileSync(join(home, 'tokens.json'), 'utf8')).not.toContain(SECRET);
    expect(tokens({ home, keeper: keychain() }).for(HUB)).toBe(SECRET);
    // a terminal has no keychain
    expect(tokens({ home }).for(HUB)).toBeUndefined();
  });

  it('is kept for this run alone where the keychain cannot be used, which is said', async () => {
    const home = temporaryFolder();
    const kept = tokens({ home, keeper: keychain('there is no keychain') });
    expect(await kept.set({ token: SECRET })).toEqual({
      tokens: [{ hub: HUB, place: 'session' }],
      place: 'session',
      note: 'there is no keychain',
    });
    expect(kept.for(HUB)).toBe(SECRET);
    expect(existsSync(join(home, 'tokens.json'))).toBe(false);
    expect(tokens({ home, keeper: keychain('there is no keychain') }).for(HUB)).toBeUndefined();
  });

  it.skipIf(platform() === 'win32')(
    'is kept in a file of the person’s own by a door without one',
    async () => {
      const home = temporaryFolder();
      expect(await tokens({ home }).set({ token: SECRET })).toMatchObject({ place: 'file' });
      expect(statSync(join(home, 'tokens.json')).mode & 0o777).toBe(0o600);
      expect(tokens({ home }).for(HUB)).toBe(SECRET);
    },
  );

  it('is of one hub alone: by its scheme, host and port', async () => {
    const kept = tokens({ address: 'https://copy.example.org:8443/hub' });
    await kept.set({ token: SECRET });
    expect(kept.for('https://copy.example.org:8443/elsewhere')).toBe(SECRET);
    for (const other of [HUB, 'https://copy.example.org', 'https://copy.example.org.evil.org:8443'])
      expect(kept.for(other)).toBeUndefined();
  });

  it('of the environment is of Hugging Face, goes before a kept one, and is not kept', async () => {
    const home = temporaryFolder();
    await tokens({ home }).set({ token: 'kept' });
    const given = tokens({ home, environment: { HF_TOKEN: ` ${SECRET}\n` } });
    expect(given.for(HUB)).toBe(SECRET);
    expect(given.for('https://copy.example.org')).toBeUndefined();
    expect((await given.list()).tokens).toEqual([
      { hub: HUB, place: 'environment' },
      { hub: HUB, place: 'file' },
    ]);
    expect(readFileSync(join(home, 'tokens.json'), 'utf8')).not.toContain(SECRET);
  });

  it('is not sent, and not taken, where anybody on the way could read it', async () => {
    const kept = tokens({ address: 'http://192.168.1.2' });
    await expect(kept.set({ token: SECRET })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    expect(kept.for('http://192.168.1.2')).toBeUndefined();
  });

  it('is forgotten, and then its file is gone', async () => {
    const home = temporaryFolder();
    const kept = tokens({ home });
    await kept.set({ token: SECRET });
    expect(await kept.forget({ hub: HUB })).toMatchObject({ tokens: [] });
    expect(kept.for(HUB)).toBeUndefined();
    expect(existsSync(join(home, 'tokens.json'))).toBe(false);
  });

  it('takes the place of the one before, wherever that was', async () => {
    const home = temporaryFolder();
    await tokens({ home }).set({ token: 'before' });
    const kept = tokens({ home, keeper: keychain() });
    expect((await kept.set({ token: SECRET })).tokens).toEqual([{ hub: HUB, place: 'keychain' }]);
    expect(kept.for(HUB)).toBe(SECRET);
    expect(readFileSync(join(home, 'tokens.json'), 'utf8')).not.toContain('before');
  });

  it('that another keychain sealed, or a broken file, is as if there were none', () => {
    const home = temporaryFolder();
    const sealed = { hub: HUB, place: 'keychain', secret: 'bm90IG91cnM=' };
    writeFileSync(join(home, 'tokens.json'), JSON.stringify({ tokens: [sealed] }));
    expect(tokens({ home, keeper: keychain() }).for(HUB)).toBeUndefined();
    writeFileSync(join(home, 'tokens.json'), '{"tokens":[{');
    expect(tokens({ home }).for(HUB)).toBeUndefined();
  });

  it.each(['', '  ', 'two words', 'line\nline', 'ünicode', 'x'.repeat(1001)])('%j is none', (token) => {
    const checked = tokenArguments.set.safeParse({ token });
    expect(checked.success).toBe(false);
    // what is said of it goes to logs and pages
    if (token.trim() !== '') expect(JSON.stringify(checked.error?.issues)).not.toContain(token.trim());
  });
});
