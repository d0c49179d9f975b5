import { describe, expect, it, onTestFinished } from 'vitest';
import type { StartWorker, WorkerPort } from '../../../src-main/engine/worker-port.ts';
import type { FromWorker, ToWorker } from '../../../src-main/engine/worker-protocol.ts';
import { PictureProcess } from '../../../src-main/services/picture-process.ts';
import { rejected } from '../../helpers/thrown.ts';
import { until } from '../../helpers/until.ts';

const bytes = new Uint8Array(10);
const size = { width: 3, height: 2, notes: [] };
const generous = { mostSeconds: 60, idleSeconds: 60 };

/** A process that does with a picture what its name says. */
class FakeProcess implements WorkerPort {
  readonly checked: string[] = [];
  alive = true;
  startsWell = true;
  #hear: (message: FromWorker) => void = () => undefined;
  #exit: (code: number | null, signal: string | null) => void = () => undefined;

  onMessage(listener: (message: FromWorker) => void): void {
    this.#hear = listener;
  }

  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#exit = listener;
  }

  post(message: ToWorker): void {
    queueMicrotask(() => this.#take(message));
  }

  #take(message: ToWorker): void {
    if (!this.alive) return;
    if (message.kind === 'close') return this.die(0, null);
    if (message.kind !== 'call') return;
    const { id } = message;
    if (message.method === 'ready') {
      if (this.startsWell) this.#hear({ kind: 'result', id, value: undefined });
      else this.die(127, null);
      return;
    }
    const { name } = message.argument as { name: string };
    this.checked.push(name);
    if (name === 'crash') return this.die(null, 'SIGSEGV');
    if (name === 'hang') return;
    if (name === 'damaged') {
      const error = { name: 'SnugError', code: 'BAD_PICTURE', message: 'damaged is damaged' } as const;
      return this.#hear({ kind: 'error', id, error });
    }
    setTimeout(() => this.#hear({ kind: 'result', id, value: size }), 5);
  }

  die(code: number | null, signal: string | null): void {
    this.alive = false;
    this.#exit(code, signal);
  }

  kill(): void {
    this.die(null, 'SIGKILL');
  }

  lastWords(): string {
    return '';
  }
}

function pictures(limits = generous, prepare: (port: FakeProcess) => void = () => undefined) {
  const started: FakeProcess[] = [];
  const start: StartWorker = () => {
    const port = new FakeProcess();
    prepare(port);
    started.push(port);
    return port;
  };
  const process = new PictureProcess(start, limits);
  onTestFinished(() => process.close());
  return { process, started, alive: () => started.filter((port) => port.alive).length };
}

describe('the process that decodes pictures', () => {
  it('is started by the first picture and serves those that follow', async () => {
    const { process, started } = pictures();
    expect(started).toHaveLength(0);
    expect(await process.prepare({ bytes, name: 'a' })).toEqual(size);
    expect(await process.prepare({ bytes, name: 'b' })).toEqual(size);
    expect(started.map(({ checked }) => checked)).toEqual([['a', 'b']]);
  });

  it('gets one picture at a time, in the order they came', async () => {
    const { process, started } = pictures();
    const first = process.prepare({ bytes, name: 'a' });
    const others = ['b', 'c'].map((name) => process.prepare({ bytes, name }));
    await first;
    expect(started[0]?.checked).toEqual(['a']);
    await Promise.all(others);
    expect(started.map(({ checked }) => checked)).toEqual([['a', 'b', 'c']]);
  });

  it('ends when no picture came for a while, and is started again by the next', async () => {
    const { process, started, alive } = pictures({ ...generous, idleSeconds: 0.01 });
    await process.prepare({ bytes, name: 'a' });
    await until(() => alive() === 0);
    expect(await process.prepare({ bytes, name: 'b' })).toEqual(size);
    expect(started).toHaveLength(2);
  });

  it('that crashes at a picture costs that picture, not those that wait', async () => {
    const { process, started } = pictures();
    const crash = rejected(process.prepare({ bytes, name: 'crash' }));
    const next = process.prepare({ bytes, name: 'next' });
    const error = await crash;
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toContain("crash can't be opened");
    expect(error.advice).toBeTruthy();
    expect(await next).toEqual(size);
    expect(started).toHaveLength(2);
  });

  it('is ended at its time limit, and the next picture is taken', async () => {
    const { process, alive } = pictures({ ...generous, mostSeconds: 0.05 });
    const hang = rejected(process.prepare({ bytes, name: 'hang' }));
    const next = process.prepare({ bytes, name: 'next' });
    const error = await hang;
    expect(error.code).toBe('BAD_PICTURE');
    expect(error.message).toBe('hang takes too long to open');
    expect(await next).toEqual(size);
    expect(alive()).toBe(1);
  });

  it('takes no other picture after one that its decoder stumbled over', async () => {
    const { process, started } = pictures();
    expect((await rejected(process.prepare({ bytes, name: 'damaged' }))).message).toBe('damaged is damaged');
    await process.prepare({ bytes, name: 'next' });
    expect(started.map(({ checked }) => checked)).toEqual([['damaged'], ['next']]);
  });

  it('that died while it had nothing to do is replaced, and no picture is blamed', async () => {
    const { process, started } = pictures();
    await process.prepare({ bytes, name: 'a' });
    started[0]?.die(null, 'SIGKILL');
    expect(await process.prepare({ bytes, name: 'b' })).toEqual(size);
  });

  it("that can't be started is no picture's fault", async () => {
    const { process } = pictures(generous, (port) => (port.startsWell = false));
    expect((await rejected(process.prepare({ bytes, name: 'a' }))).code).toBe('WORKER_DIED');
  });

  it('takes no more than can wait, but always one', async () => {
    const { process } = pictures();
    const large = new Uint8Array(300 * 2 ** 20);
    const first = process.prepare({ bytes: large, name: 'large' });
    const error = await rejected(process.prepare({ bytes, name: 'one too many' }));
    expect(error.code).toBe('BUSY');
    expect(error.message).toContain('one too many');
    expect(await first).toEqual(size);
    expect(await process.prepare({ bytes, name: 'later' })).toEqual(size);
  });

  it('ends at once with the app, and so do the pictures that wait', async () => {
    const { process, started, alive } = pictures();
    const hang = rejected(process.prepare({ bytes, name: 'hang' }));
    const waiting = rejected(process.prepare({ bytes, name: 'waiting' }));
    await until(() => started[0]?.checked.length === 1);
    await process.close();
    expect((await hang).code).toBe('CANCELLED');
    expect((await waiting).code).toBe('CANCELLED');
    expect((await rejected(process.prepare({ bytes, name: 'after' }))).code).toBe('CANCELLED');
    expect(alive()).toBe(0);
    expect(started).toHaveLength(1);
  });
});
