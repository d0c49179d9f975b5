import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { EventBus } from '../../src-main/services/event-bus.ts';

/** What is open in this process, each thing in words; the same words as often as there are such things. */
export type OpenThings = readonly string[];

/** These come and go by themselves: reads and writes that run, the next turn of the loop. */
const PASSING =
  /^(?:FSReq|GetAddrInfo|GetNameInfo|Immediate|TickObject|PipeConnect|TCPConnect|WriteWrap|ShutdownWrap)/;
/** The streams of this process, and its channel to who started it. */
const OWN_FILES = /^(?:\/dev\/(?!shm\/)|\/proc\/|\/sys\/|pipe:|socket:|anon_inode:)/;
/** The addon's, which is loaded once and ends its work with the process. */
const STAYING_LISTENER = /abortEverything/;
const SHOWN_LETTERS = 60;

/** Undisposed listeners on any EventBus, by where they began to listen. */
const listening = new Map<symbol, string>();

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the `this` that it was called with
const { listen } = EventBus.prototype;
EventBus.prototype.listen = function (listener) {
  const kept = listen.call(this, listener);
  const key = Symbol();
  listening.set(key, callerOf(new Error().stack));
  return {
    [Symbol.dispose]: () => {
      listening.delete(key);
      kept[Symbol.dispose]();
    },
  };
};

const ofProcess: NodeJS.EventEmitter = process;

/** Everything that has to be ended by whoever began it. */
export function openThings(): OpenThings {
  return [
    ...process
      .getActiveResourcesInfo()
      .filter((type) => !PASSING.test(type))
      .map((type) => `a ${type}`),
    ...ofProcess
      .eventNames()
      .flatMap((name) =>
        ofProcess.listeners(name).map((one) => `a listener of ${String(name)}: ${sourceOf(one)}`),
      )
      .filter((words) => !STAYING_LISTENER.test(words)),
    ...[...listening.values()].map((place) => `a listener of an EventBus, from ${place}`),
    ...childProcesses(),
    ...openFiles(),
  ];
}

/** What is open now and was not before, after waiting so long for it to end. */
export async function leaksSince(before: OpenThings, milliseconds: number): Promise<OpenThings> {
  const until = performance.now() + milliseconds;
  for (;;) {
    const leaks = without(openThings(), before);
    if (leaks.length === 0 || performance.now() >= until) return leaks;
    await pause(20);
  }
}

/** The first list less the second, each entry as often as it is more often in the first. */
function without(things: OpenThings, others: OpenThings): OpenThings {
  const left = [...others];
  return things.filter((thing) => {
    const at = left.indexOf(thing);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** By command; Linux alone tells it. One that has ended and was not waited for (a zombie) counts as ended. */
function childProcesses(): OpenThings {
  return inProc('/proc/self/task', (tasks) =>
    tasks
      .flatMap((task) => textOf(`/proc/self/task/${task}/children`).split(' '))
      .filter((pid) => pid.trim() !== '' && !/^State:\s+Z/m.test(textOf(`/proc/${pid}/status`)))
      .map((pid) => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim())
      .filter((command) => command !== '')
      .map((command) => `a process: ${command}`),
  );
}

/** Files held open, a store's among them; Linux alone tells them. */
function openFiles(): OpenThings {
  return inProc('/proc/self/fd', (numbers) =>
    numbers.flatMap((number) => {
      const path = targetOf(`/proc/self/fd/${number}`);
      return path === '' || OWN_FILES.test(path) ? [] : [`an open file: ${path}`];
    }),
  );
}

function inProc(folder: string, find: (names: readonly string[]) => OpenThings): OpenThings {
  return process.platform === 'linux' ? find(readdirSync(folder)) : [];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // it ended meanwhile
    return '';
  }
}

function targetOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Enough of a function to find it. */
function sourceOf(listener: unknown): string {
  return String(listener).replaceAll(/\s+/g, ' ').slice(0, SHOWN_LETTERS);
}

function callerOf(stack = ''): string {
  return stack.split('\n')[2]?.trim().replace(/^at /, '') ?? 'somewhere';
}
