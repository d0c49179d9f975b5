import { describe, expect, it } from 'vitest';
import {
  CancelledError,
  SnugError,
  fromErrorData,
  isCancelled,
  throwIfCancelled,
  toErrorData,
} from '../../../src-main/contract/errors.ts';

/** As a structured clone or JSON would carry it between processes. */
function across(error: unknown): SnugError {
  return fromErrorData(structuredClone(toErrorData(error)));
}

describe('an error that crosses a process', () => {
  it('keeps its code, message, advice and causes', () => {
    const root = new SnugError('FILE', 'the disk said no', { advice: 'Look at the disk.' });
    const error = new SnugError('MODEL_LOAD', 'the model could not be loaded', {
      advice: 'Download it again.',
      cause: new SnugError('BROKEN_GGUF', 'it is broken', { cause: root }),
    });
    const arrived = across(error);
    expect(arrived).toBeInstanceOf(SnugError);
    const chain = [arrived, arrived.cause, (arrived.cause as SnugError).cause] as SnugError[];
    expect(chain.map(({ code, message, advice }) => [code, message, advice])).toEqual([
      ['MODEL_LOAD', 'the model could not be loaded', 'Download it again.'],
      ['BROKEN_GGUF', 'it is broken', undefined],
      ['FILE', 'the disk said no', 'Look at the disk.'],
    ]);
    expect(chain.at(-1)?.cause).toBeUndefined();
    expect(JSON.parse(JSON.stringify(toErrorData(error)))).toEqual(toErrorData(arrived));
  });

  it('keeps which file it is about', () => {
    const error = new SnugError('FILE', 'it is gone', { path: '/a/b.gguf' });
    expect(across(error).path).toBe('/a/b.gguf');
    expect(across(new SnugError('FILE', 'gone')).path).toBeUndefined();
  });

  it('keeps what can be done about it, in its order', () => {
    const remedies = [{ kind: 'set-context', tokens: 8192 }, { kind: 'add-vision-file' }] as const;
    const error = new SnugError('CONTEXT_FULL', 'it is full', { remedies });
    expect(across(error).remedies).toEqual(remedies);
    expect(across(new SnugError('FILE', 'gone')).remedies).toEqual([]);
  });

  it('keeps the words of a cause that was a system error', () => {
    const error = new SnugError('CANNOT_WRITE', 'cannot', { cause: new Error('EACCES: permission denied') });
    expect(across(error).cause).toMatchObject({ code: 'BUG', message: 'EACCES: permission denied' });
  });

  it('is still cancelled when it was', () => {
    const arrived = across(new CancelledError());
    expect(arrived).toBeInstanceOf(CancelledError);
    expect(isCancelled(arrived)).toBe(true);
  });

  it.each([
    ['a TypeError', new TypeError('x is not a function'), 'x is not a function'],
    ['a thrown text', 'just text', 'just text'],
    ['a thrown nothing', undefined, 'undefined'],
  ])('that is no SnugError (%s) is called a bug and keeps its words', (_, error, message) => {
    expect(across(error)).toMatchObject({ code: 'BUG', message });
    expect(isCancelled(error)).toBe(false);
  });
});

it('a loop stops once its signal is aborted, and not before', () => {
  const controller = new AbortController();
  throwIfCancelled(undefined);
  throwIfCancelled(controller.signal);
  controller.abort();
  expect(() => throwIfCancelled(controller.signal)).toThrow(CancelledError);
});
