import { describe, expect, it, vi } from 'vitest';

// Electron's binary is not needed for what this file decides; a stand-in takes the module's place.
const keychain = vi.hoisted(() => ({ isThere: true, backend: 'gnome_libsecret' }));
vi.mock('electron', () => ({
  safeStorage: {
    isEncryptionAvailable: () => keychain.isThere,
    getSelectedStorageBackend: () => keychain.backend,
    encryptString: (text: string) => Buffer.from(text).reverse(),
    decryptString: (bytes: Buffer) => Buffer.from(bytes).reverse().toString(),
  },
}));
const { systemKeychain } = await import('../../../src-main/shell/secret-keeper.ts');

describe('the system’s keychain', () => {
  it('gives back what it sealed', () => {
    expect(systemKeychain.problem()).toBeNull();
    expect(systemKeychain.open(systemKeychain.seal('hf_secret'))).toBe('hf_secret');
  });

  it.each([
    ['is not there', { isThere: false, backend: 'unknown' }],
    ['only looks like one', { isThere: true, backend: 'basic_text' }],
  ])('that %s is not used, and why is said', (_, state) => {
    Object.assign(keychain, state);
    if (process.platform === 'linux' || !state.isThere)
      expect(systemKeychain.problem()).toContain('no keychain');
  });
});
