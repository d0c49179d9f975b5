import { constants } from 'node:os';
import { describe, expect, it, vi } from 'vitest';

vi.mock('electron', () => ({ utilityProcess: {} }));
const { endOf } = await import('../../../src-main/shell/worker.ts');

describe('how a utility process ended', () => {
  it.each([
    [constants.signals.SIGKILL, 'SIGKILL'],
    [constants.signals.SIGILL, 'SIGILL'],
    // with a core left behind
    [constants.signals.SIGABRT | 0x80, 'SIGABRT'],
    [0, null],
    [3 << 8, null],
  ])('status %i: %s', (status, signal) => {
    expect(endOf(status, 'linux').signal).toBe(signal);
  });

  it('is an exit code on Windows', () => {
    expect(endOf(9, 'win32')).toEqual({ code: 9, signal: null });
  });
});
