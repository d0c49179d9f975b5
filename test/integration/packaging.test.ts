import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiArguments } from '../../src-main/contract/api.ts';
import type { FitJob } from '../../src-main/contract/fit-job.ts';
import type { ModelEntry } from '../../src-main/contract/model.ts';
import { shortModel } from '../fixtures/short-demo.ts';
import { heic } from '../helpers/heic.ts';
import { PackedApp, type RunningApp } from '../helpers/packed-app.ts';
import { pageOf, pdfOf } from '../helpers/pdf.ts';
import { timeKernels } from '../helpers/timed-home.ts';

// What people install, but for Electron's binary: packed by electron-builder, run by plain Node.

const onLinux = process.platform === 'linux';

describe.skipIf(!onLinux)(
  'the packed app (skipped: the stand-in for Electron is laid out as on Linux)',
  () => {
    let folder: string;
    let app: PackedApp;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'snug-packed-'));
      app = await PackedApp.pack(folder);
    }, 300_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('carries this platform’s llama.cpp and natives alone', () => {
      const natives = app.unpacked
        .filter((path) => /\.(node|so|dll|dylib)(\.|$)/.test(path))
        .map((path) => basename(path));
      expect(natives).toEqual(
        expect.arrayContaining(['snug.node', 'libggml-cpu-haswell.so', `linux-${process.arch}.node`]),
      );
      expect(natives.filter((name) => /cuda|vulkan|metal|win32|darwin|musl|llama-addon/.test(name))).toEqual(
        [],
      );
      expect(
        app.files.filter((path) =>
          /node_modules\/(@?node-llama-cpp|electron|vite|svelte|typescript)\//.test(path),
        ),
      ).toEqual([]);
    });

    it('has demo model, calibration set, window and licences, no tests and no sources', () => {
      for (const path of [
        'resources/demo-model/demo-vl-f16.gguf',
        'resources/calibration/manifest.json',
        'dist/renderer/index.html',
        'dist/renderer/LICENSES.md',
        'LICENSES-libvips.md',
        'src-main/preload.cjs',
        'native/build/LICENSE-llama.cpp.txt',
        'LICENSE',
      ]) {
        expect(existsSync(app.path(path)), path).toBe(true);
      }
      expect(
        app.files.filter(
          (path) => path.endsWith('.ts') || path.includes('/test/') || path.includes('vqa-test'),
        ),
      ).toEqual([]);
    });

    it('has the licence of every package, in the window too', () => {
      const packages = app.files
        .map((path) => /^\/?(node_modules\/(?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(path)?.[1])
        .filter((path) => path !== undefined);
      expect(packages).toEqual(expect.arrayContaining(['node_modules/zod', 'node_modules/d3-scale']));
      const without = packages.filter(
        (path) =>
          !app.files.some(
            (file) => file.replace(/^\//, '').startsWith(`${path}/`) && /\/licen[cs]e[^/]*$/i.test(file),
          ),
      );
      expect(without).toEqual(packages.filter((path) => path.includes('/sharp-libvips-')));
      const bundled = readFileSync(app.path('dist/renderer/LICENSES.md'), 'utf8');
      for (const name of ['svelte', 'marked', 'dompurify', 'temml']) expect(bundled).toContain(`## ${name}`);
    });

    it('has its fuses set: no Node, no inspector, no code but the archive', () => {
      // the order of @electron/fuses: runAsNode, cookie encryption, NODE_OPTIONS, inspect, archive integrity, only the archive
      expect([0, 1, 2, 3, 4, 5, 7].map((place) => app.fuse(place))).toEqual([
        false,
        false,
        false,
        false,
        true,
        true,
        false,
      ]);
    });

    it('carries the decoders of HEIC and PDF once', () => {
      const decoders = app.files.filter((path) =>
        /node_modules\/(libheif-js|@hyzyla)\/.*\.(wasm|c?js)$/.test(path),
      );
      expect(decoders.map((path) => basename(path)).sort()).toEqual([
        ...['index.esm.js', 'index.js', 'libheif.js', 'libheif.wasm', 'pdfium.wasm'],
        ...['wasm-bundle.js', 'wasm.js'],
      ]);
    });

    // nobody runs this command line in what is shipped; it shows that natives, decoders and resources are found
    it.each([
      ['circle.png', () => readFileSync(app.path('resources/demo-model/samples/circle.png'))],
      ['photo.heic', heic.upright],
      ['page.pdf', () => pdfOf([pageOf([1, 0, 0])])],
    ])('answers about a picture from its command line: %s', (name, content) => {
      const sample = join(folder, name);
      writeFileSync(sample, content());
      const said = app.cli(
        join(folder, 'home-cli'),
        'chat',
        'What color is the circle?',
        '--image',
        sample,
        '--json',
        '--threads',
        '1',
      );
      expect((JSON.parse(said) as { answer: { text: string } }).answer.text).not.toBe('');
    });

    describe('its main process, with a stand-in for the electron module', () => {
      let home: string;
      let running: RunningApp;

      beforeAll(async () => {
        home = join(folder, 'home');
        await timeKernels(home);
        running = app.start(home);
        await running.did('load');
        await running.call('settings', 'set', { threads: 1, contextTokens: 1024 });
      });
      afterAll(async () => {
        await running.ask('quit').catch(() => undefined);
      });

      it('opens one sandboxed window on its own page, with a preload script that is there', async () => {
        const { webPreferences } = (await running.did('window')) as { webPreferences: { preload: string } };
        expect(webPreferences).toMatchObject({
          contextIsolation: true,
          sandbox: true,
          nodeIntegration: false,
        });
        await running.did('sandbox');
        expect(await running.did('webrtc')).toEqual({ policy: 'disable_non_proxied_udp' });
        expect(existsSync(webPreferences.preload)).toBe(true);
        expect(readFileSync(webPreferences.preload, 'utf8')).toContain('exposeInMainWorld');
      });

      it('serves the built page, its script, and nothing else', async () => {
        const page = (await running.ask('fetch', { url: 'snug://app/index.html' })) as {
          body: string;
          headers: Record<string, string>;
        };
        expect(page.headers['content-security-policy']).toContain("default-src 'none'");
        const script = /src="\.?(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1];
        expect(await running.ask('fetch', { url: `snug://app${script}` })).toMatchObject({ status: 200 });
        for (const path of ['/../package.json', '/assets/../../package.json', '/missing.js'])
          expect(await running.ask('fetch', { url: `snug://app${path}` })).toMatchObject({ status: 404 });
      });

      it('serves every method of the contract to its own page, and nothing to another', async () => {
        for (const [service, methods] of Object.entries(apiArguments)) {
          for (const method of Object.keys(methods)) {
            // refused by its checks, which means that it is served
            await expect(running.call(service, method, 'no object')).rejects.toThrow(
              /argument|expected|invalid/i,
            );
          }
        }
        const asked = { channel: 'call', argument: { id: 1, service: 'app', method: 'info', argument: {} } };
        await expect(running.ask('invoke', { ...asked, url: 'https://example.org/' })).rejects.toThrow(
          /may not ask/,
        );
      });

      it('denies navigation, windows, permissions and the network', async () => {
        expect(await running.ask('navigate')).toBe(true);
        expect(await running.ask('openWindow', { url: 'https://example.org/' })).toBe('deny');
        const permission = (name: string, details: object) =>
          running.ask('permission', { permission: name, details });
        expect(await permission('geolocation', {})).toBe(false);
        expect(await permission('media', { mediaTypes: ['audio'] })).toBe(false);
        expect(await permission('media', { mediaTypes: ['video'] })).toBe(true);
        const check = (name: string, details: object) =>
          running.ask('permissionCheck', { permission: name, details });
        expect(await check('media', { mediaType: 'audio' })).toBe(false);
        expect(await check('media', { mediaType: 'video' })).toBe(true);
        expect(await check('clipboard-sanitized-write', {})).toBe(true);
        expect(await running.ask('network', { url: 'https://example.org/' })).toEqual({ cancel: true });
        expect(await running.ask('network', { url: 'snug://app/index.html' })).toEqual({ cancel: false });
      });

      it('fits a model in a utility process, with progress in the taskbar and a notification', async () => {
        // what it comes with takes three times as long
        const { added } = (await running.call('library', 'add', { paths: [shortModel] })) as {
          added: ModelEntry[];
        };
        const job = (await running.call('fits', 'start', {
          modelId: added[0]?.id,
          budgetBytes: 2 ** 30,
          contextTokens: 1024,
        })) as FitJob;
        await running.did('stay awake');
        await running.did('progress', ({ share }: { share: number }) => share > 0 && share < 1);
        const ended = (await running.event(
          'fits.changed',
          ({ id, state }: FitJob) => id === job.id && state !== 'running',
        )) as FitJob;
        expect(ended).toMatchObject({ state: 'done', error: null });
        expect(await running.did('notification')).toMatchObject({
          title: expect.stringContaining('is ready') as string,
        });
        await running.did('may sleep');
        await running.did('progress', ({ share }: { share: number }) => share === -1);
      }, 300_000);

      it('shows its own folders and models in the file manager, and no other', async () => {
        const page = { url: 'snug://app/index.html' };
        const { modelsFolder } = (await running.call('app', 'info', {})) as { modelsFolder: string };
        await running.ask('invoke', { ...page, channel: 'show-in-folder', argument: modelsFolder });
        await running.did('show in folder');
        await running.ask('invoke', { ...page, channel: 'open-logs' });
        await running.did('open path');
        const other = { ...page, channel: 'show-in-folder', argument: '/etc/passwd' };
        expect(await running.ask('invoke', other)).toMatchObject({
          error: { code: 'BAD_ARGUMENT', message: expect.stringContaining('only models') as string },
        });
        expect(await running.ask('invoke', { ...page, channel: 'choose-folder' })).toEqual({ value: null });
      });

      it('asks about a model file that was opened, and says what is wrong with one that is none', async () => {
        const broken = join(folder, 'broken.gguf');
        writeFileSync(broken, 'no model');
        expect(await running.ask('openFile', { path: broken })).toBe(true);
        await running.did('question', ({ detail }: { detail: string }) => detail === broken);
        expect(await running.did('error box')).toMatchObject({
          content: expect.stringContaining('broken.gguf') as string,
        });
        await running.did('load', (url: string) => url.endsWith('#/models'));
      });

      it('ends its workers and itself when it quits, and finds its things again', async () => {
        void running.ask('quit');
        expect(await running.exited).toBe(0);
        running = app.start(home);
        await running.did('load');
        const models = (await running.call('library', 'list', {})) as ModelEntry[];
        expect(models.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['source', 'fitted']));
      });
    });
  },
);
