import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CancelledError, SnugError } from '../../../src-main/contract/errors.ts';
import { callNative } from '../../../src-main/engine/native-calls.ts';
import { NATIVE_ERRORS, nativeError } from '../../../src-main/engine/native-errors.ts';
import { rejected } from '../../helpers/thrown.ts';

const failure = (code: string | undefined, message = 'what llama.cpp said') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

const codesIn = (source: string, pattern: RegExp) => [...source.matchAll(pattern)].map(([, code]) => code);
const declared = codesIn(readFileSync('native/error_codes.def', 'utf8'), /^SNUG_ERROR\((\w+)\)$/gm);

describe('the codes of the addon', () => {
  it('are the same on both sides', () => {
    expect(declared.length).toBeGreaterThan(20);
    expect([...Object.keys(NATIVE_ERRORS), 'CANCELLED'].toSorted()).toEqual(declared.toSorted());
  });

  it('are all used: C++ can throw no other', () => {
    const sources = readdirSync('native').filter((name) => /\.(cpp|h)$/.test(name));
    const thrown = sources.flatMap((name) =>
      codesIn(readFileSync(`native/${name}`, 'utf8'), /\bCode::(\w+)/g),
    );
    expect([...new Set(thrown)].toSorted()).toEqual(declared.toSorted());
  });

  it.each(Object.entries(NATIVE_ERRORS))('%s comes with what a person can do', (native, { code }) => {
    const error = nativeError(failure(native));
    expect(error).toMatchObject({ code, message: 'what llama.cpp said' });
    expect(error.advice).toMatch(/^[A-Z].{20,}\.$/);
  });

  it('of a job that was aborted says no more than that', () => {
    expect(nativeError(failure('CANCELLED'))).toEqual(new CancelledError());
  });
});

describe('an error of the addon', () => {
  it.each(['MODEL_LOAD', 'MMPROJ_LOAD', 'FILE', 'DISK_FULL', 'TOO_FEW_TOKENS', 'CONTEXT_FULL', 'CANNOT_SEE'])(
    'keeps its code %s and its words',
    async (code) => {
      const error = await rejected(callNative(Promise.reject(failure(code))));
      expect(error).toMatchObject({ code, message: 'what llama.cpp said' });
    },
  );

  it.each(['MODEL_LOAD', 'MMPROJ_LOAD', 'INCOHERENT'])(
    'of a file that can’t be used (%s) has a way on',
    (code) => {
      expect(nativeError(failure(code)).advice).toMatch(/another|again/);
    },
  );

  it.each(['OUT_OF_MEMORY', 'CONTEXT_FAILED'])('of too little memory (%s) is told as such', (code) => {
    expect(nativeError(failure(code))).toMatchObject({
      code: 'OUT_OF_MEMORY',
      advice: expect.stringContaining('shorter context') as string,
    });
  });

  it.each([undefined, 'ERR_INVALID_ARG'])('of a code that is not its own (%s) is told as native', (code) => {
    expect(nativeError(failure(code))).toMatchObject({
      code: 'NATIVE',
      advice: expect.any(String) as string,
    });
  });

  it.each([new TypeError('threads must be a whole number from 1 to 16'), failure('BUSY'), failure('CLOSED')])(
    'that says it was called wrongly is a bug of ours (%s)',
    (error) => {
      expect(nativeError(error)).toMatchObject({ code: 'BUG', message: error.message });
    },
  );

  it('that is one of ours already stays it', () => {
    const ours = new SnugError('DISK_FULL', 'full');
    expect(nativeError(ours)).toBe(ours);
  });
});
