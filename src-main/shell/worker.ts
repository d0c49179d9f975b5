import { constants } from 'node:os';
import { utilityProcess } from 'electron';
import { lastWordsOf, type StartProcess } from '../engine/worker-port.ts';

/** Signals that end a worker against its will, by their number in the status that waitpid gives. */
const FATAL: ReadonlyMap<number, string> = new Map(
  (['SIGILL', 'SIGABRT', 'SIGBUS', 'SIGKILL', 'SIGSEGV'] as const).map((name) => [
    constants.signals[name],
    name,
  ]),
);

/** A process that has not begun in this time never will: Electron has no event for one that the system refuses. */
const START_MILLISECONDS = 20_000;

/** Electron tells a worker's end as one number: on Windows its exit code, elsewhere waitpid's status. */
export function endOf(status: number, platform: NodeJS.Platform): { code: number; signal: string | null } {
  if (platform === 'win32') return { code: status, signal: null };
  // the low seven bits are the signal, 0 for a process that ended by itself
  return { code: status, signal: FATAL.get(status & 0x7f) ?? null };
}

/** Starts a worker as an Electron utility process: the same messages as over child_process. */
export const startUtilityProcess: StartProcess = (entry) => {
  const child = utilityProcess.fork(entry, [], {
    stdio: ['ignore', 'ignore', 'pipe'],
    serviceName: 'Snug worker',
  });
  // its end is told by `exit`; an error that nobody hears would end the app
  child.on('error', () => undefined);
  let gone = false;
  child.once('exit', () => (gone = true));
  return {
    // a process that is gone takes no message; its end is told by onExit
    post: (message) => {
      if (!gone) child.postMessage(message);
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      const timer = setTimeout(() => {
        listener(null, null, new Error('the system did not start it'));
      }, START_MILLISECONDS);
      child.once('spawn', () => clearTimeout(timer));
      child.once('exit', (status) => {
        clearTimeout(timer);
        const { code, signal } = endOf(status, process.platform);
        listener(code, signal);
      });
    },
    kill: () => void child.kill(),
    lastWords: lastWordsOf(child.stderr),
  };
};
