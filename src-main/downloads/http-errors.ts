import { CancelledError, SnugError, type ErrorCode } from '../contract/errors.ts';
import type { Remedy } from '../contract/remedies.ts';

/** What may pass by itself: worth another try after a while. */
export class PassingError extends SnugError {
  /** as long as the other side asked for, in milliseconds */
  readonly waitMilliseconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      advice: string;
      remedies?: readonly Remedy[];
      cause?: unknown;
      waitMilliseconds?: number | undefined;
    },
  ) {
    super(code, message, options);
    this.waitMilliseconds = options.waitMilliseconds;
  }
}

export const LATER = 'Check the connection and try again; what was downloaded is kept.';

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known here',
  EAI_AGAIN: 'its name is not known here',
  ECONNREFUSED: 'nothing answers there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_ABORTED: 'the connection was cut',
  ENETUNREACH: 'there is no network',
  ENETDOWN: 'there is no network',
  EHOSTUNREACH: 'there is no way to it',
  EADDRNOTAVAIL: 'there is no network',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'it has stopped sending',
};

const IS_CERTIFICATE = /CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/;

export const PRIVATE_REFUSED = 'SNUG_PRIVATE_REFUSED';

/** What went wrong between this machine and a host, in plain words; what is said already stays as it is. */
export function networkError(error: unknown, host: string): SnugError {
  if (error instanceof SnugError) return error;
  if (!(error instanceof Error)) return new PassingError('OFFLINE', String(error), { advice: LATER });
  if (error.name === 'AbortError') return new CancelledError();
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === PRIVATE_REFUSED) return privateRefusal(host, error);
  if (/Proxy Authentication Required|\(407\)/.test(error.message))
    return new SnugError('OFFLINE', 'the proxy of this network asks for a name and a password', {
      advice: 'Set HTTPS_PROXY to http://NAME:PASSWORD@HOST:PORT, or ask who runs the network.',
      cause: error,
    });
  if (IS_CERTIFICATE.test(code))
    return new SnugError('OFFLINE', `${host} does not prove that it is ${host} (${code})`, {
      advice:
        'If this network asks you to sign in, do so in a browser first. If a company’s proxy stands between, set NODE_EXTRA_CA_CERTS to its certificate.',
      cause: error,
    });
  return new PassingError('OFFLINE', `${host} cannot be reached: ${reasonOf(error, code)}`, {
    advice: LATER,
    cause: error,
  });
}

function reasonOf(error: Error, code: string): string {
  if (code.startsWith('HPE_')) return 'its answer is not HTTP';
  // several addresses of a host were tried
  const [first] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [];
  return REASONS[code] ?? REASONS[first?.code ?? ''] ?? error.message;
}

/** What leads from the internet to this machine or its network. */
export function privateRefusal(host: string, cause?: unknown): SnugError {
  return new SnugError('HUB', `${host} is an address of this machine or of the network around it`, {
    advice:
      'A hub on the internet has no reason to send Snug there, so nothing was asked. If you use a mirror of your own, set its address as the hub’s.',
    cause,
  });
}
