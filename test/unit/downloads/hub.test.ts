import { describe, expect, it } from 'vitest';
import { Hub } from '../../../src-main/downloads/hub.ts';
import { given, seeded, sha256Of } from '../../helpers/hub/content.ts';
import type { Fault } from '../../helpers/hub/faults.ts';
import { TestHub } from '../../helpers/hub/test-hub.ts';
import { rejected, thrown } from '../../helpers/thrown.ts';
import { clientOf, testHttp } from './hub-client.ts';

const name = 'maker/model-GGUF';
const model = seeded(300_000);
const file = { repository: name, revision: 'main', path: 'sub folder/model ä.gguf' };

async function hubWithModel(): Promise<TestHub> {
  const hub = await TestHub.untilTestEnds();
  hub.put(name, { files: { [file.path]: model, 'README.md': given('# Read me\n') }, licence: 'apache-2.0' });
  return hub;
}

describe('the files of a repository', () => {
  it('with sizes, hashes, the commit, the licence and the page', async () => {
    const hub = await hubWithModel();
    const told = await clientOf(hub).files(name);
    expect(told).toMatchObject({ repository: name, gated: false, licence: 'apache-2.0' });
    expect(told.page).toBe(`${hub.address}/${name}`);
    expect(told.commit).toMatch(/^[\da-f]{40}$/);
    const sha256 = sha256Of(model);
    expect(told.files).toEqual([
      { path: file.path, bytes: 300_000, sha256, etag: sha256 },
      {
        path: 'README.md',
        bytes: 10,
        sha256: undefined,
        etag: expect.stringMatching(/^[\da-f]{40}$/) as string,
      },
    ]);
  });

  it('of a mirror whose address has a path', async () => {
    const hub = await hubWithModel();
    hub.fail(
      { kind: 'redirect', to: `${hub.address}/api/models/${name}/revision/main?blobs=true` },
      { at: /^\/hf\// },
    );
    const client = clientOf(hub, { address: `${hub.address}/hf` });
    expect(client.fileAddress(file).pathname).toBe(
      `/hf/${name}/resolve/main/sub%20folder/model%20%C3%A4.gguf`,
    );
    expect((await client.files(name)).files).toHaveLength(2);
  });

  it('as terse and as odd as mirrors answer', async () => {
    const hub = await hubWithModel();
    const commit = 'a'.repeat(40);
    const odd = { size: null, blobId: null, lfs: null };
    const cardData = { license: null, license_name: null, tags: [1] };
    const body = {
      id: name,
      sha: commit,
      gated: true,
      cardData,
      siblings: [{ rfilename: 'a.txt', ...odd }],
      more: {},
    };
    hub.fail({ kind: 'body', body }, { times: 1 });
    expect(await clientOf(hub).files(name)).toMatchObject({
      gated: 'manual',
      licence: undefined,
      files: [{ path: 'a.txt', bytes: 0, sha256: undefined, etag: undefined }],
    });
    hub.fail({ kind: 'body', body: { id: name, sha: commit } }, { times: 1 });
    expect(await clientOf(hub).files(name)).toMatchObject({ gated: false, files: [] });
  });

  it('of a gated repository are told with the gate', async () => {
    const hub = await TestHub.untilTestEnds();
    hub.put(name, { files: { 'a.gguf': model }, gated: 'manual' });
    expect(await clientOf(hub).files(name)).toMatchObject({ gated: 'manual' });
  });

  it.each([
    '../../evil.gguf',
    '/etc/passwd',
    'a/../../b.gguf',
    'a\0b.gguf',
    'a//b.gguf',
    '\ud800.gguf',
    './a.gguf',
    '.git/config',
    '',
  ])('with one named %j are refused', async (path) => {
    const hub = await TestHub.untilTestEnds();
    hub.put(name, { files: { [path]: given('x') } });
    expect((await rejected(clientOf(hub).files(name))).code).toBe('HUB');
  });

  it.each(['http://[', 'https://evil.example/x', '../../..', 'javascript:alert(1)', '//evil.example'])(
    'that say they are of %j are of the one that was asked for',
    async (id) => {
      const hub = await TestHub.untilTestEnds();
      hub.fail({ kind: 'body', body: { id, sha: 'a'.repeat(40), gated: true } });
      expect(await clientOf(hub).files(name)).toMatchObject({
        repository: name,
        page: `${hub.address}/${name}`,
      });
    },
  );

  it('of a model without its size are refused: nobody could say whether it fits', async () => {
    const hub = await TestHub.untilTestEnds();
    const siblings = [{ rfilename: 'README.md' }, { rfilename: 'model.GGUF' }];
    hub.fail({ kind: 'body', body: { id: name, sha: 'a'.repeat(40), siblings } });
    expect(await rejected(clientOf(hub).files(name))).toMatchObject({
      code: 'HUB',
      message: expect.stringContaining('model.GGUF') as string,
    });
  });

  it.each<[string, Fault, string]>([
    ['no JSON', { kind: 'body', body: 'nonsense' }, 'HUB'],
    ['another answer', { kind: 'body', body: { id: name } }, 'HUB'],
    ['a page', { kind: 'portal' }, 'OFFLINE'],
    ['status 418', { kind: 'status', status: 418 }, 'HUB'],
    ['status 403', { kind: 'status', status: 403 }, 'HUB'],
    [
      'a closed repository',
      { kind: 'status', status: 403, headers: { 'x-error-message': 'Access to this resource is disabled.' } },
      'HUB',
    ],
  ])('%s in place of the answer', async (_, fault, code) => {
    const hub = await hubWithModel();
    hub.fail(fault);
    const error = await rejected(clientOf(hub).files(name));
    expect(error).toMatchObject({ code, advice: expect.any(String) as string });
  });

  it('a fault of the hub that passes is not noticed', async () => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'status', status: 503 }, { times: 1 });
    hub.fail({ kind: 'hang-up' }, { times: 1 });
    expect((await clientOf(hub).files(name)).files).toHaveLength(2);
  });

  it.each([
    ['120', 120_000],
    ['99999999999999999999', 1e23],
  ])('a hub that asks to wait for long, %s s, is not waited for', async (seconds, waitMilliseconds) => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'status', status: 429, headers: { 'retry-after': seconds } });
    expect(await rejected(clientOf(hub).files(name))).toMatchObject({
      code: 'RATE_LIMITED',
      waitMilliseconds,
    });
    expect(hub.asked).toHaveLength(1);
  });

  it('a missing repository and a missing revision', async () => {
    const hub = await hubWithModel();
    const client = clientOf(hub);
    expect(await rejected(client.files('maker/other'))).toMatchObject({
      code: 'NOT_FOUND',
      remedies: [{ kind: 'give-token' }],
    });
    const error = await rejected(client.files(name, 'v9'));
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('v9') as string });
  });

  it.each(['model', 'a/b/c', '../b', 'a/..', 'a/b?c', 'a/.b', ''])('%j is no repository', async (bad) => {
    const client = new Hub({ http: testHttp() });
    expect((await rejected(client.files(bad))).code).toBe('BAD_ARGUMENT');
  });

  it.each(['', '.', '..', '\ud800'])('%j is no revision', async (bad) => {
    const client = new Hub({ http: testHttp() });
    expect((await rejected(client.files(name, bad))).code).toBe('BAD_ARGUMENT');
    const file = { repository: name, revision: bad, path: 'a.gguf' };
    expect(thrown(() => client.fileAddress(file)).code).toBe('BAD_ARGUMENT');
  });

  it.each([
    'huggingface.co',
    'ftp://huggingface.co',
    'https://me:secret@huggingface.co',
    'https://a.b/?c',
    '',
  ])('%j is no address of a hub', (address) => {
    expect(thrown(() => new Hub({ http: testHttp(), address })).code).toBe('BAD_ARGUMENT');
  });
});

describe('tokens', () => {
  it('go to the hub and never to its storage', async () => {
    const hub = await TestHub.untilTestEnds();
    hub.put(name, { files: { 'a.gguf': model }, gated: 'auto', isPrivate: true });
    hub.addToken('hf_secret', [name]);
    const client = clientOf(hub, { token: 'hf_secret' });
    await client.files(name);
    await client.readRange({ ...file, path: 'a.gguf' }, { start: 0, end: 10 });
    expect(hub.asked.map(({ server, authorization }) => [server, authorization])).toEqual([
      ['hub', 'Bearer hf_secret'],
      ['hub', 'Bearer hf_secret'],
      ['storage', undefined],
    ]);
  });

  it('are asked for where a licence has to be accepted, with the page where', async () => {
    const hub = await TestHub.untilTestEnds();
    hub.put(name, { files: { 'a.gguf': model }, gated: 'manual' });
    hub.addToken('hf_other');
    const read = (token?: string) =>
      rejected(clientOf(hub, { token }).readRange({ ...file, path: 'a.gguf' }, { start: 0, end: 1 }));
    const page = { kind: 'open-page', address: `${hub.address}/${name}` };
    const without = await read();
    expect(without).toMatchObject({ code: 'NEEDS_LICENCE', remedies: [page, { kind: 'give-token' }] });
    const withOther = await read('hf_other');
    expect(withOther.code).toBe('NEEDS_LICENCE');
    expect(withOther.message).not.toBe(without.message);
    expect((await read('hf_unknown')).code).toBe('TOKEN_REFUSED');
  });

  it('decide whether a private repository is there', async () => {
    const hub = await TestHub.untilTestEnds();
    hub.put(name, { files: {}, isPrivate: true });
    hub.addToken('hf_other');
    expect((await rejected(clientOf(hub).files(name))).code).toBe('NOT_FOUND');
    expect((await rejected(clientOf(hub, { token: 'hf_other' }).files(name))).code).toBe('NOT_FOUND');
  });
});

describe('a part of a file', () => {
  it('is read without the rest', async () => {
    const hub = await hubWithModel();
    const client = clientOf(hub);
    expect(await client.readRange(file, { start: 0, end: 4 })).toEqual(Buffer.from('GGUF'));
    expect(await client.readRange(file, { start: 1000, end: 3000 })).toEqual(model.read(1000, 2000));
    expect(hub.bytesSent(file.path)).toBe(2004);
  });

  it('is shorter at the end, and an error beyond it', async () => {
    const client = clientOf(await hubWithModel());
    expect(await client.readRange(file, { start: 299_990, end: 400_000 })).toEqual(model.read(299_990, 10));
    expect((await rejected(client.readRange(file, { start: 300_000, end: 300_001 }))).code).toBe('CHANGED');
  });

  it('comes from a server without ranges as well', async () => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'no-ranges' }, { at: /signature/ });
    expect(await clientOf(hub).readRange(file, { start: 100, end: 200 })).toEqual(model.read(100, 100));
  });

  it.each<[string, Fault]>([
    ['is cut', { kind: 'cut', afterBytes: 1000 }],
    ['is longer than told', { kind: 'longer', bytes: 7 }],
    ['is shorter than told', { kind: 'longer', bytes: -7 }],
    ['is another part', { kind: 'headers', headers: { 'content-range': 'bytes 5-2004/300000' } }],
    ['is of no part', { kind: 'headers', headers: { 'content-range': '' } }],
    ['is packed', { kind: 'headers', headers: { 'content-encoding': 'gzip' } }],
    [
      'is of a file of another size',
      { kind: 'headers', headers: { 'content-range': 'bytes 0-1999/300001' } },
    ],
    ['is refused by the storage', { kind: 'status', status: 403 }],
  ])('that %s is asked for again, and told when it stays so', async (_, fault) => {
    const hub = await hubWithModel();
    hub.fail(fault, { at: /signature/, times: 1 });
    const client = clientOf(hub);
    expect(await client.readRange(file, { start: 0, end: 2000 })).toEqual(model.read(0, 2000));
    hub.fail(fault, { at: /signature/ });
    expect((await rejected(client.readRange(file, { start: 0, end: 2000 }))).code).toMatch(/HUB|OFFLINE/);
  });

  it('a page to sign in takes no one for a file', async () => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'portal' }, { at: /signature/ });
    expect((await rejected(clientOf(hub).readRange(file, { start: 0, end: 4 }))).code).toBe('OFFLINE');
  });

  it('of a missing file', async () => {
    const hub = await hubWithModel();
    const error = await rejected(clientOf(hub).readRange({ ...file, path: 'no.gguf' }, { start: 0, end: 4 }));
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('no.gguf') as string });
  });

  it('is no longer waited for when it is no longer wanted', async () => {
    const hub = await hubWithModel();
    hub.fail({ kind: 'silent' });
    const abort = new AbortController();
    const reading = clientOf(hub).readRange(file, { start: 0, end: 4 }, abort.signal);
    setTimeout(() => abort.abort(), 20);
    expect((await rejected(reading)).code).toBe('CANCELLED');
  });
});
