import { expect } from 'vitest';
import { SnugError } from '../../src-main/contract/errors.ts';

function checked(error: unknown): SnugError {
  // anything else that is thrown is a bug, and its own stack says more than an assertion would
  if (!(error instanceof SnugError)) throw error;
  return error;
}

/** The SnugError that a call throws; fails when it returns or throws anything else. */
export function thrown(call: () => unknown): SnugError {
  try {
    call();
  } catch (error) {
    return checked(error);
  }
  return expect.fail('nothing was thrown');
}

/** The SnugError that a promise is rejected with. */
export async function rejected(promise: Promise<unknown>): Promise<SnugError> {
  try {
    await promise;
  } catch (error) {
    return checked(error);
  }
  return expect.fail('nothing was rejected');
}
