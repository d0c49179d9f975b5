import { safeStorage } from 'electron';
import type { SecretKeeper } from '../services/tokens.ts';

const NONE = 'This system has no keychain that Snug can use, so a token is kept until Snug is closed.';

/** Keychain of macOS, DPAPI of Windows, Secret Service or KWallet of Linux. */
export const systemKeychain: SecretKeeper = {
  problem() {
    if (!safeStorage.isEncryptionAvailable()) return NONE;
    // without a keychain Electron encrypts with a key that everybody knows
    const isPlain = process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text';
    return isPlain ? NONE : null;
  },
  seal: (secret) => safeStorage.encryptString(secret),
  open: (sealed) => safeStorage.decryptString(Buffer.from(sealed)),
};
