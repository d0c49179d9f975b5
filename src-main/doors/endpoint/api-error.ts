import { isCancelled, SnugError, toErrorData, type ErrorCode } from '../../contract/errors.ts';

/** An error as OpenAI's clients know it (https://platform.openai.com/docs/guides/error-codes). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string | null;
  /** the part of the request that it is about */
  readonly param: string | null;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    message: string,
    {
      code = null,
      param = null,
      retryAfterSeconds,
    }: { code?: string | null; param?: string | null; retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    const { message, param, code } = this;
    return { error: { message, type: typeOf(this.status), param, code } };
  }
}

function typeOf(status: number): string {
  if (status === 401 || status === 403) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

const BAD_REQUESTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_ARGUMENT',
  'BAD_PICTURE',
  'CANNOT_SEE',
  'CONTEXT_FULL',
]);
/** What may come right by itself, or by what a person does at this machine. */
const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DOES_NOT_FIT',
  'FILE',
  'MODEL_UNLOADED',
  'OUT_OF_MEMORY',
  'WORKER_DIED',
]);
/** A client asks again after that; an answer takes some seconds. */
const RETRY_SECONDS = 5;

/** Any error of the services as such; what no code of the contract names is a fault of Snug's own. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isCancelled(error))
    return new ApiError(503, 'the model was taken out of memory; ask again', { code: 'model_unloaded' });
  if (!(error instanceof SnugError)) return new ApiError(500, toErrorData(error).message, { code: 'bug' });
  const { code, message, advice } = error;
  const words = advice === undefined ? message : `${message}. ${advice}`;
  if (code === 'CONTEXT_FULL')
    return new ApiError(400, words, { code: 'context_length_exceeded', param: 'messages' });
  if (code === 'BUSY') return new ApiError(429, words, { code: 'busy', retryAfterSeconds: RETRY_SECONDS });
  const status = BAD_REQUESTS.has(code) ? 400 : UNAVAILABLE.has(code) ? 503 : 500;
  return new ApiError(status, words, { code: code.toLowerCase(), param: status === 400 ? 'messages' : null });
}
