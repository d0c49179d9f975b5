import { join } from 'node:path';
import { truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StartWorker } from '../../../src-main/engine/worker-port.ts';
import type { FromWorker, ToWorker } from '../../../src-main/engine/worker-protocol.ts';
import { ModelReader } from '../../../src-main/services/model-reader.ts';
import { writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

type Call = Extract<ToWorker, { kind: 'call' }>;

/** Processes that do with each call what they are told to: answer with the path, say nothing more, or end. */
function processes(behave: (path: string) => 'answer' | 'hang' | 'die') {
  const calls: string[] = [];
  let [running, started] = [0, 0];
  const start: StartWorker = () => {
    let tell: (message: FromWorker) => void = () => undefined;
    let ended: (code: number | null, signal: string | null) => void = () => undefined;
    let isOver = false;
    running++;
    started++;
    const end = (signal: string | null) => {
      if (isOver) return;
      isOver = true;
      running--;
      setImmediate(() => ended(null, signal));
    };
    const take = ({ id, argument }: Call) => {
      const { path } = argument as { path: string };
      calls.push(`begin ${path}`);
      const how = behave(path);
      if (how === 'die') end('SIGSEGV');
      if (how !== 'answer') return;
      setImmediate(() => {
        calls.push(`end ${path}`);
        tell({ kind: 'result', id, value: path });
      });
    };
    return {
      post: (message) => {
        if (message.kind === 'call') take(message);
        if (message.kind === 'close') end(null);
      },
      onMessage: (listener) => (tell = listener),
      onExit: (listener) => (ended = listener),
      kill: () => end('SIGKILL'),
      lastWords: () => '',
    };
  };
  return { start, calls, running: () => running, started: () => started };
}

function readerOf(start: StartWorker | undefined, limit = 10_000): ModelReader {
  const reader = new ModelReader(start, limit);
  onTestFinished(() => reader.close());
  return reader;
}

describe('headers', () => {
  it('are read one after the other in one process', async () => {
    const { start, calls, started } = processes(() => 'answer');
    const reader = readerOf(start);
    await Promise.all(['a', 'b', 'c'].map((path) => reader.findMmproj({ path })));
    expect(calls).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
    expect(started()).toBe(1);
  });

  it('that take too long are given up, and the next file is read by another process', async () => {
    const { start, started, running } = processes((path) => (path === 'slow' ? 'hang' : 'answer'));
    const reader = readerOf(start, 50);
    const slow = rejected(reader.findMmproj({ path: 'slow' }));
    const next = reader.findMmproj({ path: 'next' });
    expect((await slow).message).toBe('slow could not be read within 0.05 seconds');
    expect(await next).toBe('next');
    expect(started()).toBe(2);
    expect(running()).toBe(1);
  });

  it('that end their process name their file, and the next file is read by another process', async () => {
    const { start, started } = processes((path) => (path === 'bad' ? 'die' : 'answer'));
    const reader = readerOf(start);
    const bad = rejected(reader.findMmproj({ path: 'bad' }));
    const next = reader.findMmproj({ path: 'next' });
    expect((await bad).message).toContain('the process that reads bad ended');
    expect(await next).toBe('next');
    expect(started()).toBe(2);
  });

  it('are not read any more once it is closed, and no process is left', async () => {
    const { start, running } = processes(() => 'hang');
    const reader = readerOf(start);
    const first = rejected(reader.findMmproj({ path: 'a' }));
    const second = rejected(reader.findMmproj({ path: 'b' }));
    await new Promise(setImmediate);
    await reader.close();
    expect((await first).code).toBe('CANCELLED');
    expect((await second).code).toBe('CANCELLED');
    expect(running()).toBe(0);
  });
});

describe('the process that reads', () => {
  it('tells what a file is, and what is wrong with one', async () => {
    const folder = temporaryFolder();
    const path = writeTextModel(folder);
    const letter = join(folder, 'letter.gguf');
    writeFileSync(letter, 'Dear reader');
    const reader = readerOf(undefined);
    expect(await reader.kind({ path })).toBe('text');
    expect((await reader.describe({ path, mmprojPath: null })).description).toMatchObject({
      name: 'Small',
      problem: null,
    });
    expect((await rejected(reader.kind({ path: letter }))).code).toBe('NOT_GGUF');
    truncateSync(path, 100);
    expect((await rejected(reader.inspect({ path }))).code).toBe('BROKEN_GGUF');
  });
});
