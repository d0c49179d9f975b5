import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { demoModel } from '../../src-main/root.ts';
import type { ApiEvents } from '../../src-main/contract/api.ts';
import { realDisk, type Disk } from '../../src-main/services/move/disk.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { readSidecar, sidecarPath, writeSidecar } from '../../src-main/models/sidecar.ts';
import { writeTextModel, writeVisionModel } from '../helpers/small-models.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { rejected } from '../helpers/thrown.ts';

// Real files and a real store. Two disks are the real thing where this system lets the test mount one; a rename that says
// "other disk" makes the same code copy everywhere.

const otherDisk = (change: Partial<Disk> = {}): Disk => ({
  ...realDisk,
  rename: () => {
    throw Object.assign(new Error('other disk'), { code: 'EXDEV' });
  },
  ...change,
});

interface Place {
  readonly root: string;
  readonly home: string;
  readonly models: string;
  readonly target: string;
}

function place(): Place {
  const root = temporaryFolder();
  const home = join(root, 'home');
  return { root, home, models: join(home, 'models'), target: join(root, 'elsewhere', 'models') };
}

async function open({ home }: Place, disk?: Disk): Promise<Services> {
  const services = await openServices({ home, door: 'browser', disk });
  onTestFinished(() => services.close());
  return services;
}

/** Two models in the folder: `a` with a sidecar that names its vision encoder, `b` alone. */
async function twoModels(at: Place, disk?: Disk): Promise<Services> {
  mkdirSync(at.models, { recursive: true });
  const a = writeTextModel(at.models, {}, 'a.gguf');
  writeSidecar(a, {
    mmproj: writeVisionModel(at.models, {}, 'a-mmproj.gguf'),
    samples: [{ question: 'What is it?', picture: join(at.models, 'kept.png') }],
  });
  const b = writeTextModel(at.models, { layers: 3 }, 'b.gguf');
  utimesSync(b, 1_700_000_000, 1_700_000_000);
  const services = await open(at, disk);
  const { added } = await services.api.library.add({ paths: [a, b] });
  expect(added.map(({ problem }) => problem)).toEqual([null, null]);
  return services;
}

const ours = async (services: Services) =>
  (await services.api.library.list({})).filter(({ builtIn }) => !builtIn);
const pathsOf = async (services: Services) => (await ours(services)).map(({ path }) => path);
const problemsOf = async (services: Services) => (await ours(services)).map(({ problem }) => problem);

function told(services: Services): ApiEvents['folder.moving'][] {
  const moves: ApiEvents['folder.moving'][] = [];
  const listening = services.events.listen((event) => {
    if (event.name === 'folder.moving') moves.push(event.data);
  });
  onTestFinished(() => listening[Symbol.dispose]());
  return moves;
}

const GGUFS = ['a-mmproj.gguf', 'a.gguf', 'a.gguf.snug.json', 'b.gguf'];

describe.each([
  { disk: 'the same disk', make: () => realDisk },
  { disk: 'another disk', make: () => otherDisk() },
])('a move to $disk', ({ make }) => {
  it('takes models, encoders and sidecars along, and leaves what the library does not know', async () => {
    const at = place();
    const services = await twoModels(at, make());
    writeFileSync(join(at.models, 'notes.txt'), 'mine');
    const bytes = readFileSync(join(at.models, 'a.gguf'));

    const moved = await services.api.folder.move({ to: at.target });
    expect(moved).toMatchObject({ folder: at.target, files: 3, leftBehind: [] });
    expect(readdirSync(at.target).sort()).toEqual(GGUFS);
    expect(readdirSync(at.models)).toEqual(['notes.txt']);
    expect(readFileSync(join(at.target, 'a.gguf'))).toEqual(bytes);
    // the command line takes the newest file for the model fitted last
    expect(statSync(join(at.target, 'b.gguf')).mtimeMs).toBe(1_700_000_000_000);

    const [a, b] = await ours(services);
    expect(a).toMatchObject({ path: join(at.target, 'a.gguf'), problem: null });
    expect(a?.mmproj?.path).toBe(join(at.target, 'a-mmproj.gguf'));
    expect(b).toMatchObject({ path: join(at.target, 'b.gguf'), problem: null });
    // a picture that stayed is still the picture of the question
    expect(readSidecar(join(at.target, 'a.gguf')).samples?.[0]?.picture).toBe(join(at.models, 'kept.png'));
    expect((await services.api.app.info({})).modelsFolder).toBe(at.target);
  });

  it('is told with bytes, and that it has ended', async () => {
    const at = place();
    const services = await twoModels(at, make());
    const moves = told(services);
    const { bytes } = await services.api.folder.move({ to: at.target });
    const running = moves.flatMap((move) => move ?? []);
    expect(running[0]).toMatchObject({ from: at.models, to: at.target, doneFiles: 0, totalFiles: 3 });
    expect(running.at(-1)).toMatchObject({ doneFiles: 3, doneBytes: bytes, totalBytes: bytes });
    expect(running.map(({ doneBytes }) => doneBytes)).toEqual(
      running.map(({ doneBytes }) => doneBytes).sort((a, b) => a - b),
    );
    expect(moves.at(-1)).toBeNull();
    expect(await services.api.folder.moving({})).toBeNull();
  });

  it('holds after a restart and a reset of the settings, and can be taken back', async () => {
    const at = place();
    const services = await twoModels(at, make());
    await services.api.folder.move({ to: at.target });
    await services.api.settings.reset({});
    await services.close();
    const again = await open(at, make());
    expect((await again.api.app.info({})).modelsFolder).toBe(at.target);
    expect(await problemsOf(again)).toEqual([null, null]);
    await again.api.folder.move({ to: null });
    expect((await again.api.app.info({})).modelsFolder).toBe(at.models);
    expect(readdirSync(at.models).sort()).toEqual(GGUFS);
    expect(readdirSync(at.target)).toEqual([]);
  });

  it('makes models elsewhere follow an encoder that lay in the folder', async () => {
    const at = place();
    const services = await twoModels(at, make());
    const outside = join(at.root, 'mine');
    mkdirSync(outside);
    const path = writeTextModel(outside, { layers: 5 }, 'c.gguf');
    const named = writeTextModel(outside, { layers: 6 }, 'd.gguf');
    const mmproj = join(at.models, 'a-mmproj.gguf');
    writeSidecar(named, { mmproj });
    const { added } = await services.api.library.add({ paths: [path, named] });
    await services.api.library.setMmproj({ id: added[0]?.id ?? '', mmprojPath: mmproj });
    await services.api.folder.move({ to: at.target });
    const [, , c, d] = await ours(services);
    expect([c?.path, d?.path]).toEqual([path, named]);
    for (const model of [c, d]) expect(model?.mmproj?.path).toBe(join(at.target, 'a-mmproj.gguf'));
  });
});

function mount(folder: string, options: string): string | undefined {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

describe('a real second disk', () => {
  it('gets the models', async ({ skip }) => {
    const at = place();
    const disk = mount(join(at.root, 'disk'), 'size=16m');
    if (disk === undefined) return skip('mounting needs the rights of an administrator');
    const services = await twoModels(at);
    const target = join(disk, 'models');
    await services.api.folder.move({ to: target });
    expect(readdirSync(target).sort()).toEqual(GGUFS);
    expect(await problemsOf(services)).toEqual([null, null]);
  });

  it('with too little room is refused with both sizes before anything moves', async ({ skip }) => {
    const at = place();
    const disk = mount(join(at.root, 'disk'), 'size=4k');
    if (disk === undefined) return skip('mounting needs the rights of an administrator');
    const services = await twoModels(at);
    const error = await rejected(services.api.folder.move({ to: join(disk, 'models') }));
    expect(error.code).toBe('DISK_FULL');
    expect(error.message).toMatch(/take .* KiB, and only .* free/);
    expect(readdirSync(disk)).toEqual([]);
    expect(await problemsOf(services)).toEqual([null, null]);
  });

  it('that is read-only is refused', async ({ skip }) => {
    const at = place();
    const disk = mount(join(at.root, 'disk'), 'size=16m,ro');
    if (disk === undefined) return skip('mounting needs the rights of an administrator');
    const services = await twoModels(at);
    const error = await rejected(services.api.folder.move({ to: disk }));
    expect(error).toMatchObject({ code: 'CANNOT_WRITE' });
    expect(error.message).toContain('read-only');
    expect(error.advice).not.toContain('--output');
  });
});

describe('a folder that cannot be used', () => {
  const cases: [string, (at: Place) => string, RegExp][] = [
    ['is only part of a path', () => 'models', /only part of a path/],
    ['is a file', ({ root }) => join(root, 'file'), /is a file/],
    ['lies below a file', ({ root }) => join(root, 'file', 'models'), /is a file/],
    ['lies inside the old one', ({ models }) => join(models, 'new'), /inside the folder/],
    ['is the old one', ({ models }) => models, /already/],
    ['is the old one by another name', ({ root }) => join(root, 'home', 'x', '..', 'models', '.'), /already/],
    ["is Snug's own", ({ home }) => join(home, 'work', 'models'), /its own things/],
    ['has a file of that name', ({ root }) => join(root, 'taken'), /there is a b\.gguf/],
  ];

  it.each(cases)('because it %s is refused with advice; nothing moves', async (_, target, message) => {
    const at = place();
    writeFileSync(join(at.root, 'file'), 'a file');
    mkdirSync(join(at.root, 'taken'));
    writeFileSync(join(at.root, 'taken', 'b.gguf'), 'not ours');
    const services = await twoModels(at);
    const error = await rejected(services.api.folder.move({ to: target(at) }));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.message).toMatch(message);
    expect(error.advice).toBeTruthy();
    expect(readdirSync(at.models).sort()).toEqual(GGUFS);
    expect(readFileSync(join(at.root, 'taken', 'b.gguf'), 'utf8')).toBe('not ours');
    expect((await services.api.app.info({})).modelsFolder).toBe(at.models);
    expect(await services.api.folder.moving({})).toBeNull();
  });

  it('because another known model has the name is refused', async () => {
    const at = place();
    const services = await twoModels(at);
    mkdirSync(at.target, { recursive: true });
    const other = writeTextModel(at.target, { layers: 7 }, 'a.gguf');
    await services.api.library.add({ paths: [other] });
    rmSync(other);
    expect((await rejected(services.api.folder.move({ to: at.target }))).code).toBe('BAD_ARGUMENT');
    expect(await problemsOf(services)).toEqual([null, null, 'its file is gone']);
  });
});

/** A disk whose copies are the usual ones, but for the one of `name`. */
function failingAt(name: string, copy: (usual: () => Promise<void>, to: string) => Promise<void>): Disk {
  return otherDisk({
    copy: (from, to, options) => {
      const usual = () => realDisk.copy(from, to, options);
      return from.endsWith(name) ? copy(usual, to) : usual();
    },
  });
}

describe('a move that does not come to its end', () => {
  it('on a disk that fills up leaves every model where it is found, and goes on later', async () => {
    const at = place();
    let full = true;
    const disk = failingAt('b.gguf', async (usual, to) => {
      if (!full) return usual();
      writeFileSync(to, 'half of it');
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    const services = await twoModels(at, disk);
    const error = await rejected(services.api.folder.move({ to: at.target }));
    expect(error.code).toBe('DISK_FULL');
    expect(error.advice).toContain('stays moved');
    expect(await pathsOf(services)).toEqual([join(at.target, 'a.gguf'), join(at.models, 'b.gguf')]);
    expect(await problemsOf(services)).toEqual([null, null]);
    expect(readdirSync(at.target)).not.toContain('b.gguf.snug-moving');
    expect((await services.api.app.info({})).modelsFolder).toBe(at.models);

    full = false;
    expect(await services.api.folder.move({ to: at.target })).toMatchObject({ files: 1 });
    expect(readdirSync(at.target).sort()).toEqual(GGUFS);
    expect(readdirSync(at.models)).toEqual([]);
  });

  it('because it is cancelled keeps what has arrived', async () => {
    const at = place();
    let cancelled: Promise<void> | undefined;
    const services = await twoModels(
      at,
      failingAt('b.gguf', (usual) => {
        cancelled = services.api.folder.cancel({});
        return usual();
      }),
    );
    const moves = told(services);
    expect((await rejected(services.api.folder.move({ to: at.target }))).code).toBe('CANCELLED');
    await cancelled;
    expect(moves.at(-1)).toBeNull();
    expect(await pathsOf(services)).toEqual([join(at.target, 'a.gguf'), join(at.models, 'b.gguf')]);
    expect(await problemsOf(services)).toEqual([null, null]);
    expect(readdirSync(at.models)).toEqual(['b.gguf']);
    expect(existsSync(join(at.home, 'moving.json'))).toBe(false);
  });

  it('because the app ends after a rename is ended at the next start', async () => {
    const at = place();
    const died: Disk = {
      ...realDisk,
      rename: (from, to) => {
        renameSync(from, to);
        throw new Error('the power went');
      },
    };
    const services = await twoModels(at, died);
    await expect(services.api.folder.move({ to: at.target })).rejects.toThrow();
    await services.close();
    expect(existsSync(join(at.models, 'a-mmproj.gguf'))).toBe(false);
    const again = await open(at);
    const [a] = await ours(again);
    expect(a?.mmproj?.path).toBe(join(at.target, 'a-mmproj.gguf'));
    expect(existsSync(join(at.home, 'moving.json'))).toBe(false);
  });

  it('because the app ends between a copy and the deletion of the old file frees its space at the next start', async () => {
    const at = place();
    const services = await twoModels(at);
    await services.close();
    const file = { from: join(at.models, 'b.gguf'), to: join(at.target, 'b.gguf') };
    const cut = { from: join(at.models, 'a.gguf'), to: join(at.target, 'a.gguf') };
    mkdirSync(at.target, { recursive: true });
    writeFileSync(file.to, readFileSync(file.from));
    writeFileSync(`${cut.to}.snug-moving`, 'half of it');
    writeSidecar(cut.to, readSidecar(cut.from));
    const files = [file, cut].map((one) => ({ ...one, bytes: statSync(one.from).size }));
    writeFileSync(join(at.home, 'moving.json'), JSON.stringify({ files }));

    const again = await open(at);
    expect(await pathsOf(again)).toEqual([cut.from, file.to]);
    expect(await problemsOf(again)).toEqual([null, null]);
    expect(existsSync(file.from)).toBe(false);
    expect(readdirSync(at.target)).toEqual(['b.gguf']);
    expect(existsSync(sidecarPath(cut.from))).toBe(true);
  });

  it('never deletes an old file for another of its name', async () => {
    const at = place();
    await (await twoModels(at)).close();
    const file = { from: join(at.models, 'b.gguf'), to: join(at.target, 'b.gguf') };
    mkdirSync(at.target, { recursive: true });
    writeFileSync(file.to, 'something else');
    const files = [{ ...file, bytes: statSync(file.from).size }];
    writeFileSync(join(at.home, 'moving.json'), JSON.stringify({ files }));
    const again = await open(at);
    expect(await pathsOf(again)).toEqual([join(at.models, 'a.gguf'), file.from]);
    expect(readFileSync(file.to, 'utf8')).toBe('something else');
  });
});

describe('while models move', () => {
  it('no second move and no fit begins, and a model that is removed is left alone', async () => {
    const at = place();
    const refused: string[] = [];
    const services = await twoModels(
      at,
      failingAt('b.gguf', async (usual) => {
        const model = (await services.api.library.list({})).find(({ path }) => path === demoModel);
        const fit = { modelId: model?.id ?? '', budgetBytes: 1e9, contextTokens: 1024 };
        refused.push((await rejected(services.api.folder.move({ to: at.target }))).code);
        refused.push((await rejected(services.api.fits.start(fit))).code);
        const [, b] = await ours(services);
        await usual();
        await services.api.library.remove({ id: b?.id ?? '', deleteFile: false });
      }),
    );
    expect(await services.api.folder.move({ to: at.target })).toMatchObject({ files: 2 });
    expect(refused).toEqual(['BUSY', 'BUSY']);
    expect(readdirSync(at.models)).toEqual(['b.gguf']);
    expect(readdirSync(at.target).sort()).toEqual(GGUFS.filter((name) => name !== 'b.gguf'));
  });

  it('a folder whose disk was taken out is said at start, and a fit says what to do', async () => {
    const at = place();
    const services = await twoModels(at);
    await services.api.folder.move({ to: at.target });
    await services.close();
    rmSync(at.target, { recursive: true });
    const again = await open(at);
    const { notices } = await again.api.app.info({});
    expect(notices).toEqual([expect.stringContaining('is not there')]);
    const demo = (await again.api.library.list({})).find(({ builtIn }) => builtIn);
    const fit = { modelId: demo?.id ?? '', budgetBytes: 1e9, contextTokens: 1024 };
    expect((await rejected(again.api.fits.start(fit))).advice).toContain('Connect its disk');
  });
});
