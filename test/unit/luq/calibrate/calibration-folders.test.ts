import type * as Fs from 'node:fs';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it, vi } from 'vitest';
import {
  loadBuiltInCalibration,
  loadOwnCalibration,
} from '../../../../src-main/luq/calibrate/calibration-set.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { thrown } from '../../../helpers/thrown.ts';

// whoever tests as root may read everything
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const readdirSync = (path: string, ...rest: unknown[]) => {
    if (basename(path) === 'lost+found')
      throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    return fs.readdirSync(path, ...(rest as [{ withFileTypes: true }]));
  };
  return { ...fs, readdirSync };
});

const builtIn = loadBuiltInCalibration();
const [somePicture] = builtIn.pictures;

it('folders on a drive that nobody may read are passed over', () => {
  const drive = temporaryFolder();
  copyFileSync(somePicture?.path ?? '', join(drive, 'one.jpg'));
  mkdirSync(join(drive, 'lost+found'));
  const own = loadOwnCalibration(drive, builtIn).pictures.filter(({ isOwn }) => isOwn);
  expect(own.map(({ path }) => path)).toEqual([join(drive, 'one.jpg')]);
});

it('a folder that may not be read itself is told', () => {
  const folder = join(temporaryFolder(), 'lost+found');
  mkdirSync(folder);
  const error = thrown(() => loadOwnCalibration(folder, builtIn));
  expect(error.code).toBe('NO_CALIBRATION');
  expect(error.message).toContain('cannot be read');
});

it('a text that is too large, or none, ends nothing', () => {
  const folder = temporaryFolder();
  copyFileSync(somePicture?.path ?? '', join(folder, 'one.jpg'));
  writeFileSync(join(folder, 'log.txt'), Buffer.alloc(64 * 2 ** 20 + 1, 'a'));
  writeFileSync(join(folder, '._notes.txt'), Buffer.from([0, 5, 22, 7]));
  const own = loadOwnCalibration(folder, builtIn).texts.filter(({ isOwn }) => isOwn);
  expect(own.map(({ path }) => basename(path))).toEqual(['._notes.txt', 'log.txt']);
});
