import { z } from 'zod';

export const DEFAULT_HUB = 'https://huggingface.co';

/** Addresses that lead nowhere but to this machine. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** Addresses of a home's or an office's own network (RFC 1918, RFC 4193, link-local). */
const PRIVATE =
  /^(10(\.\d{1,3}){3}|192\.168(\.\d{1,3}){2}|172\.(1[6-9]|2\d|3[01])(\.\d{1,3}){2}|169\.254(\.\d{1,3}){2}|\[f[cd][\da-f]{2}:.*\]|\[fe[89ab][\da-f]:.*\])$/;

/**
 * Why a text is no address of a hub; null for one that is. Anyone on the way can change what comes over http, hashes too: only this machine
 * and the person's own network may be asked so, by number, for a name could be answered by anybody.
 */
export function hubAddressProblem(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'Give an address, such as https://huggingface.co.';
  }
  if (url.username !== '' || url.password !== '') return 'Give the address without a name or a password.';
  if (url.search !== '' || url.hash !== '') return 'Give the address without what follows ? or #.';
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return 'Give an address that begins with https://.';
  if (LOOPBACK.test(url.hostname) || PRIVATE.test(url.hostname)) return null;
  return 'Give an address that begins with https://: what comes over http can be changed on the way. http is for this machine and addresses such as 192.168.1.2.';
}

/** Whether what is said to it can be read by nobody on the way, so that a token may be sent. */
export function mayHaveToken(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || LOOPBACK.test(hostname);
}

/** Whom a hub's token is sent to: scheme, host and port. */
export function tokenHub(address: string): string {
  return new URL(address).origin;
}

/** A hub's address without a slash at its end. */
export const hubAddressSchema = z
  .string()
  .trim()
  .max(2000)
  .superRefine((text, context) => {
    const problem = hubAddressProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((text) => text.replace(/\/+$/, ''));
