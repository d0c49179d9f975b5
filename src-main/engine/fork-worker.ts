import { fork, type ChildProcess } from 'node:child_process';
import { lastWordsOf, type ExitListener, type StartProcess } from './worker-port.ts';

/** A child whose channel is gone hears nothing any more; it ends itself at once, or is ended after this. */
const DEAF_MILLISECONDS = 3_000;

/** Starts a worker as a child process. */
export const forkWorker: StartProcess = (entry) => {
  const child = fork(entry, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // a memory-hungry child must not take the parent's inspector port or flags
    execArgv: [],
  });
  const kill = () => void child.kill('SIGKILL');
  child.once('disconnect', () => {
    const timer = setTimeout(kill, DEAF_MILLISECONDS);
    timer.unref();
    child.once('exit', () => clearTimeout(timer));
  });
  return {
    // a child that died a moment ago takes no message; its end is told by onExit
    post: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (listener) => child.on('message', listener),
    onExit: tellOfEnd(child),
    kill,
    lastWords: lastWordsOf(child.stderr),
  };
};

function tellOfEnd(child: ChildProcess): (listener: ExitListener) => void {
  let ended: Parameters<ExitListener> | undefined;
  const listeners: ExitListener[] = [];
  const tell = (...end: Parameters<ExitListener>) => {
    if (ended) return;
    ended = end;
    for (const listener of listeners) listener(...end);
  };
  child.once('exit', (code, signal) => tell(code, signal));
  // also told of a signal or a message that could not be sent; only a child without an id never began, and has no exit
  child.on('error', (error) => {
    if (child.pid === undefined) tell(null, null, error);
  });
  return (listener) => {
    if (ended) listener(...ended);
    else listeners.push(listener);
  };
}
