import { within } from '../doors/time-limit.ts';
import { toErrorData } from '../contract/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As a shell tells it: ended by Ctrl-C. */
const STOPPED = 130;
/** A worker may take some seconds to keep what it has done. */
const STEP_MILLISECONDS = 4500;

/** What of the process is needed to end it. */
export interface Program {
  on(signal: (typeof SIGNALS)[number], listener: () => void): unknown;
  off(signal: (typeof SIGNALS)[number], listener: () => void): unknown;
  exit(code: number): unknown;
}

export interface Step {
  /** what is closed, in words */
  readonly name: string;
  close(): Promise<void>;
}

/**
 * Ends the program on the first signal, when every step has been taken: also after one that failed, and with no step longer than its
 * limit. A second signal ends it at once. Disposing it leaves signals to the system again.
 */
export function endOnSignal(
  steps: readonly Step[],
  program: Program,
  { tell, milliseconds = STEP_MILLISECONDS }: { tell: (text: string) => void; milliseconds?: number },
): Disposable {
  let ending = false;
  const end = async () => {
    if (ending) return program.exit(STOPPED);
    ending = true;
    let code = 0;
    for (const step of steps) {
      try {
        await within(milliseconds, step.close(), 'it took too long');
      } catch (error) {
        code = 1;
        tell(`${step.name} could not be closed: ${toErrorData(error).message}`);
      }
    }
    return program.exit(code);
  };
  const onSignal = () => void end();
  for (const signal of SIGNALS) program.on(signal, onSignal);
  return {
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) program.off(signal, onSignal);
    },
  };
}
