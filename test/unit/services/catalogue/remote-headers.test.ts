import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SnugError } from '../../../../src-main/contract/errors.ts';
import { missingHeader } from '../../../../src-main/models/model-file.ts';
import { readGguf } from '../../../../src-main/gguf/gguf.ts';
import { RemoteHeaders } from '../../../../src-main/services/catalogue/remote-headers.ts';
import { HubOfFiles } from '../../../helpers/hub-of-files.ts';
import { text, writeTextModel } from '../../../helpers/small-models.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected } from '../../../helpers/thrown.ts';

const PLACE = { repository: 'a/b', commit: 'c'.repeat(40) };
const signal = new AbortController().signal;

function headersOf(hub: HubOfFiles) {
  const folder = temporaryFolder();
  const speeds: number[] = [];
  const reader = {
    missingHeader: ({ path, wholeBytes }: { path: string; wholeBytes: number }) =>
      Promise.resolve().then(() => missingHeader(path, wholeBytes)),
  };
  const headers = new RemoteHeaders({ hub, reader, folder, onSpeed: (speed) => speeds.push(speed) });
  onTestFinished(() => headers[Symbol.dispose]());
  return { folder, headers, speeds };
}

describe('a header from a hub', () => {
  it('lies in a file as long as the whole, without its weights', async () => {
    const model = writeTextModel(temporaryFolder());
    const whole = readFileSync(model);
    const padded = Buffer.concat([whole, Buffer.alloc(4 << 20)]);
    const hub = new HubOfFiles().add('a/b', { 'x/model f16.gguf': padded });
    const { headers, folder, speeds } = headersOf(hub);
    const path = await headers.fetch(PLACE, { path: 'x/model f16.gguf', bytes: padded.length }, signal);
    expect(statSync(path).size).toBe(padded.length);
    const placesOf = (file: string) => readGguf(file).tensors.map(({ name, offset }) => [name, offset]);
    expect(placesOf(path)).toEqual(placesOf(model));
    expect(basename(path)).toBe('hub-model_f16.gguf');
    expect(hub.ranges).toEqual([{ path: 'x/model f16.gguf', bytes: 1 << 20 }]);
    expect(speeds[0]).toBeGreaterThan(0);
    headers[Symbol.dispose]();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is fetched further until it is whole', async () => {
    const entries = [0, 1, 2].map((i) => text(`general.part${i}`, 'x'.repeat(900_000)));
    const model = writeTextModel(temporaryFolder(), { entries });
    const { size } = statSync(model);
    const hub = new HubOfFiles().add('a/b', { 'model.gguf': model });
    const { headers } = headersOf(hub);
    const path = await headers.fetch(PLACE, { path: 'model.gguf', bytes: size }, signal);
    const beginning = (file: string) => readFileSync(file).subarray(0, 2_700_000);
    expect(beginning(path).equals(beginning(model))).toBe(true);
    expect(hub.ranges.map(({ bytes }) => bytes)).toEqual([1 << 20, size - (1 << 20)]);
  });

  it('of parts of one model keeps their names, and two of one name do not meet', async () => {
    const model = writeTextModel(temporaryFolder());
    const bytes = statSync(model).size;
    const names = [
      'm-00001-of-00002.gguf',
      'm-00002-of-00002.gguf',
      'other/m-00001-of-00002.gguf',
      'con.gguf',
    ];
    const hub = new HubOfFiles().add('a/b', Object.fromEntries(names.map((name) => [name, model])));
    const { headers } = headersOf(hub);
    const paths: string[] = [];
    for (const path of names) paths.push(await headers.fetch(PLACE, { path, bytes }, signal));
    expect(paths.map((path) => basename(path))).toEqual([
      'hub-m-00001-of-00002.gguf',
      'hub-m-00002-of-00002.gguf',
      '2-hub-m-00001-of-00002.gguf',
      'hub-con.gguf',
    ]);
  });

  it('that cannot be had is told by where it is on the hub', async () => {
    const hub = new HubOfFiles().add('a/b', { 'page.gguf': Buffer.from('<!doctype html>') });
    const { headers, folder } = headersOf(hub);
    const page = await rejected(headers.fetch(PLACE, { path: 'page.gguf', bytes: 15 }, signal));
    expect(page.message).toContain('a/b/page.gguf is not a GGUF file');
    // the list said that it is longer
    const short = await rejected(headers.fetch(PLACE, { path: 'page.gguf', bytes: 5000 }, signal));
    expect(short).toMatchObject({
      code: 'BROKEN_GGUF',
      message: 'a/b/page.gguf ends before its header does',
    });
    hub.fault = new SnugError('OFFLINE', 'hub.test cannot be reached');
    expect((await rejected(headers.fetch(PLACE, { path: 'x.gguf', bytes: 9 }, signal))).code).toBe('OFFLINE');
    headers[Symbol.dispose]();
    expect(existsSync(join(folder, 'offer-'))).toBe(false);
  });
});
