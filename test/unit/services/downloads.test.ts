import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Download, DownloadStart } from '../../../src-main/contract/downloads.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { readSidecar } from '../../../src-main/models/sidecar.ts';
import { PassingError } from '../../../src-main/downloads/http-errors.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { Downloads } from '../../../src-main/services/downloads.ts';
import type { DownloadedModel } from '../../../src-main/services/downloads/download-model.ts';
import { UnfinishedDownloads } from '../../../src-main/services/downloads/unfinished.ts';
import { waitAfterFailure } from '../../../src-main/services/downloads/wait.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { takeLock } from '../../../src-main/store/lock.ts';
import { FakeHub, fakeParts, sha256 } from '../../helpers/fake-hub.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';

const PAIR: DownloadStart = {
  name: 'Demo-VL',
  repository: 'owner/name',
  files: [
    { path: 'Q8_0/model.gguf', role: 'model' },
    { path: 'mmproj.gguf', role: 'vision' },
  ],
};
const other: DownloadStart = { ...PAIR, files: [{ path: 'other.gguf', role: 'model' }] };
const usualHub = () =>
  new FakeHub({ 'Q8_0/model.gguf': 'the model', 'mmproj.gguf': 'eyes', 'other.gguf': 'another' });

interface Given {
  readonly home?: string;
  readonly hub?: FakeHub;
  readonly freeBytes?: () => number;
}

/** A Snug of its own over a home; it is closed when the test ends, or before. */
function snug({ home = temporaryFolder(), hub = usualHub(), freeBytes = () => 1e9 }: Given = {}) {
  const store = openStore(home);
  onTestFinished(() => store.close());
  const events = new EventBus();
  const heard: (readonly Download[])[] = [];
  untilTestEnds(
    events.listen((event) => {
      if (event.name === 'downloads.changed') heard.push(event.data);
    }),
  );
  const activity = new Activity(events);
  const models = join(home, 'models');
  const kept: DownloadedModel[] = [];
  const folder = {
    current: models,
    requireReady: () => activity.refuseIfUsed('move', 'the models are being moved'),
  };
  const isUsed = (path: string) =>
    kept.some(({ modelPath, mmprojPath }) => [modelPath, mmprojPath].includes(path));
  const downloads = new Downloads({
    home,
    downloads: store.downloads,
    folder,
    events,
    activity,
    openHub: () => hub,
    parts: fakeParts,
    keep: (model) => `model ${kept.push(model)}`,
    unfinished: new UnfinishedDownloads(store.downloads, fakeParts, isUsed),
    freeBytes,
  });
  onTestFinished(() => downloads.close());
  const close = async () => {
    await downloads.close();
    store.close();
  };
  const state = async (id: string) => (await downloads.list()).find((one) => one.id === id)?.state;
  const until = (id: string, wanted: Download['state'] | undefined) =>
    vi.waitFor(async () => expect(await state(id)).toBe(wanted));
  const place = join(models, 'owner--name');
  return { home, hub, store, events, heard, activity, kept, downloads, close, until, place };
}

/** Holds a hub before a byte of a file until it is let go. */
function heldAt(hub: FakeHub, path: string, byte: number) {
  const reached = Promise.withResolvers<undefined>();
  const held = Promise.withResolvers<undefined>();
  hub.before = async ({ file, signal }, done) => {
    if (file.path !== path || done !== byte) return;
    reached.resolve(undefined);
    signal.addEventListener('abort', () => held.resolve(undefined));
    await held.promise;
  };
  return { reached: reached.promise, letGo: () => held.resolve(undefined) };
}

afterEach(() => vi.useRealTimers());

describe('a download', () => {
  it('puts a model with its vision file into a folder of its own, says where it came from, and tells how far it is', async () => {
    const { downloads, until, heard, kept, place, hub, home } = snug();
    const licence = { name: 'Apache-2.0', url: 'https://huggingface.co/owner/name' };
    const { id } = await downloads.start({ ...PAIR, licence });
    await until(id, 'done');
    const model = join(place, 'model.gguf');
    const vision = join(place, 'mmproj.gguf');
    expect(readFileSync(model, 'utf8')).toBe('the model');
    expect(readFileSync(vision, 'utf8')).toBe('eyes');
    expect(readdirSync(join(home, 'models'))).toEqual(['owner--name']);
    expect(readdirSync(place).sort()).toEqual(['mmproj.gguf', 'model.gguf', 'model.gguf.snug.json']);
    expect(kept).toMatchObject([{ modelPath: model, mmprojPath: vision }]);
    const { mmproj, source } = readSidecar(model);
    expect(mmproj).toBe(vision);
    expect(source).toMatchObject({ hub: hub.address, repository: 'owner/name', revision: 'main', licence });
    expect(source?.commit).toBe(hub.commit);
    expect(source?.files).toEqual([
      { path: 'Q8_0/model.gguf', name: 'model.gguf', bytes: 9, sha256: sha256(Buffer.from('the model')) },
      { path: 'mmproj.gguf', name: 'mmproj.gguf', bytes: 4, sha256: sha256(Buffer.from('eyes')) },
    ]);
    expect((await downloads.list())[0]).toMatchObject({
      bytes: 13,
      doneBytes: 13,
      modelId: 'model 1',
      error: null,
    });
    const states = heard.map((list) => list.find((one) => one.id === id)?.state);
    for (const state of ['downloading', 'verifying', 'done']) expect(states).toContain(state);
  });

  it('waits for the one before it', async () => {
    const { downloads, until, hub } = snug();
    const { reached, letGo } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const first = await downloads.start(PAIR);
    const second = await downloads.start(other);
    await reached;
    expect(second.state).toBe('queued');
    await until(first.id, 'downloading');
    await until(second.id, 'queued');
    letGo();
    await until(second.id, 'done');
    await until(first.id, 'done');
  });

  it('that is started again is the same one, and goes on', async () => {
    const { downloads, until, hub } = snug();
    const { reached } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const { id } = await downloads.start(PAIR);
    await reached;
    expect(await downloads.pause({ id })).toMatchObject({ state: 'paused', bytes: 13, doneBytes: 7 });
    hub.before = () => Promise.resolve();
    expect((await downloads.start(PAIR)).id).toBe(id);
    await until(id, 'done');
    expect(hub.sent).toBe(13);
  });

  it('fetches nothing that is here already', async () => {
    const { downloads, until, hub } = snug();
    await until((await downloads.start(PAIR)).id, 'done');
    await downloads.clear({});
    expect(await downloads.list()).toEqual([]);
    const { id } = await downloads.start(PAIR);
    await until(id, 'done');
    expect(hub.sent).toBe(13);
    expect((await downloads.list())[0]).toMatchObject({ doneBytes: 13 });
  });

  it('of a later version goes beside the one before, and leaves that as it is', async () => {
    const { downloads, until, hub, place, kept } = snug();
    await until((await downloads.start(PAIR)).id, 'done');
    hub.files.set('Q8_0/model.gguf', Buffer.from('a newer one'));
    hub.commit = 'd'.repeat(40);
    const { id } = await downloads.start(PAIR);
    await until(id, 'done');
    expect(readFileSync(join(place, 'model.gguf'), 'utf8')).toBe('the model');
    expect(kept[1]?.modelPath).toBe(join(`${place}@dddddddddddd`, 'model.gguf'));
    expect(readFileSync(kept[1]?.modelPath ?? '', 'utf8')).toBe('a newer one');
  });

  it('is not begun where the disk has no room for what is still to come', async () => {
    const { downloads, until, hub } = snug({ freeBytes: () => 12 });
    const { id } = await downloads.start(PAIR);
    await until(id, 'failed');
    expect((await downloads.list())[0]?.error).toMatchObject({ code: 'DISK_FULL' });
    expect(hub.sent).toBe(0);
  });

  it('does not begin when the hub has something else than the person was told of', async () => {
    const { downloads, until, hub } = snug();
    const { id } = await downloads.start({ ...PAIR, expected: { bytes: 14 } });
    await until(id, 'failed');
    expect((await downloads.list())[0]?.error).toMatchObject({ code: 'CHANGED' });
    expect(hub.sent).toBe(0);
  });

  it('that fails says why, lets the next one run, and can be tried again', async () => {
    const { downloads, until, hub } = snug();
    hub.before = ({ file }) =>
      file.path === 'mmproj.gguf'
        ? Promise.reject(new SnugError('NEEDS_LICENCE', 'accept it', { remedies: [{ kind: 'give-token' }] }))
        : Promise.resolve();
    const first = await downloads.start(PAIR);
    const second = await downloads.start(other);
    await until(first.id, 'failed');
    await until(second.id, 'done');
    expect((await downloads.list())[0]?.error).toMatchObject({
      code: 'NEEDS_LICENCE',
      remedies: [{ kind: 'give-token' }],
    });
    hub.before = () => Promise.resolve();
    expect(await downloads.resume({ id: first.id })).toMatchObject({ error: null });
    await until(first.id, 'done');
  });

  it('is tried again by itself when the hub cannot be reached', async () => {
    const { downloads, until, hub } = snug();
    let isOffline = true;
    hub.before = () =>
      isOffline ? Promise.reject(new SnugError('OFFLINE', 'there is no network')) : Promise.resolve();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { id } = await downloads.start(PAIR);
    await vi.waitFor(async () =>
      expect((await downloads.list())[0]?.error).toMatchObject({ code: 'OFFLINE' }),
    );
    expect((await downloads.list())[0]?.state).toBe('waiting');
    isOffline = false;
    await vi.advanceTimersByTimeAsync(15_000);
    vi.useRealTimers();
    await until(id, 'done');
  });
});

describe('a download whose hub asks to wait', () => {
  const limited = (waitMilliseconds: number) =>
    new PassingError('RATE_LIMITED', 'too much was asked for', { advice: 'Wait.', waitMilliseconds });

  it('is not tried again sooner', async () => {
    const { downloads, until, hub } = snug();
    const asked = vi.fn(() => Promise.reject(limited(3_600_000)));
    hub.before = asked;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { id } = await downloads.start(PAIR);
    await vi.waitFor(async () => expect((await downloads.list())[0]?.state).toBe('waiting'));
    await vi.advanceTimersByTimeAsync(3_599_000);
    expect(asked).toHaveBeenCalledTimes(1);
    hub.before = () => Promise.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
    await until(id, 'done');
  });

  it.each([
    ['the network is gone', new SnugError('OFFLINE', 'no network'), [15_000, 60_000, 300_000, 300_000]],
    ['it asks for a little', limited(20_000), [20_000, 60_000, 300_000, 300_000]],
    // longer than a timer of the system can wait for, which would end at once
    ['it asks for years', limited(1e23), [86_400_000, 86_400_000, 86_400_000, 86_400_000]],
    ['something else is wrong', new SnugError('NOT_FOUND', 'gone'), Array<undefined>(4).fill(undefined)],
  ])('waits longer and longer, and not for ever, where %s', (_, error, waits) => {
    expect([1, 2, 3, 4].map((failures) => waitAfterFailure(error, failures))).toEqual(waits);
  });
});

describe('a download on a disk that is full', () => {
  it('is told of as it stands, though the store takes no note of it, and goes on when there is room', async () => {
    const { downloads, until, hub, store, heard } = snug();
    let isFull = false;
    const save = store.downloads.save.bind(store.downloads);
    vi.spyOn(store.downloads, 'save').mockImplementation((stored) => {
      if (isFull) throw new SnugError('DISK_FULL', 'the disk is full');
      save(stored);
    });
    hub.before = () => {
      isFull = true;
      return Promise.reject(new SnugError('DISK_FULL', 'the disk is full'));
    };
    const { id } = await downloads.start(PAIR);
    await until(id, 'failed');
    expect(heard.at(-1)?.[0]).toMatchObject({ state: 'failed', error: { code: 'DISK_FULL' } });
    await expect(downloads.resume({ id })).rejects.toMatchObject({ code: 'DISK_FULL' });
    isFull = false;
    hub.before = () => Promise.resolve();
    await downloads.resume({ id });
    await until(id, 'done');
    expect(store.downloads.get(id).state).toBe('done');
  });
});

describe('a download that is given up', () => {
  it('leaves nothing behind', async () => {
    const { downloads, hub, home } = snug();
    const { reached } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const { id } = await downloads.start(PAIR);
    await reached;
    await downloads.cancel({ id });
    expect(await downloads.list()).toEqual([]);
    expect(readdirSync(join(home, 'models'))).toEqual([]);
  });

  it('leaves what another model uses, and what others put there', async () => {
    const { downloads, until, hub, place } = snug();
    hub.files.set('F16.gguf', Buffer.from('the model in full'));
    await until((await downloads.start(PAIR)).id, 'done');
    writeFileSync(join(place, 'notes.txt'), '');
    const { reached } = heldAt(hub, 'F16.gguf', 3);
    const { id } = await downloads.start({
      ...PAIR,
      files: [
        { path: 'F16.gguf', role: 'model' },
        { path: 'mmproj.gguf', role: 'vision' },
      ],
    });
    await reached;
    expect(existsSync(join(place, 'F16.gguf.part'))).toBe(true);
    await downloads.cancel({ id });
    expect(readdirSync(place).sort()).toEqual([
      'mmproj.gguf',
      'model.gguf',
      'model.gguf.snug.json',
      'notes.txt',
    ]);
  });

  it('while it waits never runs', async () => {
    const { downloads, until, hub } = snug();
    const { reached, letGo } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const first = await downloads.start(PAIR);
    const second = await downloads.start(other);
    await reached;
    await downloads.cancel({ id: second.id });
    letGo();
    await until(first.id, 'done');
    expect(hub.sent).toBe(13);
  });

  it('when it is done keeps its model', async () => {
    const { downloads, until, place } = snug();
    const { id } = await downloads.start(PAIR);
    await until(id, 'done');
    await downloads.cancel({ id });
    expect(await downloads.list()).toEqual([]);
    expect(existsSync(join(place, 'model.gguf'))).toBe(true);
  });
});

describe('over a restart', () => {
  it('what ran goes on where it was, what waited comes after it, and what was paused stays so', async () => {
    const before = snug();
    const hub = before.hub;
    const { reached } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const first = await before.downloads.start(PAIR);
    const second = await before.downloads.start(other);
    hub.files.set('third.gguf', Buffer.from('third'));
    const third = await before.downloads.start({ ...PAIR, files: [{ path: 'third.gguf', role: 'model' }] });
    await before.downloads.pause({ id: third.id });
    await reached;
    await before.close();

    hub.before = () => Promise.resolve();
    const after = snug({ home: before.home, hub });
    expect((await after.downloads.list()).map(({ state }) => state)).toEqual(['queued', 'queued', 'paused']);
    after.downloads.goOn();
    await after.until(second.id, 'done');
    await after.until(first.id, 'done');
    await after.until(third.id, 'paused');
    expect(hub.sent).toBe(13 + 7);
  });

  it('what ran when Snug was killed goes on, at the commit that it began with', async () => {
    const { hub, store, downloads, until } = snug();
    const begun = { ...hub, commit: hub.commit };
    const { reached } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const { id } = await downloads.start(PAIR);
    await reached;
    await downloads.pause({ id });
    // as it lies in the store of one that was killed
    store.downloads.save({ ...store.downloads.get(id), state: 'downloading' });
    hub.before = () => Promise.resolve();
    hub.commit = 'd'.repeat(40);
    downloads.goOn();
    await until(id, 'done');
    expect((await downloads.list())[0]?.commit).toBe(begun.commit);
    expect(hub.sent).toBe(13);
  });
});

describe('beside other work', () => {
  it('a download waits for a move of the models to end', async () => {
    const { downloads, until, activity, events } = snug();
    const move = activity.use('move');
    const { id } = await downloads.start(PAIR);
    expect((await downloads.list())[0]?.state).toBe('queued');
    move[Symbol.dispose]();
    events.emit('folder.moving', null);
    await until(id, 'done');
  });

  it('says that it uses the folder of the models while it runs', async () => {
    const { downloads, until, activity, hub } = snug();
    const { reached, letGo } = heldAt(hub, 'Q8_0/model.gguf', 3);
    const { id } = await downloads.start(PAIR);
    await reached;
    expect(activity.isUsed('download')).toBe(true);
    letGo();
    await until(id, 'done');
    expect(activity.isUsed('download')).toBe(false);
  });

  it('writes nothing where another Snug downloads the same model', async () => {
    const { downloads, until, place, hub } = snug();
    mkdirSync(place, { recursive: true });
    using _other = takeLock(join(place, '.snug-download.lock'), 'testing');
    const { id } = await downloads.start(PAIR);
    await until(id, 'failed');
    expect((await downloads.list())[0]?.error).toMatchObject({ code: 'BUSY' });
    expect(hub.sent).toBe(0);
  });
});
