import { describe, expect, it } from 'vitest';
import { Dispatcher } from '../../../src-main/doors/dispatcher.ts';
import type { Api } from '../../../src-main/contract/api.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';

/** Remembers what reached it. */
function recordingApi(): { api: Api; seen: unknown[] } {
  const seen: unknown[] = [];
  const settings = {
    get: () => Promise.resolve({ theme: 'dark' }),
    set: (change: unknown) => Promise.resolve(seen.push(change)),
    reset: () => Promise.reject(new SnugError('DISK_FULL', 'no room', { advice: 'Make some.' })),
  };
  return { api: { settings } as unknown as Api, seen };
}

describe('a call from a window', () => {
  it('runs a method and answers under its number', async () => {
    const { api } = recordingApi();
    const reply = await new Dispatcher(api).run({ id: 7, service: 'settings', method: 'get', argument: {} });
    expect(reply).toEqual({ id: 7, value: { theme: 'dark' } });
  });

  it.each([
    ['a value of the wrong type', { theme: 3 }],
    ['a field that no one declared', { theme: 'dark', danger: true }],
    ['no object at all', 'theme'],
  ])('never reaches a service with %s', async (_, argument) => {
    const { api, seen } = recordingApi();
    const reply = await new Dispatcher(api).run({ id: 1, service: 'settings', method: 'set', argument });
    expect(reply).toMatchObject({ id: 1, error: { code: 'BAD_ARGUMENT' } });
    expect(seen).toEqual([]);
  });

  it.each([
    ['settings', 'constructor'],
    ['settings', 'toString'],
    ['__proto__', 'get'],
    ['toString', 'call'],
    ['store', 'drop'],
  ])('cannot name %s.%s, which is in no contract', async (service, method) => {
    const { api } = recordingApi();
    const reply = await new Dispatcher(api).run({ id: 2, service, method, argument: {} });
    expect(reply).toMatchObject({
      error: { code: 'BAD_ARGUMENT', message: `there is no method ${service}.${method}` },
    });
  });

  it('carries an error with its code and advice', async () => {
    const { api } = recordingApi();
    const reply = await new Dispatcher(api).run({
      id: 3,
      service: 'settings',
      method: 'reset',
      argument: {},
    });
    expect(reply).toMatchObject({ id: 3, error: { code: 'DISK_FULL', advice: 'Make some.' } });
  });

  it.each([
    { id: 5, service: 'settings' },
    { id: 5, service: 'settings', method: 7, argument: {} },
    { id: 5, service: 's'.repeat(33), method: 'get', argument: {} },
    { id: 5, service: 'settings', method: 'get', argument: {}, more: 1 },
    { id: 5 },
  ])('of a bad shape is answered where its number can be read: %j', async (message) => {
    const { api } = recordingApi();
    const reply = await new Dispatcher(api).run(message);
    expect(reply).toMatchObject({
      id: 5,
      error: { code: 'BAD_ARGUMENT', message: expect.stringContaining('no call') as string },
    });
  });

  it.each([
    undefined,
    null,
    'text',
    42,
    [],
    { id: -1 },
    { id: 1.5, service: 'settings', method: 'get', argument: {} },
    { service: 'settings', method: 'get' },
  ])('that cannot even be read is dropped: %j', async (message) => {
    const { api } = recordingApi();
    expect(await new Dispatcher(api).run(message)).toBeUndefined();
  });
});
