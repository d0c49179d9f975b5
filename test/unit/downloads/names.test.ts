import type * as Dns from 'node:dns';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { testHttp } from './hub-client.ts';
import { lookupPublic } from '../../../src-main/downloads/proxy.ts';
import { TestHub } from '../../helpers/hub/test-hub.ts';
import { rejected } from '../../helpers/thrown.ts';

const names = vi.hoisted(() => new Map<string, string[]>());

vi.mock('node:dns', async (original) => ({
  ...(await original<typeof Dns>()),
  lookup: (name: string, _options: object, done: (error: Error | null, found: object[]) => void) => {
    const found = (names.get(name) ?? []).map((address) => ({ address, family: 4 }));
    done(found.length > 0 ? null : Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), found);
  },
}));

beforeEach(() => names.clear());

function lookedUp(name: string, all: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    lookupPublic(name, { all }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

describe('a name of the internet', () => {
  it('that leads to this machine is not connected to', async () => {
    const hub = await TestHub.untilTestEnds();
    names.set('public.example', ['127.0.0.1']);
    const address = new URL(`http://public.example:${new URL(hub.address).port}/`);
    expect(await rejected(testHttp().get(address, { reach: 'public' }))).toMatchObject({
      code: 'HUB',
      message: expect.stringContaining('public.example') as string,
    });
    expect(hub.asked).toEqual([]);
  });

  it('keeps its public addresses alone', async () => {
    names.set('mixed.example', ['192.168.1.1', '8.8.8.8', '169.254.169.254', '1.1.1.1']);
    expect(await lookedUp('mixed.example', true)).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '1.1.1.1', family: 4 },
    ]);
    expect(await lookedUp('mixed.example', false)).toBe('8.8.8.8');
  });

  it('that nobody knows is told as such', async () => {
    const error = await rejected(testHttp().get(new URL('http://gone.example/'), { reach: 'public' }));
    expect(error).toMatchObject({ code: 'OFFLINE', message: expect.stringContaining('name') as string });
  });
});
