import { execFile, spawn } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { deathOf } from '../../../src-main/engine/worker-death.ts';
import type { ExitListener, WorkerPort } from '../../../src-main/engine/worker-port.ts';
import { startWorker } from '../../../src-main/engine/worker-client.ts';
import { WorkerProcess } from '../../../src-main/engine/worker-process.ts';
import type { FromWorker, ToWorker } from '../../../src-main/engine/worker-protocol.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { isAlive, until } from '../../helpers/until.ts';
import { rejected } from '../../helpers/thrown.ts';
import { answeringContract } from '../../helpers/workers/answering-contract.ts';

const helper = (name: string) => join(import.meta.dirname, '../../helpers/workers', name);

function startProcess(): WorkerProcess {
  const worker = new WorkerProcess(helper('answering.ts'));
  onTestFinished(() => worker.close());
  return worker;
}

describe('a call', () => {
  it('brings back its result', async () => {
    expect(await startProcess().call('double', 21)).toBe(42);
  });

  it('carries bytes, big numbers, dates and nothing as they are', async () => {
    const value = {
      pixels: new Uint8Array([0, 255]),
      size: 2n ** 60n,
      when: new Date(0),
      nothing: undefined,
    };
    expect(await startProcess().call('echo', value)).toEqual(value);
  });

  it('brings its events in order, before its result', async () => {
    const seen: unknown[] = [];
    const result = await startProcess().call('count', 500, { onEvent: (event) => seen.push(event) });
    seen.push(result);
    expect(seen).toEqual([...Array.from({ length: 500 }, (_, i) => i + 1), 'counted']);
  });

  it('runs beside others, each with its own events and result', async () => {
    const worker = startProcess();
    const events: [string, unknown][] = [];
    const results = await Promise.all([
      worker.call('count', 2, { onEvent: (event) => events.push(['first', event]) }),
      worker.call('double', 4),
      worker.call('count', 3, { onEvent: (event) => events.push(['second', event]) }),
    ]);
    expect(results).toEqual(['counted', 8, 'counted']);
    expect(events.filter(([call]) => call === 'first').map(([, event]) => event)).toEqual([1, 2]);
    expect(events.filter(([call]) => call === 'second').map(([, event]) => event)).toEqual([1, 2, 3]);
  });

  it('that fails brings code, message, advice and cause', async () => {
    const error = await rejected(startProcess().call('fail', undefined));
    expect(error).toMatchObject({
      code: 'DISK_FULL',
      message: 'the disk is full',
      advice: 'Free some space.',
      cause: { message: 'ENOSPC' },
    });
  });

  it('that breaks is a bug, and the worker goes on', async () => {
    const worker = startProcess();
    expect(await rejected(worker.call('breakDown', undefined))).toMatchObject({
      code: 'BUG',
      message: 'nothing is not a function',
    });
    expect(await worker.call('double', 1)).toBe(2);
  });

  it('whose result cannot be sent fails instead of waiting for ever', async () => {
    expect((await rejected(startProcess().call('unsendable', undefined))).code).toBe('BUG');
  });

  it.each(['fly', 'toString', 'constructor'])(
    'of a method that is not there (%s) is refused',
    async (method) => {
      const error = await rejected(startProcess().call(method, undefined));
      expect(error.code).toBe('BUG');
      expect(error.message).toContain(`no method ${method}`);
    },
  );
});

describe('a worker that says what no worker says', () => {
  const told = (said: unknown) => {
    let kills = 0;
    const port: WorkerPort = {
      post: () => undefined,
      onMessage: (listener) => void setImmediate(() => listener(said)),
      onExit: () => undefined,
      kill: () => void kills++,
      lastWords: () => '',
    };
    const worker = new WorkerProcess('', () => port);
    return { worker, kills: () => kills };
  };

  it.each([
    ['nothing at all', undefined],
    ['another kind of message', { kind: 'hello' }],
    ['a result of no call', { kind: 'result', value: 1 }],
    ['an error without a code', { kind: 'error', id: 1, error: { name: 'Error', message: 'secret' } }],
  ])('is ended, and its calls are told of a bug: %s', async (_, said) => {
    const { worker, kills } = told(said);
    const error = await rejected(worker.call('double', 1));
    expect(error.code).toBe('BUG');
    expect(error.message).toMatch(/^what a worker said is not as agreed: /);
    expect(error.message).not.toContain('secret');
    expect(kills()).toBe(1);
    expect(worker.isOver).toBe(true);
    await worker.close();
  });
});

describe('a cancelled call', () => {
  it('stops and is told from a failed one', async () => {
    const worker = startProcess();
    const controller = new AbortController();
    const call = worker.call('untilCancelled', undefined, {
      signal: controller.signal,
      onEvent: () => controller.abort(),
    });
    expect((await rejected(call)).code).toBe('CANCELLED');
    expect(await worker.call('double', 3)).toBe(6);
  });

  it('that does not hear it is ended with its process when its grace is over', async () => {
    const controller = new AbortController();
    const call = startProcess().call('deaf', undefined, {
      signal: controller.signal,
      onEvent: () => controller.abort(),
      grace: () => 10,
    });
    // otherwise it would be waited for until the test's time is over
    expect((await rejected(call)).code).toBe('CANCELLED');
  });

  it('leaves others alone', async () => {
    const worker = startProcess();
    const controller = new AbortController();
    const other = new AbortController();
    const kept = worker.call('afterCancelled', undefined, { signal: other.signal });
    const stopped = worker.call('untilCancelled', undefined, {
      signal: controller.signal,
      onEvent: () => controller.abort(),
    });
    expect((await rejected(stopped)).code).toBe('CANCELLED');
    other.abort();
    expect(await kept).toBe('what was done so far');
  });

  it('never starts when it was cancelled before', async () => {
    const call = startProcess().call('exit', 3, { signal: AbortSignal.abort() });
    expect((await rejected(call)).code).toBe('CANCELLED');
  });
});

describe('a worker that dies', () => {
  it('by leaving in the middle of a call rejects it with its exit code', async () => {
    const error = await rejected(startProcess().call('exit', 3));
    expect(error.code).toBe('WORKER_DIED');
    expect(error.message).toContain('code 3');
  });

  it('by SIGKILL is taken to have run out of memory', async () => {
    const error = await rejected(startProcess().call('kill', 'SIGKILL'));
    expect(error.code).toBe('WORKER_DIED');
    expect(error.message).toContain('probably out of memory');
    expect(error.advice).toContain('Close other programs');
  });

  it('by a page that could not be read says what became of the file', async () => {
    const folder = temporaryFolder();
    const use = async (change: (path: string) => void) => {
      const modelPath = join(folder, 'model.gguf');
      writeFileSync(modelPath, 'all of it');
      const worker = startProcess();
      await worker.call('echo', undefined, { files: [modelPath] });
      change(modelPath);
      return rejected(worker.call('kill', 'SIGBUS'));
    };
    const gone = await use((path) => rmSync(path));
    expect(gone).toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/model\.gguf went away/) as string,
    });
    expect(gone.advice).toContain('drive');
    const cut = await use((path) => truncateSync(path, 3));
    expect(cut).toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/model\.gguf was changed/) as string,
    });
    const there = await use(() => undefined);
    expect(there).toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/could not be read/) as string,
    });
  });

  it.each([0xc0000006, -1073741818])('on Windows by such a page (%d) says the same', (code) => {
    expect(deathOf(code, null, '')).toMatchObject({ code: 'FILE' });
  });

  it('by SIGILL says that the processor is too old', async () => {
    const error = await rejected(startProcess().call('kill', 'SIGILL'));
    expect(error.code).toBe('UNSUPPORTED_CPU');
    expect(error.advice).toContain('vector instructions');
  });

  it("by a failed assertion passes on llama.cpp's last words, every time", async () => {
    for (let round = 0; round < 5; round++) {
      const error = await rejected(startProcess().call('abort', 'GGML_ASSERT(n_tokens > 0) failed'));
      expect(error.code).toBe('WORKER_DIED');
      expect(error.message).toContain('GGML_ASSERT(n_tokens > 0) failed');
      expect(error.advice).not.toContain('memory');
    }
  });

  it('rejects every call that was running, and every later one', async () => {
    const worker = startProcess();
    const running = ['untilCancelled', 'afterCancelled', 'exit'].map((method) =>
      rejected(worker.call(method, 3)),
    );
    for (const error of await Promise.all(running)) expect(error.code).toBe('WORKER_DIED');
    expect((await rejected(worker.call('double', 1))).code).toBe('WORKER_DIED');
  });

  it('because it cannot start says why', async () => {
    const worker = new WorkerProcess(helper('not-there.ts'));
    onTestFinished(() => worker.close());
    const error = await rejected(worker.call('double', 1));
    expect(error.code).toBe('WORKER_DIED');
    expect(error.message).toContain('not-there.ts');
  });

  it('does not take its parent with it when that calls before it notices', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [helper('parent-of-the-dead.ts')]);
    expect(stdout.trim()).toBe('WORKER_DIED WORKER_DIED WORKER_DIED');
  });
});

describe('a process that the system does not start', () => {
  const refusal = (code: string) => Object.assign(new Error(`spawn ${code}`), { code });

  it.each([
    ['EMFILE', 'files'],
    ['ENFILE', 'files'],
    ['EAGAIN', 'programs'],
    ['ENOMEM', 'memory'],
    ['ENOENT', 'missing'],
    ['EINVAL', 'spawn EINVAL'],
  ])('with %s, said at once or later, is an error with advice', async (code, words) => {
    const atOnce = () => {
      throw refusal(code);
    };
    const later = () => {
      const port = new SilentPort();
      setImmediate(() => port.exit(null, null, refusal(code)));
      return port;
    };
    for (const start of [atOnce, later]) {
      const worker = new WorkerProcess('worker', start);
      const error = await rejected(worker.call('double', 1));
      expect(error.code).toBe('CANNOT_START');
      expect(error.message).toContain(words);
      expect(error.advice).toBeTruthy();
      expect(worker.isOver).toBe(true);
      await worker.close();
    }
  });

  it('because its program is missing ends no one else', async () => {
    const node = process.execPath;
    onTestFinished(() => void (process.execPath = node));
    process.execPath = join(import.meta.dirname, 'no-such-node');
    const worker = new WorkerProcess(helper('answering.ts'));
    process.execPath = node;
    expect((await rejected(worker.call('double', 1))).code).toBe('CANNOT_START');
    await worker.close();
  });

  // Windows has no such limit
  it.skipIf(process.platform === 'win32')('because every descriptor is in use ends no one else', async () => {
    const script = `ulimit -n 64; exec "$0" "$1"`;
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      script,
      process.execPath,
      helper('without-descriptors.ts'),
    ]);
    expect(stdout.trim()).toBe('CANNOT_START, then 4');
  });
});

describe('a worker that holds more text than it can', () => {
  it('says so in words, without the page that V8 prints', async () => {
    const error = await rejected(
      startProcess().call(
        'abort',
        'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      ),
    );
    expect(error.code).toBe('WORKER_DIED');
    expect(error.message).not.toContain('FATAL');
    expect(error.advice).toContain('conversation');
  });
});

describe('the end of a worker', () => {
  it('comes with close: its process is gone and running calls are cancelled', async () => {
    const worker = startWorker(answeringContract, helper('answering.ts'));
    const pid = await worker.pid();
    const running = rejected(worker.untilCancelled(undefined));
    await worker.close();
    expect(isAlive(pid)).toBe(false);
    expect((await running).code).toBe('CANCELLED');
    await worker.close();
  });

  it('comes at the end of its block', async () => {
    let pid = 0;
    {
      await using worker = startWorker(answeringContract, helper('answering.ts'));
      pid = await worker.pid();
      expect(isAlive(pid)).toBe(true);
    }
    expect(isAlive(pid)).toBe(false);
  });

  it('comes when its parent is killed', async () => {
    const parent = spawn(process.execPath, [helper('parent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const workerPid = Number(line.toString());
    expect(isAlive(workerPid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(workerPid));
  });
});

/** A worker that says only what the test has it say. */
class SilentPort implements WorkerPort {
  killed = 0;
  #message: (message: FromWorker) => void = () => undefined;
  exit: ExitListener = () => undefined;
  /** whether the system ends it when told to */
  readonly mortal: boolean;

  constructor(mortal = true) {
    this.mortal = mortal;
  }

  post(_: ToWorker): void {}
  onMessage(listener: (message: FromWorker) => void): void {
    this.#message = listener;
  }
  onExit(listener: ExitListener): void {
    this.exit = listener;
  }
  kill(): void {
    this.killed++;
    if (this.mortal) this.exit(null, 'SIGKILL');
  }
  lastWords(): string {
    return '';
  }
  beat(): void {
    this.#message({ kind: 'alive' });
  }
}

describe('a worker that hangs', () => {
  afterEach(() => void vi.useRealTimers());

  function startSilent(mortal = true) {
    vi.useFakeTimers();
    const port = new SilentPort(mortal);
    return { port, worker: new WorkerProcess('worker', () => port) };
  }

  it('is ended, and its call is rejected', async () => {
    const { port, worker } = startSilent();
    const call = rejected(worker.call('double', 1));
    await vi.advanceTimersByTimeAsync(200_000);
    expect(port.killed).toBe(1);
    expect((await call).code).toBe('WORKER_DIED');
  });

  it('and stays when it is ended is given up: its call and its close come to an end', async () => {
    const { port, worker } = startSilent(false);
    const call = rejected(worker.call('double', 1));
    const closed = worker.close();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(port.killed).toBe(1);
    expect((await call).code).toBe('CANCELLED');
    await closed;
  });

  it('in a call that was cancelled is ended, and the call is cancelled', async () => {
    const { port, worker } = startSilent();
    const abort = new AbortController();
    const call = rejected(worker.call('double', 1, { signal: abort.signal }));
    abort.abort();
    for (let second = 0; second < 20; second += 2) {
      port.beat();
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(port.killed).toBe(1);
    expect((await call).code).toBe('CANCELLED');
  });

  it('is not mistaken for one that beats and works for hours', async () => {
    const { port } = startSilent();
    for (let second = 0; second < 7200; second += 2) {
      port.beat();
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(port.killed).toBe(0);
  });

  it('is not mistaken for one that slept with its laptop', async () => {
    const { port } = startSilent();
    port.beat();
    await vi.advanceTimersByTimeAsync(14_000);
    port.beat();
    // the clock on the wall goes on while the lid is closed; timers do not
    vi.setSystemTime(Date.now() + 8 * 3600 * 1000);
    await vi.advanceTimersByTimeAsync(1500);
    port.beat();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(port.killed).toBe(0);
  });
});
