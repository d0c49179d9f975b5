import { onTestFinished } from 'vitest';
import { Http } from '../../../src-main/downloads/http.ts';
import { Hub, type HubOptions } from '../../../src-main/downloads/hub.ts';
import { SHORT_PATIENCE, type RetryPolicy } from '../../../src-main/downloads/retry.ts';
import type { TestHub } from '../../helpers/hub/test-hub.ts';

/** Speaks HTTP until the running test ends. */
export function testHttp(options: ConstructorParameters<typeof Http>[0] = {}): Http {
  const http = new Http(options);
  onTestFinished(() => http[Symbol.asyncDispose]());
  return http;
}

/** As patient as Snug is, and much quicker. */
export const QUICK: RetryPolicy = { ...SHORT_PATIENCE, firstMilliseconds: 2, mostMilliseconds: 20 };

export function clientOf(hub: TestHub, options: Partial<HubOptions> = {}): Hub {
  return new Hub({ http: testHttp(), address: hub.address, patience: QUICK, ...options });
}
