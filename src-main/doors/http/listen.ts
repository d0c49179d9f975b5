import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SnugError } from '../../contract/errors.ts';

/** A request comes from this machine: its head is there at once, a picture of the largest size within seconds. */
export const LOCAL_TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
};

/** Listens on this machine alone; returns the port, which is a free one for 0. */
export async function listenLocally(http: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
    // never another address: whoever reaches this port may ask
    http.listen(port, '127.0.0.1', resolve);
  });
  return (http.address() as AddressInfo).port;
}

function listenError(error: NodeJS.ErrnoException, port: number): Error {
  const way = { advice: 'Choose another one, or none.', remedies: [{ kind: 'choose-port' }] } as const;
  if (error.code === 'EADDRINUSE') return new SnugError('BUSY', `port ${port} is in use`, way);
  if (error.code === 'EACCES')
    return new SnugError('BAD_ARGUMENT', `the system does not give out port ${port}`, way);
  return error;
}
