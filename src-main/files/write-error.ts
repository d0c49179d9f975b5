import { SnugError, type ErrorCode } from '../contract/errors.ts';
import type { Remedy } from '../contract/remedies.ts';

/** What can be done where a file cannot be written: it depends on what was being done. */
export interface WritingAdvice {
  /** once the disk is full */
  readonly full: string;
  /** where the place may not be written to */
  readonly refused: string;
  /** the same as remedies */
  readonly elsewhere: readonly Remedy[];
}

export const RESUMABLE_WORK: WritingAdvice = {
  full: 'Free some space and try again; it resumes where it stopped.',
  refused: 'Make that place writable, or choose another one.',
  elsewhere: [{ kind: 'choose-output' }, { kind: 'choose-models-folder' }, { kind: 'choose-home' }],
};

/** The system did not write a file. Whoever knows more of what was being done may advise better. */
class WriteError extends SnugError {
  constructor(code: WriteErrorCode, message: string, advice: WritingAdvice, cause: unknown) {
    super(code, message, {
      ...(code === 'DISK_FULL'
        ? { advice: advice.full }
        : { advice: advice.refused, remedies: advice.elsewhere }),
      cause,
    });
  }
}
type WriteErrorCode = Extract<ErrorCode, 'DISK_FULL' | 'CANNOT_WRITE'>;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission was denied',
  EPERM: 'permission was denied',
  EROFS: 'the disk is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'part of its path is a file',
  // what making a folder says where a file of that name is
  EEXIST: 'part of its path is a file',
  EISDIR: 'it is a folder',
  ELOOP: 'its path is a link, or leads in a circle of links',
  ENAMETOOLONG: 'its name is too long',
  EBUSY: 'another program is using it',
};

/**
 * Says in plain words why the system refused to write, as a SnugError DISK_FULL or CANNOT_WRITE; what says already something else stays as
 * it is. `advice`, where given, also takes the place of that of an error which was said so before.
 */
export function writeError(error: unknown, path: string, advice?: WritingAdvice): SnugError {
  if (error instanceof WriteError && advice)
    return new WriteError(error.code as WriteErrorCode, error.message, advice, error.cause);
  if (error instanceof SnugError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const said = advice ?? RESUMABLE_WORK;
  // Node says ENOSPC on Windows too; a quota's end has a code of its own on Unix alone
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new WriteError('DISK_FULL', `the disk is full: ${path} could not be written`, said, error);
  return new WriteError(
    'CANNOT_WRITE',
    `${path} cannot be written: ${REASONS[code] ?? message}`,
    said,
    error,
  );
}
