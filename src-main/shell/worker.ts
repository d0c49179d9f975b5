import { utilityProcess } from 'electron';
import { lastWordsOf, type StartWorker } from '../engine/worker-process.ts';
import type { FromWorker } from '../engine/worker-protocol.ts';

/** Starts a worker as an Electron utility process: the same messages as over child_process. */
export const startUtilityProcess: StartWorker = (entry) => {
  const child = utilityProcess.fork(entry, [], {
    stdio: ['ignore', 'ignore', 'pipe'],
    serviceName: 'Snug worker',
  });
  return {
    post: (message) => child.postMessage(message),
    onMessage: (listener) => void child.on('message', (message) => listener(message as FromWorker)),
    // Electron tells no signal; a killed process has a code above 0
    onExit: (listener) => void child.on('exit', (code) => listener(code, null)),
    kill: () => void child.kill(),
    lastWords: lastWordsOf(child.stderr),
  };
};
