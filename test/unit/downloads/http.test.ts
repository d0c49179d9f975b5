import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Hub } from '../../../src-main/downloads/hub.ts';
import type { Reach } from '../../../src-main/downloads/proxy.ts';
import { abandon } from '../../../src-main/downloads/read-body.ts';
import { certificateFor } from '../../helpers/hub/certificate.ts';
import { seeded } from '../../helpers/hub/content.ts';
import { TestHub } from '../../helpers/hub/test-hub.ts';
import { TestProxy } from '../../helpers/hub/test-proxy.ts';
import { rejected } from '../../helpers/thrown.ts';
import { clientOf, QUICK, testHttp } from './hub-client.ts';

const name = 'maker/model-GGUF';
const file = { repository: name, revision: 'main', path: 'model.gguf' };
const start = { start: 0, end: 4 };
const certificate = certificateFor(['huggingface.co', 'cdn.example']);

async function hubWithModel(): Promise<TestHub> {
  const hub = await TestHub.untilTestEnds();
  hub.put(name, { files: { [file.path]: seeded(10_000) } });
  return hub;
}

/** Since Node 24.5; not in the types yet. */
const { setDefaultCACertificates } = tls as unknown as {
  setDefaultCACertificates: (certificates: string[]) => void;
};

/** Vouches for a certificate until the running test ends. */
function trust(cert: Buffer): void {
  const before = tls.getCACertificates('default');
  setDefaultCACertificates([...before, cert.toString()]);
  onTestFinished(() => setDefaultCACertificates(before));
}

describe('a redirect', () => {
  const redirected = async (to: string, reach: Reach = 'anywhere') => {
    const hub = await hubWithModel();
    const proxy = await TestProxy.untilTestEnds(hub.address);
    const http = testHttp({ resolveProxy: () => Promise.resolve(`PROXY ${proxy.host}`) });
    hub.fail({ kind: 'redirect', to }, { at: /^\/start/ });
    return { hub, proxy, error: await rejected(http.get(new URL('http://hub.example/start'), { reach })) };
  };

  it.each(['file:///etc/passwd', 'ftp://a.example/', 'data:text/plain,GGUF', 'http://', 'javascript:0'])(
    'to %s is refused',
    async (to) => {
      expect((await redirected(to)).error.code).toBe('HUB');
    },
  );

  it.each([
    'http://127.0.0.1/model',
    'http://2130706433/model',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost:80/',
    'http://169.254.169.254/latest/meta-data',
    'http://192.168.0.1/',
    'http://10.0.0.1/',
    'http://router.local/',
  ])('from the internet to %s is refused, behind a proxy as well', async (to) => {
    const { error, proxy } = await redirected(to, 'public');
    expect(error).toMatchObject({ code: 'HUB', advice: expect.any(String) as string });
    expect(proxy.asked).toEqual(['GET http://hub.example/start']);
  });

  it('in a circle, or without end, is refused', async () => {
    expect((await redirected('/start')).error.message).toContain('circle');
    const hub = await hubWithModel();
    for (let i = 0; i < 20; i++)
      hub.fail({ kind: 'redirect', to: `/${i + 1}` }, { at: new RegExp(`^/${i}$`) });
    expect((await rejected(testHttp().get(new URL('/0', hub.address), { reach: 'anywhere' }))).code).toBe(
      'HUB',
    );
    expect(hub.asked.length).toBeLessThan(15);
  });

  it('without a place is an answer as it is', async () => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'status', status: 302 });
    const answer = await testHttp().get(new URL(hub.address), { reach: 'anywhere' });
    expect(answer.status).toBe(302);
    abandon(answer.body);
  });
});

describe('a proxy', () => {
  it('that the system names is used, for the hub and its storage', async () => {
    const hub = await hubWithModel();
    const proxy = await TestProxy.untilTestEnds(hub.address);
    const asked: string[] = [];
    const resolveProxy = (address: string) => {
      asked.push(address);
      // the storage has another port, which this proxy does not know
      return Promise.resolve(
        address.startsWith('http://192.168.7.7') ? `PROXY ${proxy.host}; DIRECT` : 'DIRECT',
      );
    };
    const client = clientOf(hub, { http: testHttp({ resolveProxy }), address: 'http://192.168.7.7' });
    expect((await client.readRange(file, start)).toString()).toBe('GGUF');
    expect(proxy.asked).toEqual([`GET http://192.168.7.7/${name}/resolve/main/model.gguf`]);
    expect(asked.at(-1)).toContain(hub.storageAddress);
  });

  it('of the environment is used, except for what NO_PROXY names', async () => {
    const hub = await hubWithModel();
    const proxy = await TestProxy.untilTestEnds(hub.address);
    vi.stubEnv('HTTP_PROXY', `http://${proxy.host}`);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    const read = () => clientOf(hub, { address: 'http://192.168.7.7' }).readRange(file, start);
    expect((await read()).toString()).toBe('GGUF');
    expect(proxy.asked).toHaveLength(1);
    expect((await clientOf(hub).readRange(file, start)).toString()).toBe('GGUF');
    expect(proxy.asked).toHaveLength(1);
  });

  it('that asks for a password says so', async () => {
    const hub = await hubWithModel();
    const proxy = await TestProxy.untilTestEnds(hub.address, { password: 'me:secret' });
    const resolveProxy = () => Promise.resolve(`PROXY ${proxy.host}`);
    const client = clientOf(hub, { http: testHttp({ resolveProxy }), address: 'http://192.168.7.7' });
    expect(await rejected(client.files(name))).toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('password') as string,
    });
    const known = testHttp({ resolveProxy: () => Promise.resolve(`PROXY me:secret@${proxy.host}`) });
    expect(
      (await clientOf(hub, { http: known, address: 'http://192.168.7.7' }).files(name)).files,
    ).toHaveLength(1);
  });

  it('that is not there is told', async () => {
    const hub = await hubWithModel();
    const resolveProxy = () => Promise.resolve('PROXY 127.0.0.1:1');
    const client = clientOf(hub, { http: testHttp({ resolveProxy }) });
    expect((await rejected(client.files(name))).code).toBe('OFFLINE');
  });
});

describe.runIf(certificate !== undefined)('the usual hub, by TLS through a proxy', () => {
  const usualHub = async (token?: string) => {
    const hub = await hubWithModel();
    const proxy = await TestProxy.untilTestEnds(hub.address, certificate ? { certificate } : {});
    const http = testHttp({ resolveProxy: () => Promise.resolve(`PROXY ${proxy.host}`) });
    return { hub, proxy, client: new Hub({ http, patience: QUICK, token }) };
  };

  it('is not believed without a certificate that somebody vouches for', async () => {
    const { client, hub } = await usualHub();
    expect(await rejected(client.files(name))).toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('does not prove') as string,
    });
    expect(hub.asked).toEqual([]);
  });

  it('is read with one, and its token goes nowhere else', async () => {
    const { client, hub, proxy } = await usualHub('hf_secret');
    trust(certificate?.cert ?? Buffer.alloc(0));
    hub.addToken('hf_secret');
    hub.fail({ kind: 'redirect', to: 'https://cdn.example/file' }, { at: /resolve/ });
    hub.fail({ kind: 'body', body: 'GGUF' }, { at: /^\/file/ });
    await client.files(name);
    await rejected(client.readRange(file, start));
    expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT huggingface.co:443', 'CONNECT cdn.example:443']));
    const sent = hub.asked.map(({ url, authorization }) => [url.split('/')[1], authorization]);
    expect(sent.slice(0, 3)).toEqual([
      ['api', 'Bearer hf_secret'],
      ['maker', 'Bearer hf_secret'],
      ['file', undefined],
    ]);
  });

  it.each([
    ['without encryption', 'http://cdn.example/file', /encrypt/],
    ['to this machine', 'https://127.0.0.1/file', /machine/],
    ['to this network', 'https://192.168.1.1/file', /machine/],
  ])('is not followed %s', async (_, to, words) => {
    const { client, hub } = await usualHub();
    trust(certificate?.cert ?? Buffer.alloc(0));
    hub.fail({ kind: 'redirect', to }, { at: /resolve/ });
    expect(await rejected(client.readRange(file, start))).toMatchObject({
      code: 'HUB',
      message: expect.stringMatching(words) as string,
    });
    expect(hub.asked).toHaveLength(1);
  });
});

describe('a host that keeps silent', () => {
  const times = { connectTimeout: 1000, headersTimeout: 300, bodyTimeout: 300 };

  it('without an answer, or in the middle of one, is not waited for without end', async () => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'silent' }, { at: /resolve/ });
    const client = clientOf(hub, { http: testHttp({ times }), patience: { ...QUICK, attempts: 1 } });
    expect((await rejected(client.readRange(file, start))).code).toBe('OFFLINE');
    hub.recover();
    hub.fail({ kind: 'slow', bytesPerSecond: 1 }, { at: /signature/ });
    expect(await rejected(client.readRange(file, { start: 0, end: 100 }))).toMatchObject({
      code: 'OFFLINE',
      message: expect.stringContaining('stopped sending') as string,
    });
  });
});
