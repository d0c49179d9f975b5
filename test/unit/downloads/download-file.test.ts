import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { SpeedLimit } from '../../../src-main/downloads/speed-limit.ts';
import { given, seeded, sha256Of } from '../../helpers/hub/content.ts';
import type { Fault } from '../../helpers/hub/faults.ts';
import { rejected, thrown } from '../../helpers/thrown.ts';
import { downloadOf, path, QUICKLY, repository } from './download.ts';

const MIB = 2 ** 20;
const model = seeded(3 * MIB + 123);
const other = seeded(3 * MIB + 123, { seed: 2 });
const file = { repository, revision: 'main', path };
const storage = /signature/;

/** Stops a download as soon as so many bytes are there. */
function stopAt(bytes: number) {
  const abort = new AbortController();
  return {
    signal: abort.signal,
    onProgress: ({ doneBytes }: { doneBytes: number }) => {
      if (doneBytes >= bytes) abort.abort();
    },
  };
}

describe('a download', () => {
  it('has the right bytes, each fetched once, by several connections, and leaves nothing beside it', async () => {
    const { start, expectWhole, sentTwice, hub, progress } = await downloadOf(model);
    const done = await start();
    expect(done).toMatchObject({ bytes: model.bytes, sha256: sha256Of(model), isChecked: true });
    expect(done.commit).toMatch(/^[\da-f]{40}$/);
    await expectWhole();
    expect(sentTwice()).toBe(1);
    expect(
      hub.asked.filter(({ server, range }) => server === 'storage' && range !== 'bytes=0-0'),
    ).toHaveLength(4);
    expect(progress.at(-1)).toMatchObject({ state: 'verifying', doneBytes: model.bytes, bytes: model.bytes });
  });

  it('asks the hub once for where the file is, and its storage from then on', async () => {
    const { start, hub, expectWhole } = await downloadOf(model);
    await start({ connections: 1 });
    const asked = (name: string) => hub.asked.filter(({ server }) => server === name);
    // for the first byte, and for the first piece
    expect(asked('hub')).toHaveLength(2);
    expect(new Set(asked('storage').map(({ connection }) => connection)).size).toBe(1);
    await expectWhole();
  });

  it('asks the hub again when a link is no longer good', async () => {
    const { start, hub, expectWhole, sentTwice } = await downloadOf(model);
    await start({
      connections: 1,
      onProgress: ({ doneBytes }) => {
        if (doneBytes === 0) hub.fail({ kind: 'status', status: 403 }, { at: storage, after: 3, times: 1 });
      },
    });
    await expectWhole();
    expect(sentTwice()).toBe(1);
  });

  it('of a small file that is stored as such', async () => {
    const { hub, start, to } = await downloadOf(model);
    hub.put(repository, { files: { 'README.md': given('# Read me\n') } });
    const done = await start({ file: { ...file, path: 'README.md' } });
    expect(done).toMatchObject({ bytes: 10, isChecked: false });
    expect(readFileSync(to, 'utf8')).toBe('# Read me\n');
  });

  it('is not begun where the hub says another size or hash than the person was told', async () => {
    const { start, leftovers } = await downloadOf(model);
    expect((await rejected(start({ expected: { bytes: 5 } }))).code).toBe('CHANGED');
    const expected = { bytes: model.bytes, sha256: sha256Of(other) };
    expect((await rejected(start({ expected }))).code).toBe('CHANGED');
    expect(leftovers()).toEqual([]);
  });

  it('that another one does at the same time is refused, and the first is not disturbed', async () => {
    const { start, expectWhole } = await downloadOf(model);
    const first = start();
    expect((await rejected(start())).code).toBe('BUSY');
    await first;
    await expectWhole();
  });
});

describe('a download that was stopped', () => {
  it('goes on where it was, and fetches nothing twice', async () => {
    const { start, to, notices, expectWhole, sentTwice, leftovers, hub } = await downloadOf(model);
    hub.fail({ kind: 'slow', bytesPerSecond: MIB }, { at: storage });
    expect((await rejected(start(stopAt(MIB)))).code).toBe('CANCELLED');
    expect(existsSync(to)).toBe(false);
    expect(leftovers().toSorted()).toEqual(['model.gguf.part', 'model.gguf.part.journal']);
    await start();
    expect(notices).toEqual([{ kind: 'resumed', bytes: expect.any(Number) as number }]);
    await expectWhole();
    // what was on the way when it was stopped, of four connections
    expect(sentTwice()).toBeLessThan(MIB);
  });

  it('is no GGUF file to anybody until all of it is there, also with its beginning written', async () => {
    const { start, to, hub, expectWhole } = await downloadOf(model);
    const beginning = () => readFileSync(`${to}.part`).toString('latin1', 0, 8);
    const expected = model.read(0, 8).toString('latin1').replace('GGUF', '\0\0\0\0');
    for (const bytes of [MIB, 2 * MIB, 3 * MIB]) {
      await rejected(start({ ...stopAt(bytes), connections: 1 }));
      expect(beginning()).toBe(expected);
    }
    hub.fail({ kind: 'hang-up' });
    await rejected(start());
    expect(beginning()).toBe(expected);
    hub.recover();
    await start();
    await expectWhole();
  });

  it('goes on with one that has its beginning on the disk', async () => {
    const { start, to, expectWhole, sentTwice } = await downloadOf(model);
    await rejected(start({ ...stopAt(2 * MIB), connections: 1 }));
    const part = readFileSync(`${to}.part`);
    writeFileSync(`${to}.part`, Buffer.concat([Buffer.from('GGUF'), part.subarray(4)]));
    await start();
    await expectWhole();
    expect(sentTwice()).toBeLessThan(MIB);
  });

  it('under the model’s name is no model, and is not written over', async () => {
    const { start, to } = await downloadOf(model);
    await rejected(start({ ...stopAt(2 * MIB), connections: 1 }));
    renameSync(`${to}.part`, to);
    expect(thrown(() => readGguf(to))).toMatchObject({ code: 'NOT_GGUF' });
    expect((await rejected(start())).code).toBe('CANNOT_WRITE');
  });

  it('begins anew, and says so, when the file has changed on the hub', async () => {
    const { start, to, hub, notices } = await downloadOf(model);
    await rejected(start(stopAt(MIB)));
    hub.put(repository, { files: { [path]: other } });
    expect(await start()).toMatchObject({ sha256: sha256Of(other) });
    expect(notices).toEqual([{ kind: 'anew', why: 'changed' }]);
    expect(readFileSync(to).equals(other.read(0, other.bytes))).toBe(true);
  });

  it.each<[string, (to: string) => void]>([
    ['its journal is gone', (to) => writeFileSync(`${to}.part.journal`, '')],
    ['its journal is nonsense', (to) => writeFileSync(`${to}.part.journal`, 'nonsense\n1 2\n')],
    ['its bytes are gone', (to) => truncateSync(`${to}.part`)],
    ['its bytes are others', (to) => writeFileSync(`${to}.part`, other.read(0, other.bytes))],
    [
      'a line of its journal was cut off',
      (to) => writeFileSync(`${to}.part.journal`, '12345', { flag: 'a' }),
    ],
    [
      'a power cut filled its journal with zeros',
      (to) => writeFileSync(`${to}.part.journal`, '\0\0\0\n\0', { flag: 'a' }),
    ],
  ])('comes out right when %s', async (_, damage) => {
    const { start, to, expectWhole } = await downloadOf(model);
    await rejected(start(stopAt(2 * MIB)));
    damage(to);
    await start();
    await expectWhole();
  });

  it('at the very end is not fetched again', async () => {
    const { start, to, hub, expectWhole, sentTwice } = await downloadOf(model);
    await start();
    writeFileSync(`${to}.part.journal`, 'as a kill between the name and this leaves it');
    expect(await start()).toMatchObject({ sha256: sha256Of(model) });
    expect(hub.asked.length).toBeGreaterThan(0);
    expect(sentTwice()).toBe(2);
    await expectWhole();
  });
});

describe('what goes wrong on the way and passes', () => {
  it.each<[string, Fault]>([
    ['cuts', { kind: 'cut', afterBytes: 300_000 }],
    ['answers cut off without an error', { kind: 'longer', bytes: -1000 }],
    ['connections that end without an answer', { kind: 'hang-up' }],
    ['status 500', { kind: 'status', status: 500 }],
    ['status 503 with Retry-After', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
    ['status 429', { kind: 'status', status: 429, headers: { ratelimit: '"resolvers";r=0;t=0' } }],
    ['links that are not good', { kind: 'status', status: 403 }],
    [
      'another part than asked for',
      { kind: 'headers', headers: { 'content-range': `bytes 5-9/${model.bytes}` } },
    ],
  ])('%s', async (_, fault) => {
    const { hub, start, expectWhole, sentTwice } = await downloadOf(model);
    hub.fail(fault, { at: storage, after: 2, times: 3 });
    await start();
    await expectWhole();
    if (fault.kind !== 'headers') expect(sentTwice()).toBeLessThan(MIB);
  });

  it('more bytes than told are not taken', async () => {
    const { hub, start, expectWhole } = await downloadOf(model);
    hub.fail({ kind: 'longer', bytes: 10 }, { at: storage, after: 1, times: 3 });
    await start();
    await expectWhole();
  });

  it('a server that knows no ranges sends the file in one go, also after a cut', async () => {
    const { hub, start, expectWhole } = await downloadOf(model);
    hub.fail({ kind: 'no-ranges' }, { at: storage });
    hub.fail({ kind: 'cut', afterBytes: 2 * MIB }, { at: storage, after: 1, times: 1 });
    await start();
    await expectWhole();
    expect(hub.asked.filter(({ server }) => server === 'storage')).toHaveLength(3);
  });

  it('a wrong hash: the file is fetched once more', async () => {
    const { hub, start, notices, expectWhole } = await downloadOf(model);
    hub.fail({ kind: 'corrupt', at: 2 * MIB }, { at: storage, times: 5 });
    await start();
    expect(notices).toEqual([{ kind: 'anew', why: 'wrong-hash' }]);
    await expectWhole();
  });

  it('a file that is replaced meanwhile: the new one is fetched', async () => {
    const { hub, start, notices, to } = await downloadOf(model);
    hub.fail({ kind: 'slow', bytesPerSecond: MIB }, { at: storage });
    let isReplaced = false;
    await start({
      onProgress: ({ doneBytes }) => {
        if (isReplaced || doneBytes === 0) return;
        isReplaced = true;
        hub.recover();
        hub.put(repository, { files: { [path]: other } });
        hub.cutConnections();
      },
    });
    expect(notices).toEqual([{ kind: 'anew', why: 'changed' }]);
    expect(readFileSync(to).equals(other.read(0, other.bytes))).toBe(true);
  });

  it('one answer that tells another size costs nothing that is there', async () => {
    const { hub, start, expectWhole, sentTwice, notices } = await downloadOf(model);
    hub.fail({ kind: 'status', status: 416 }, { at: storage, after: 3, times: 1 });
    await start({ connections: 1 });
    await expectWhole();
    // a first byte once more
    expect(sentTwice()).toBe(2);
    expect(notices).toEqual([{ kind: 'resumed', bytes: expect.any(Number) as number }]);
  });

  it('a server that allows fewer connections than are tried', async () => {
    const { hub, start, expectWhole, sentTwice } = await downloadOf(seeded(6 * MIB));
    hub.fail({ kind: 'slow', bytesPerSecond: 4 * MIB }, { at: storage });
    hub.allowConnections(1);
    // the patience of one that is refused would be over long before the file is there
    await start({ patience: { ...QUICKLY, attempts: 4, firstMilliseconds: 100, mostMilliseconds: 100 } });
    await expectWhole();
    expect(sentTwice()).toBe(1);
  });

  it('a Retry-After is waited for, and told', async () => {
    const { hub, start, expectWhole, progress } = await downloadOf(model);
    hub.fail(
      { kind: 'status', status: 503, headers: { 'retry-after': '1' } },
      { at: storage, after: 1, times: 1 },
    );
    const began = performance.now();
    await start({ connections: 1 });
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(progress.some(({ state }) => state === 'waiting')).toBe(true);
    await expectWhole();
  });
});

describe('what does not pass', () => {
  it.each<[string, Fault, string]>([
    ['no network', { kind: 'hang-up' }, 'OFFLINE'],
    ['a page to sign in', { kind: 'portal' }, 'OFFLINE'],
    ['faults of the hub', { kind: 'status', status: 502 }, 'HUB'],
    [
      'a hub that asks to wait for hours',
      { kind: 'status', status: 429, headers: { 'retry-after': '7200' } },
      'RATE_LIMITED',
    ],
    ['a file that is shorter now', { kind: 'status', status: 416 }, 'CHANGED'],
    ['a redirect to a file', { kind: 'redirect', to: 'file:///etc/passwd' }, 'HUB'],
    ['a redirect in a circle', { kind: 'redirect', to: '/again?signature=1' }, 'HUB'],
    ['a file that is always cut off', { kind: 'cut', afterBytes: 0 }, 'OFFLINE'],
    ['a file that is packed on the way', { kind: 'headers', headers: { 'content-encoding': 'br' } }, 'HUB'],
  ])('%s', async (_, fault, code) => {
    const { hub, start, to } = await downloadOf(model);
    hub.fail(fault, { at: storage, after: 1 });
    const error = await rejected(start({ connections: 2 }));
    expect(error).toMatchObject({ code, advice: expect.any(String) as string });
    expect(existsSync(to)).toBe(false);
  });

  it('is asked for again by the same call, which is all it takes once it has passed', async () => {
    const { hub, start, expectWhole } = await downloadOf(model);
    hub.fail({ kind: 'portal' }, { at: storage, after: 3 });
    expect((await rejected(start({ connections: 1 }))).code).toBe('OFFLINE');
    hub.recover();
    await start();
    await expectWhole();
  });

  it('a file that is gone', async () => {
    const { hub, start, leftovers } = await downloadOf(model);
    hub.put(repository, { files: {} });
    expect((await rejected(start())).code).toBe('NOT_FOUND');
    expect(leftovers()).toEqual([]);
  });

  it('a hash that stays wrong: nothing is kept', async () => {
    const { hub, start, leftovers, to } = await downloadOf(model);
    hub.fail({ kind: 'corrupt', at: MIB }, { at: storage });
    expect((await rejected(start())).code).toBe('WRONG_HASH');
    expect(leftovers()).toEqual([]);
    expect(existsSync(to)).toBe(false);
  });

  it('what is no GGUF file is noticed at its first bytes', async () => {
    const { start, to } = await downloadOf(seeded(3 * MIB, { head: Buffer.from('PK') }));
    expect((await rejected(start())).code).toBe('HUB');
    expect(existsSync(to)).toBe(false);
    const page = seeded(3 * MIB, { head: Buffer.from('<!DOCTYPE html><title>Sign in') });
    expect((await rejected((await downloadOf(page)).start())).code).toBe('OFFLINE');
  });

  it('another file that has its name is not replaced', async () => {
    const { start, to } = await downloadOf(model);
    mkdirSync(dirname(to), { recursive: true });
    for (const content of [Buffer.from('mine'), other.read(0, other.bytes)]) {
      writeFileSync(to, content);
      expect(await rejected(start())).toMatchObject({ code: 'CANNOT_WRITE', path: to });
      expect(readFileSync(to).equals(content)).toBe(true);
    }
  });

  it.skipIf(process.getuid?.() === 0)(
    'a folder that may not be written to, before a byte is fetched',
    async () => {
      const { start, to, hub } = await downloadOf(model);
      mkdirSync(dirname(to), { recursive: true });
      chmodSync(dirname(to), 0o500);
      expect((await rejected(start())).code).toBe('CANNOT_WRITE');
      chmodSync(dirname(to), 0o700);
      expect(hub.asked).toEqual([]);
    },
  );

  it('a folder whose place is a file', async () => {
    const { start, to } = await downloadOf(model);
    writeFileSync(dirname(to), '');
    expect((await rejected(start())).code).toBe('CANNOT_WRITE');
  });

  it('a link in the place of the partial file is not written through', async () => {
    const { start, to, expectWhole } = await downloadOf(model);
    mkdirSync(dirname(to), { recursive: true });
    const precious = join(dirname(dirname(to)), 'precious');
    writeFileSync(precious, 'mine');
    symlinkSync(precious, `${to}.part`);
    await start();
    await expectWhole();
    expect(readFileSync(precious, 'utf8')).toBe('mine');
  });

  it('a model that no disk has room for, before a byte is fetched', async () => {
    const { hub, start, to } = await downloadOf(model);
    const bytes = 2 ** 49;
    const headers = { 'x-linked-size': String(bytes), 'content-range': `bytes 0-0/${bytes}` };
    hub.fail({ kind: 'headers', headers }, { times: 2 });
    expect((await rejected(start())).code).toMatch(/DISK_FULL|CANNOT_WRITE/);
    expect(hub.bytesSent(path)).toBe(1);
    expect(readdirSync(dirname(to)).filter((name) => name.endsWith('.gguf'))).toEqual([]);
  });
});

describe('its speed', () => {
  it('is held over all connections', async () => {
    const { start, expectWhole } = await downloadOf(seeded(2 * MIB));
    const began = performance.now();
    await start({ limit: new SpeedLimit(4 * MIB) });
    expect(performance.now() - began).toBeGreaterThan(450);
    await expectWhole();
  });

  it('is told, a few times a second at most', async () => {
    const { start, hub, progress } = await downloadOf(model);
    hub.fail({ kind: 'slow', bytesPerSecond: 2 * MIB }, { at: storage });
    const began = performance.now();
    await start({ connections: 2, patience: QUICKLY });
    const seconds = (performance.now() - began) / 1000;
    expect(progress.length).toBeLessThan(4 * seconds + 5);
    expect(progress.some(({ bytesPerSecond = 0 }) => bytesPerSecond > MIB && bytesPerSecond < 8 * MIB)).toBe(
      true,
    );
  });
});
