import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { realDisk, type Disk } from '../../src-main/services/move/disk.ts';
import { MoveJournal } from '../../src-main/services/move/journal.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { partFile, splitModel } from '../fixtures/split-model.ts';
import { writeTextModel } from '../helpers/small-models.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { rejected } from '../helpers/thrown.ts';

// A split model goes to another folder with all its parts, or stays where it is with all of them.

const NAMES = [1, 2, 3].map((part) => partFile('vl', part, 3));

const otherDisk = (change: Partial<Disk> = {}): Disk => ({
  ...realDisk,
  rename: () => {
    throw Object.assign(new Error('other disk'), { code: 'EXDEV' });
  },
  ...change,
});

function place() {
  const root = temporaryFolder();
  const [home, target] = [join(root, 'home'), join(root, 'elsewhere')];
  const models = join(home, 'models');
  mkdirSync(models, { recursive: true });
  return { home, models, target };
}

async function open(home: string, disk?: Disk): Promise<Services> {
  const services = await openServices({ home, door: 'browser', disk });
  onTestFinished(() => services.close());
  return services;
}

async function splitIn(at: ReturnType<typeof place>, disk?: Disk): Promise<Services> {
  const parts = splitModel(writeTextModel(temporaryFolder()), at.models, { stem: 'vl' });
  const services = await open(at.home, disk);
  expect((await services.api.library.add({ paths: parts })).added).toHaveLength(1);
  return services;
}

const ours = async (services: Services) =>
  (await services.api.library.list({})).filter(({ builtIn }) => !builtIn);

describe.each([
  { disk: 'the same disk', make: () => realDisk },
  { disk: 'another disk', make: () => otherDisk() },
])('to $disk', ({ make }) => {
  it('all parts go, and count as one model', async () => {
    const at = place();
    const services = await splitIn(at, make());
    const [{ bytes } = { bytes: 0 }] = await ours(services);
    expect(await services.api.folder.move({ to: at.target })).toMatchObject({ files: 1, bytes });
    expect(readdirSync(at.target).sort()).toEqual(NAMES);
    expect(readdirSync(at.models)).toEqual([]);
    expect(await ours(services)).toMatchObject([{ path: join(at.target, NAMES[0] ?? ''), problem: null }]);
  });
});

it.each<[string, Disk]>([
  [
    'cannot be renamed',
    {
      ...realDisk,
      rename: (from, to) => {
        if (from.endsWith(NAMES[0] ?? '')) throw Object.assign(new Error('no'), { code: 'EIO' });
        realDisk.rename(from, to);
      },
    },
  ],
  [
    'cannot be copied',
    otherDisk({
      copy: async (from, to, options) => {
        if (from.endsWith(NAMES[2] ?? '')) throw Object.assign(new Error('no'), { code: 'EIO' });
        return realDisk.copy(from, to, options);
      },
    }),
  ],
])('one whose last part %s stays whole where it is', async (_, disk) => {
  const at = place();
  const services = await splitIn(at, disk);
  await rejected(services.api.folder.move({ to: at.target }));
  expect(readdirSync(at.models).sort()).toEqual(NAMES);
  expect(readdirSync(at.target)).toEqual([]);
  expect(await ours(services)).toMatchObject([{ path: join(at.models, NAMES[0] ?? ''), problem: null }]);
});

describe('one that a crash left half moved', () => {
  /** The journal and the files as they are when a move is killed after some parts were renamed. */
  async function killed(moved: readonly string[]) {
    const at = place();
    const services = await splitIn(at);
    await services.close();
    mkdirSync(at.target);
    const file = (name: string) => {
      const [from, to] = [join(at.models, name), join(at.target, name)];
      return { from, to, bytes: statSync(from).size };
    };
    const [first, ...others] = NAMES.map(file);
    if (first) new MoveJournal(at.home).add({ ...first, others });
    for (const name of moved) renameSync(join(at.models, name), join(at.target, name));
    return { at, services: await open(at.home) };
  }

  it('is whole in the old folder after the next start', async () => {
    const { at, services } = await killed(NAMES.slice(1, 2));
    expect(readdirSync(at.models).sort()).toEqual(NAMES);
    expect(readdirSync(at.target)).toEqual([]);
    expect(await ours(services)).toMatchObject([{ problem: null }]);
    expect(existsSync(join(at.home, 'moving.json'))).toBe(false);
  });

  it('is whole in the new one where all parts had arrived', async () => {
    const { at, services } = await killed(NAMES);
    expect(readdirSync(at.target).sort()).toEqual(NAMES);
    expect(await ours(services)).toMatchObject([{ path: join(at.target, NAMES[0] ?? ''), problem: null }]);
  });
});
