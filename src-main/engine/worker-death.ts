import { SnugError } from '../contract/errors.ts';
import { UsedFiles } from './used-files.ts';

const NO_ROOM = 'Close other programs and try again.';
const DAMAGED = 'Snug may be damaged: install it again.';

/** What the system says when it cannot start a process, by its error code. */
const START_FAILURES: Readonly<Record<string, readonly [reason: string, advice: string]>> = {
  EMFILE: ['Snug has too many files and connections open', NO_ROOM],
  ENFILE: ['too many files are open on this laptop', NO_ROOM],
  EAGAIN: ['too many programs are running', NO_ROOM],
  ENOMEM: ['there is no memory left for it', NO_ROOM],
  ENOENT: ['its program is missing', DAMAGED],
  EACCES: ['its program may not be run', DAMAGED],
  EPERM: ['its program may not be run', DAMAGED],
};

/** A process that computes could not be started. */
export function startFailure(error: unknown): SnugError {
  if (error instanceof SnugError) return error;
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  const [reason, advice] = START_FAILURES[code] ?? [message, 'Try again; if it happens again, restart Snug.'];
  return new SnugError('CANNOT_START', `the model’s process could not be started: ${reason}`, {
    advice,
    cause: error,
  });
}

/** Windows's STATUS_IN_PAGE_ERROR: what a mapped file holds could not be read. */
const IN_PAGE_ERROR = 0xc000_0006;

/** A process that computes ended without being told to; `files` are those that it was given. */
export function deathOf(
  code: number | null,
  signal: string | null,
  words: string,
  files = new UsedFiles(),
): SnugError {
  // a page of a mapped file that is not there any more
  if (signal === 'SIGBUS' || (code !== null && code >>> 0 === IN_PAGE_ERROR)) return fileLost(files);
  if (signal === 'SIGILL') {
    return new SnugError('UNSUPPORTED_CPU', 'this processor lacks instructions that llama.cpp needs', {
      advice: 'Snug needs a 64-bit Intel, AMD or ARM processor with vector instructions (SSE4.2 or NEON).',
    });
  }
  // the kernel's out-of-memory killer uses SIGKILL, and so do we for one that hangs
  if (signal === 'SIGKILL') {
    return died('the model stopped, probably out of memory', words, {
      advice: 'Close other programs, or use a smaller model or a shorter context.',
    });
  }
  // V8 then prints a page of addresses, which tells a person nothing
  if (words.includes('JavaScript heap out of memory')) {
    return died('the model’s process ran out of memory over the text', '', {
      advice:
        'Start a new conversation, or choose another model: the chat template of this one may be broken.',
    });
  }
  const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
  return died(`the model’s process ${how}`, words, {
    advice: 'Try again; if it happens again, report it with the text above.',
  });
}

function fileLost({ fate }: UsedFiles): SnugError {
  switch (fate?.state) {
    case 'gone':
      return new SnugError('FILE', `${fate.path} went away while it was in use`, {
        advice: 'Bring it back, or connect its drive again, and try again.',
      });
    case 'changed':
      return new SnugError('FILE', `${fate.path} was changed while it was in use`, {
        advice: 'Try again once nothing writes to it. If it was cut off, get it again.',
      });
    default:
      return new SnugError('FILE', 'the model’s file could not be read while it was in use', {
        advice: 'Check that its drive is connected and works, and try again.',
      });
  }
}

function died(how: string, words: string, options: { advice: string }): SnugError {
  return new SnugError('WORKER_DIED', `${how}${words ? `: ${words}` : ''}`, options);
}
