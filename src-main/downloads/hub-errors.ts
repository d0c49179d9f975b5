import { SnugError } from '../contract/errors.ts';
import type { Remedy } from '../contract/remedies.ts';
import { visibleLine } from '../text/visible-text.ts';
import type { Answer } from './http.ts';
import { LATER, PassingError } from './http-errors.ts';

/** What was asked for, for the words of a refusal. */
export interface AskedFor {
  readonly repository: string;
  readonly revision: string;
  readonly path?: string | undefined;
  /** the repository's page, where a licence is accepted */
  readonly page: string;
  readonly hub: URL;
  readonly hasToken: boolean;
}

const SHOWN_LETTERS = 200;
const GIVE_TOKEN: Remedy = { kind: 'give-token' };

/** Why the hub, or the storage that it led to, did not give what was asked for: its status and headers as an error. */
export function refusal(answer: Answer, asked: AskedFor): SnugError {
  const { status, headers, address } = answer;
  if (status === 408 || status === 425 || status === 429 || status >= 500) return passing(answer);
  if (status === 416) return shorter(asked);
  if (address.origin !== asked.hub.origin && (status === 401 || status === 403 || status === 404))
    // a link to the storage is good for a while: the hub gives a new one
    return new PassingError('HUB', `${address.host} refuses the file (HTTP ${status})`, { advice: LATER });
  const code = headers.get('x-error-code');
  if (code === 'GatedRepo') return gated(asked);
  if (status === 401 || status === 403) return notAllowed(answer, asked);
  if (status === 404 || status === 410) return notFound(code, asked);
  return new SnugError('HUB', `${address.host} answered HTTP ${status}${said(headers)}`, {
    advice: 'Try again later, or check the address of the hub.',
  });
}

function said(headers: Headers): string {
  const message = headers.get('x-error-message');
  return message === null ? '' : `: ${visibleLine(message, SHOWN_LETTERS)}`;
}

function passing({ status, headers, address }: Answer): PassingError {
  const waitMilliseconds = askedWait(headers);
  if (status === 429)
    return new PassingError(
      'RATE_LIMITED',
      `${address.host} asks to wait: too much was asked for from here`,
      {
        advice:
          'Wait a few minutes and try again; what was downloaded is kept. With a token the hub allows more.',
        remedies: [GIVE_TOKEN],
        waitMilliseconds,
      },
    );
  return new PassingError('HUB', `${address.host} has a fault of its own (HTTP ${status})`, {
    advice: 'Try again later; what was downloaded is kept.',
    waitMilliseconds,
  });
}

/** Milliseconds that an answer asks to wait: Retry-After in seconds or as a date, or the rest of the hub's window (`RateLimit: …;t=55`). */
function askedWait(headers: Headers): number | undefined {
  const after = headers.get('retry-after')?.trim() ?? '';
  const seconds = /^\d+$/.test(after) ? after : /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function gated({ repository, page, hasToken }: AskedFor): SnugError {
  const remedies: Remedy[] = [{ kind: 'open-page', address: page }, GIVE_TOKEN];
  if (hasToken)
    return new SnugError('NEEDS_LICENCE', `your account may not download ${repository} yet`, {
      advice: `Accept its licence at ${page} with the account of your token; some publishers answer by hand, which takes days.`,
      remedies,
    });
  return new SnugError('NEEDS_LICENCE', `${repository} is given only to those who accept its licence`, {
    advice: `Sign in and accept it at ${page}, make an access token there that may read, and give it to Snug.`,
    remedies,
  });
}

function notAllowed({ status, headers, address }: Answer, asked: AskedFor): SnugError {
  const message = headers.get('x-error-message') ?? '';
  if (/disabled/i.test(message))
    return new SnugError('HUB', `the hub has closed ${asked.repository}${said(headers)}`, {
      advice: 'Choose another repository.',
    });
  const isUnknownToken = asked.hasToken && headers.get('x-error-code') !== 'RepoNotFound';
  if (status === 401 && isUnknownToken)
    return new SnugError('TOKEN_REFUSED', `${address.host} does not accept your token${said(headers)}`, {
      advice: 'It may have been revoked or copied in part: make a new one, or remove it.',
      remedies: [{ kind: 'open-page', address: new URL('/settings/tokens', asked.hub).href }, GIVE_TOKEN],
    });
  if (status === 401) return notFound('RepoNotFound', asked);
  return new SnugError('HUB', `${address.host} refuses ${asked.repository}${said(headers)}`, {
    advice: 'Open its page in a browser to see why.',
    remedies: [{ kind: 'open-page', address: asked.page }],
  });
}

function notFound(code: string | null, asked: AskedFor): SnugError {
  const { repository, revision, path, hasToken, hub } = asked;
  // a hub does not tell those who may not see a repository from those who ask for one that isn't there
  if (code === 'RepoNotFound' || (code === null && path === undefined))
    return new SnugError('NOT_FOUND', `${hub.host} has no repository ${repository}, or it is private`, {
      advice: `Check its name${hasToken ? ' and whether the account of your token may see it' : '; if it is private, give Snug a token'}.`,
      remedies: hasToken ? [] : [GIVE_TOKEN],
    });
  if (code === 'RevisionNotFound')
    return new SnugError('NOT_FOUND', `${repository} has no revision ${revision}`, {
      advice: 'Take main, or a branch, tag or commit that its page lists.',
    });
  return new SnugError('NOT_FOUND', `${repository} has no file ${path ?? ''} at ${revision}`, {
    advice: 'It may have been renamed or removed: look at the files of the repository again.',
  });
}

function shorter({ repository, path }: AskedFor): SnugError {
  return new SnugError('CHANGED', `${path ?? 'a file'} of ${repository} is shorter than the hub said`, {
    advice: 'It was replaced meanwhile: look at the repository again and start anew.',
  });
}

/** Something answers in the hub's place: the page where a hotel's or a train's network asks to sign in. */
export function portal(host: string): SnugError {
  return new SnugError('OFFLINE', `a web page came in place of what ${host} should send`, {
    advice:
      'If this network asks you to sign in, do so in a browser, then try again. What was downloaded is kept.',
  });
}

/** The hub, or a proxy on the way, sent what cannot be right; another try may be answered better. */
export function brokenAnswer(host: string, what: string): PassingError {
  return new PassingError('HUB', `${host} ${what}`, {
    advice: 'Try again later, or check the address of the hub; what was downloaded is kept.',
  });
}
