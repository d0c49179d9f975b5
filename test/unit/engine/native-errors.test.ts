import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { callNative } from '../../../src-main/engine/native-calls.ts';
import { nativeError } from '../../../src-main/engine/native-errors.ts';
import { rejected } from '../../helpers/thrown.ts';

const native = (code: string | undefined, message = 'what llama.cpp said') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('an error of the addon', () => {
  it.each(['CANCELLED', 'MODEL_LOAD', 'MMPROJ_LOAD', 'FILE', 'TOO_FEW_TOKENS', 'CONTEXT_FULL', 'CANNOT_SEE'])(
    'keeps its code %s and its words',
    async (code) => {
      const error = await rejected(callNative(Promise.reject(native(code))));
      expect(error).toMatchObject({ code, message: 'what llama.cpp said' });
    },
  );

  it.each(['MODEL_LOAD', 'MMPROJ_LOAD', 'INCOHERENT'])(
    'of a file that can’t be used (%s) has a way on',
    (code) => {
      expect(nativeError(native(code)).advice).toMatch(/another|again/);
    },
  );

  it.each([undefined, 'ERR_INVALID_ARG', 'BUSY'])(
    'of a code that is not its own (%s) is told as native',
    (code) => {
      expect(nativeError(native(code)).code).toBe('NATIVE');
    },
  );

  it('that says it was called wrongly is a bug of ours', () => {
    const error = nativeError(new TypeError('threads must be a whole number from 1 to 16'));
    expect(error).toMatchObject({ code: 'BUG', message: 'threads must be a whole number from 1 to 16' });
  });

  it('that is one of ours already stays it', () => {
    const ours = new SnugError('DISK_FULL', 'full');
    expect(nativeError(ours)).toBe(ours);
  });
});
