import { SnugError, type ErrorCode } from '../contract/errors.ts';

const ADDON_ERRORS: ReadonlySet<string> = new Set<ErrorCode>([
  'CANCELLED',
  'MODEL_LOAD',
  'MMPROJ_LOAD',
  'FILE',
  'TOO_FEW_TOKENS',
  'CONTEXT_FULL',
  'CANNOT_SEE',
  'INCOHERENT',
]);
/** A model that computes values which are no numbers, wherever it is found out. */
export const BROKEN_MODEL =
  'Its file is damaged or was made badly: get it again, or fit it again from its original.';

const NOT_LOADED =
  'The file may be damaged, or made for a newer llama.cpp: take another conversion of this model, or update Snug.';
const ADVICE: { readonly [Code in ErrorCode]?: string } = {
  INCOHERENT: BROKEN_MODEL,
  MODEL_LOAD: NOT_LOADED,
  MMPROJ_LOAD: NOT_LOADED,
};

/** The addon's rejections as SnugErrors, with a code of the contract. */
export function nativeError(error: unknown): SnugError {
  if (error instanceof SnugError) return error;
  // the addon was called wrongly
  if (error instanceof TypeError) return new SnugError('BUG', error.message, { cause: error });
  const { code, message } = error as { code?: string; message: string };
  const known = code !== undefined && ADDON_ERRORS.has(code) ? (code as ErrorCode) : 'NATIVE';
  return new SnugError(known, message, { advice: ADVICE[known], cause: error });
}
