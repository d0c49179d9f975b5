import { z } from 'zod';

/**
 * Where a hub's token is kept: the system's keychain; this run of Snug alone, where there is no keychain; a file of the person's own that
 * nobody else may read; or the environment (HF_TOKEN), which Snug does not change.
 */
type TokenPlace = 'keychain' | 'session' | 'file' | 'environment';

/** That there is a token, never the token. */
export interface KeptToken {
  /** whom it is sent to: scheme, host and port of a hub's address */
  readonly hub: string;
  readonly place: TokenPlace;
}

export interface TokenView {
  readonly tokens: readonly KeptToken[];
  /** where a new one would be kept */
  readonly place: KeptToken['place'];
  /** why not in the keychain, in words; null where it is */
  readonly note: string | null;
}

/** Tokens for gated models. They go to the hub that they are for, and to nobody else: no window is told one, no log, no other host. */
export interface TokenService {
  list(argument: Record<string, never>): Promise<TokenView>;
  /** Keeps a token for the hub of the settings, in the place of the one before. */
  set(argument: { token: string }): Promise<TokenView>;
  /** Forgets that of a hub. */
  forget(argument: { hub: string }): Promise<TokenView>;
}

export const MOST_TOKEN_LETTERS = 1000;

export const tokenSchema = z
  .string()
  .trim()
  .min(1)
  .max(MOST_TOKEN_LETTERS)
  .regex(/^[\x21-\x7e]+$/, { error: 'a token is one word of letters and digits' });

export const tokenArguments = {
  list: z.strictObject({}),
  // what does not fit is told without the value
  set: z.strictObject({ token: tokenSchema }),
  forget: z.strictObject({ hub: z.string().min(1).max(2000) }),
};
