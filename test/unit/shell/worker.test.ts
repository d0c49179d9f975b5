import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WorkerProcess } from '../../../src-main/engine/worker-process.ts';
import { rejected } from '../../helpers/thrown.ts';

/** A utility process as Electron hands it out, whose events the test tells. */
class FakeUtilityProcess extends EventEmitter {
  readonly stderr = null;
  posted = 0;
  readonly postMessage = () => void this.posted++;
  readonly kill = () => true;
}
let child: FakeUtilityProcess;
const fork = vi.fn(() => (child = new FakeUtilityProcess()));
vi.mock('electron', () => ({ utilityProcess: { fork: () => fork() } }));
const { endOf, startUtilityProcess } = await import('../../../src-main/shell/worker.ts');

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

describe('a utility process', () => {
  afterEach(() => void vi.useRealTimers());

  it('that never begins is told as one that could not be started', async () => {
    vi.useFakeTimers();
    const call = rejected(new WorkerProcess('worker', startUtilityProcess).call('double', 1));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await call).toMatchObject({ code: 'CANNOT_START', advice: expect.any(String) as string });
  });

  it('that Electron refuses at once is told as one that could not be started', async () => {
    fork.mockImplementationOnce(() => {
      throw new Error('no more processes');
    });
    const call = rejected(new WorkerProcess('worker', startUtilityProcess).call('double', 1));
    expect(await call).toMatchObject({ code: 'CANNOT_START', advice: expect.any(String) as string });
  });

  it('that began may take its time, and its errors are heard', async () => {
    vi.useFakeTimers();
    const worker = new WorkerProcess('worker', startUtilityProcess);
    child.emit('spawn');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(worker.isOver).toBe(false);
    expect(() => child.emit('error', 'FatalError', 'v8', '{}')).not.toThrow();
  });

  it('that is gone gets no more messages', async () => {
    const worker = new WorkerProcess('worker', startUtilityProcess);
    const call = rejected(worker.call('double', 1));
    child.emit('spawn');
    child.emit('exit', 3 << 8);
    expect((await call).code).toBe('WORKER_DIED');
    await worker.close();
    expect(child.posted).toBe(1);
  });
});
