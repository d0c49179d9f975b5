import type { Api } from '../../src-main/contract/api.ts';

/** An Api whose methods all go through one function, typed from the contract. */
export function callingProxy(
  call: (service: string, method: string, argument: unknown) => Promise<unknown>,
): Api {
  const serviceOf = (service: string) =>
    new Proxy({}, { get: (_, method) => (argument: unknown) => call(service, String(method), argument) });
  return new Proxy({}, { get: (_, service) => serviceOf(String(service)) }) as Api;
}
