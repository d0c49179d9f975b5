import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Download, DownloadStart } from '../../src-main/contract/downloads.ts';
import { readSidecar } from '../../src-main/models/sidecar.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { fromDisk, given, seeded } from '../helpers/hub/content.ts';
import { TestHub } from '../helpers/hub/test-hub.ts';
import { regularFilesBelow } from '../../src-main/files/regular-file.ts';
import { writeTextModel, writeVisionModel } from '../helpers/small-models.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

// Real services, a real store and a real hub over HTTP; the models are small ones.

const NAME = 'owner/Demo-VL-GGUF';
const LARGE = 3_000_000;
const PAIR: DownloadStart = {
  name: 'Demo-VL',
  repository: NAME,
  files: [
    { path: 'demo.gguf', role: 'model' },
    { path: 'mmproj.gguf', role: 'vision' },
  ],
};

async function hubWithPair(gated?: 'auto'): Promise<TestHub> {
  const folder = temporaryFolder();
  const hub = await TestHub.untilTestEnds();
  const files = {
    'README.md': given('# A model'),
    'demo.gguf': fromDisk(writeTextModel(folder, {}, 'demo.gguf')),
    'mmproj.gguf': fromDisk(writeVisionModel(folder, {}, 'mmproj.gguf')),
  };
  hub.put(NAME, { files, gated, licence: 'apache-2.0' });
  return hub;
}

async function open(home: string, hub: TestHub): Promise<Services> {
  const services = await openServices({ home, door: 'browser' });
  onTestFinished(() => services.close());
  await services.api.settings.set({ hubAddress: hub.address });
  return services;
}

async function until(
  { api }: Services,
  id: string,
  wanted: (download: Download | undefined) => boolean,
): Promise<Download | undefined> {
  return vi.waitUntil(
    async () => {
      const download = (await api.downloads.list({})).find((one) => one.id === id);
      return wanted(download) && (download ?? true);
    },
    { timeout: 20_000, interval: 20 },
  ) as Promise<Download | undefined>;
}

const isState =
  (...states: readonly Download['state'][]) =>
  (download: Download | undefined) =>
    download !== undefined && states.includes(download.state);

describe('a model of a hub', () => {
  it('comes into the library with its vision file, and says where it is from', async () => {
    const hub = await hubWithPair();
    const home = temporaryFolder();
    const services = await open(home, hub);
    const { id } = await services.api.downloads.start(PAIR);
    const done = await until(services, id, isState('done', 'failed'));
    expect(done).toMatchObject({ state: 'done', error: null });
    const models = await services.api.library.list({});
    const model = models.find((one) => one.id === done?.modelId);
    const folder = join(home, 'models', 'owner--Demo-VL-GGUF');
    expect(model).toMatchObject({
      path: join(folder, 'demo.gguf'),
      problem: null,
      mmproj: { path: join(folder, 'mmproj.gguf') },
    });
    expect(readSidecar(join(folder, 'demo.gguf')).source).toMatchObject({
      hub: hub.address,
      repository: NAME,
    });
    expect(readdirSync(folder).sort()).toEqual(['demo.gguf', 'demo.gguf.snug.json', 'mmproj.gguf']);
    expect(statSync(join(folder, 'demo.gguf')).mode & 0o077).toBe(0);
  });

  it('whose licence was not accepted fails with the page and the token as ways on; the token goes to the hub alone', async () => {
    const hub = await hubWithPair('auto');
    hub.addToken('hf_accepted', [NAME]);
    const home = temporaryFolder();
    const services = await open(home, hub);
    const { id } = await services.api.downloads.start(PAIR);
    const failed = await until(services, id, isState('done', 'failed'));
    expect(failed?.error?.code).toBe('NEEDS_LICENCE');
    expect(failed?.error?.remedies?.map(({ kind }) => kind)).toEqual(['open-page', 'give-token']);

    const heard: unknown[] = [];
    const listening = services.events.listen((event) => heard.push(event));
    onTestFinished(() => listening[Symbol.dispose]());
    expect(await services.api.tokens.set({ token: 'hf_accepted' })).toEqual({
      tokens: [{ hub: hub.address, place: 'file' }],
      place: 'file',
      note: null,
    });
    await services.api.downloads.resume({ id });
    expect((await until(services, id, isState('done', 'failed')))?.state).toBe('done');
    const told = hub.asked.filter(({ authorization }) => authorization !== undefined);
    expect(told.map(({ server }) => server)).not.toContain('storage');
    expect(hub.asked.some(({ server }) => server === 'storage')).toBe(true);
    // no window hears it, and only its own file holds it
    const diagnostics = await services.api.app.diagnostics({});
    expect(JSON.stringify([heard, await services.api.downloads.list({}), diagnostics])).not.toContain(
      'hf_accepted',
    );
    await services.close();
    const holding = regularFilesBelow(home).filter((path) => readFileSync(path).includes('hf_accepted'));
    expect(holding).toEqual([join(home, 'tokens.json')]);
  });

  it('goes on at the next start where it was when Snug was closed over it', async () => {
    const hub = await TestHub.untilTestEnds();
    hub.put(NAME, { files: { 'large.gguf': seeded(LARGE) } });
    hub.fail({ kind: 'slow', bytesPerSecond: 500_000 });
    const home = temporaryFolder();
    const first = await open(home, hub);
    const { id } = await first.api.downloads.start({
      ...PAIR,
      files: [{ path: 'large.gguf', role: 'model' }],
    });
    await until(first, id, (download) => (download?.doneBytes ?? 0) > 200_000);
    await first.close();
    const sent = hub.bytesSent('large.gguf');
    expect(sent).toBeLessThan(LARGE);
    hub.recover();

    const second = await open(home, hub);
    expect(await until(second, id, isState('done', 'failed'))).toMatchObject({ state: 'done', bytes: LARGE });
    // what was on its way in four connections is all that is fetched twice
    expect(hub.bytesSent('large.gguf')).toBeLessThan(LARGE + sent);
  });

  it('that is paused moves with the models, and goes on in the new folder', async () => {
    const hub = await TestHub.untilTestEnds();
    hub.put(NAME, { files: { 'large.gguf': seeded(LARGE) } });
    hub.fail({ kind: 'slow', bytesPerSecond: 500_000 });
    const home = temporaryFolder();
    const services = await open(home, hub);
    const { downloads, folder } = services.api;
    const { id } = await downloads.start({ ...PAIR, files: [{ path: 'large.gguf', role: 'model' }] });
    await until(services, id, (download) => (download?.doneBytes ?? 0) > 200_000);
    const target = join(temporaryFolder(), 'elsewhere');
    mkdirSync(target);
    await expect(folder.move({ to: target })).rejects.toMatchObject({ code: 'BUSY' });
    const { doneBytes } = await downloads.pause({ id });
    await folder.move({ to: target });
    const place = join(target, 'owner--Demo-VL-GGUF');
    expect(readdirSync(place).sort()).toEqual(['large.gguf.part', 'large.gguf.part.journal']);
    hub.recover();
    const before = hub.bytesSent('large.gguf');
    await downloads.resume({ id });
    expect((await until(services, id, isState('done', 'failed')))?.state).toBe('done');
    expect(readdirSync(place)).toContain('large.gguf');
    expect(hub.bytesSent('large.gguf') - before).toBeLessThanOrEqual(LARGE - doneBytes + 1_000_000);
  });
});
