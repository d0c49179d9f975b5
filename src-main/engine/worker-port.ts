import type { WorkerContract } from '../contract/workers/worker-contract.ts';
import type { ToWorker } from './worker-protocol.ts';

/** How a process ended; `failure` is what the system said when it never began. */
export type ExitListener = (code: number | null, signal: string | null, failure?: Error) => void;

/** A started process as the supervisor needs it: child_process here, utilityProcess under Electron. */
export interface WorkerPort {
  post(message: ToWorker): void;
  /** what the process says, not yet checked */
  onMessage(listener: (message: unknown) => void): void;
  /** told once, also of a process that could not be started */
  onExit(listener: ExitListener): void;
  kill(): void;
  /** what it last wrote to stderr: llama.cpp prints a failed assertion there before it aborts */
  lastWords(): string;
}

/** Starts a process that runs a file; one that the system refuses ends as told by onExit, or throws at once. */
export type StartProcess = (entry: string) => WorkerPort;

/** The same, told what the process is asked. */
export type StartWorker = (entry: string, contract: WorkerContract) => WorkerPort;

const KEPT_STDERR_CHARACTERS = 4_000;

/** Keeps the end of what a process writes to stderr. */
export function lastWordsOf(stderr: NodeJS.ReadableStream | null | undefined): () => string {
  let words = '';
  stderr?.setEncoding('utf8');
  stderr?.on('data', (chunk: string) => (words = (words + chunk).slice(-KEPT_STDERR_CHARACTERS)));
  // words that cannot be read are missed; an error that nobody hears would end this process
  stderr?.on('error', () => undefined);
  return () => words.trim();
}
