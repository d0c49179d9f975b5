import { CancelledError, REPORT_IT, SnugError, type ErrorCode } from '../contract/errors.ts';
import type { Remedy } from '../contract/remedies.ts';
import { RESUMABLE_WORK } from '../files/write-error.ts';

/** A model that computes values which are no numbers, wherever it is found out. */
export const BROKEN_MODEL =
  'Its file is damaged or was made badly: get it again, or fit it again from its original.';

const NOT_LOADED =
  'The file may be damaged, or made for a newer llama.cpp: take another conversion of this model, or update Snug.';
const LESS_MEMORY = 'Close other programs, or use a smaller model or a shorter context.';

/** What a person is told of an error of the addon. */
interface Told {
  readonly code: ErrorCode;
  readonly advice: string;
  readonly remedies?: readonly Remedy[];
}

/** The addon was called wrongly: by Snug, not by the person. */
const BUG: Told = { code: 'BUG', advice: REPORT_IT };

/**
 * Every code of native/error_codes.def but CANCELLED, which is no failure, with what is told of it. The words of what happened come from
 * where it happened.
 */
export const NATIVE_ERRORS = {
  OUT_OF_MEMORY: { code: 'OUT_OF_MEMORY', advice: LESS_MEMORY },

  FILE: { code: 'FILE', advice: 'Check that its disk is connected and works, and try again.' },
  CANNOT_WRITE: {
    code: 'CANNOT_WRITE',
    advice: RESUMABLE_WORK.refused,
    remedies: RESUMABLE_WORK.elsewhere,
  },
  DISK_FULL: { code: 'DISK_FULL', advice: RESUMABLE_WORK.full },

  MODEL_LOAD: { code: 'MODEL_LOAD', advice: NOT_LOADED },
  MMPROJ_LOAD: { code: 'MMPROJ_LOAD', advice: NOT_LOADED },
  CANNOT_SEE: {
    code: 'CANNOT_SEE',
    advice: 'Give it its vision file (mmproj), or choose a model that has one.',
    remedies: [{ kind: 'add-vision-file' }, { kind: 'choose-model' }],
  },
  UNSUPPORTED: {
    code: 'UNSUPPORTED_MODEL',
    advice: 'Choose another model, or a file of this one that is quantized already.',
  },
  INCOHERENT: { code: 'INCOHERENT', advice: BROKEN_MODEL },

  CONTEXT_FULL: {
    code: 'CONTEXT_FULL',
    advice: 'Send less text, or fewer pictures, or use a longer context.',
  },
  PICTURE: {
    code: 'BAD_PICTURE',
    advice: 'Open it in a picture viewer and save it again, or use another picture.',
  },
  TOO_FEW_TOKENS: {
    code: 'TOO_FEW_TOKENS',
    advice: 'Use a calibration set with more pictures or texts, or fewer clusters.',
  },

  NO_CPU_BACKEND: { code: 'NATIVE', advice: 'Start Snug again; if it happens again, install it again.' },
  // arguments were checked before: what is left for llama.cpp to fail at is the memory
  CONTEXT_FAILED: { code: 'OUT_OF_MEMORY', advice: LESS_MEMORY },
  COMPUTE_FAILED: { code: 'NATIVE', advice: REPORT_IT },
  NATIVE: { code: 'NATIVE', advice: REPORT_IT },

  BATCH_SIZE: BUG,
  BUSY: BUG,
  CALLBACK_THREW: BUG,
  CLOSED: BUG,
  NEEDS_IMPORTANCE: BUG,
  NO_PROMPT: BUG,
  NO_TAP: BUG,
  PROBE: BUG,
  QUANTIZE: BUG,
  TAP: BUG,
  TOKENIZE: BUG,
} as const satisfies Readonly<Record<string, Told>>;

function toldOf(code: string | undefined): Told {
  const own = code !== undefined && Object.hasOwn(NATIVE_ERRORS, code);
  return NATIVE_ERRORS[own ? (code as keyof typeof NATIVE_ERRORS) : 'NATIVE'];
}

/** What the addon threw or rejected with, as a SnugError with advice. */
export function nativeError(error: unknown): SnugError {
  if (error instanceof SnugError) return error;
  const { message, code } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  if (code === 'CANCELLED') return new CancelledError();
  // an argument of the wrong kind or out of range
  const told = error instanceof TypeError ? BUG : toldOf(code);
  return new SnugError(told.code, message, { advice: told.advice, remedies: told.remedies, cause: error });
}
