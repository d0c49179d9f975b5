import type * as Fs from 'node:fs';
import { readdirSync, writeFileSync } from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { Bank } from '../../../src-main/luq/quantize/bank.ts';
import { tryOutputName } from '../../../src-main/files/output-name.ts';
import { insistMeanwhile } from '../../../src-main/files/retry-refused.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { readRegularFile } from '../../../src-main/files/regular-file.ts';
import { ggufTensor } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

/** What was done to which file while the system refuses each of these things once, as a virus scanner makes Windows do. */
const done = new Set<string>();
const { refusing } = vi.hoisted(() => ({ refusing: { on: false } }));

function refuseOnce(what: string, path: unknown): void {
  const key = `${what} ${String(path)}`;
  if (!refusing.on || done.has(key)) return;
  done.add(key);
  throw Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' });
}

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const names = ['openSync', 'appendFileSync', 'rmSync', 'renameSync'] as const;
  const refused = names.map((name) => [
    name,
    (path: string, ...rest: never[]) => {
      refuseOnce(name, path);
      return (fs[name] as (path: string, ...rest: never[]) => unknown)(path, ...rest);
    },
  ]);
  return { ...fs, ...(Object.fromEntries(refused) as object) };
});
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof FsPromises>();
  const open = (path: string, ...rest: never[]) => {
    refuseOnce('open', path);
    return fs.open(path, ...rest);
  };
  return { ...fs, open };
});

beforeEach(() => {
  done.clear();
  refusing.on = false;
});

it('a bank of blocks is filled and emptied all the same', async () => {
  const type = tensorTypeId('Q4_K');
  const tensor = ggufTensor({ name: 'blk.0.attn_q.weight', shape: [256, 4] });
  const folder = temporaryFolder();
  const bank = new Bank(folder, 'matrix');
  refusing.on = true;
  writeFileSync(bank.begin(tensor, type), new Uint8Array(4 * 144));
  await bank.add(tensor, type);
  refusing.on = false;
  expect(done.size).toBeGreaterThanOrEqual(4);
  expect(new Bank(folder, 'matrix').has(tensor, type)).toBe(true);
  refusing.on = true;
  bank.begin(tensor, type);
  bank.removeUnfinished();
  bank.drop(tensor, type);
  refusing.on = false;
  expect(readdirSync(dirname(bank.path(tensor, type)))).toEqual(['index']);
});

it('the name of a result is tried all the same, and nothing is left of it', () => {
  const folder = temporaryFolder();
  refusing.on = true;
  tryOutputName(join(folder, 'result.gguf'));
  refusing.on = false;
  expect(done.size).toBeGreaterThan(0);
  expect(readdirSync(folder)).toEqual([]);
});

it('what Snug has written is read all the same', () => {
  const path = join(temporaryFolder(), 'state.json');
  writeFileSync(path, 'state');
  refusing.on = true;
  expect(readRegularFile(path, { mostBytes: 10 }).toString()).toBe('state');
  refusing.on = false;
  expect(done.size).toBe(1);
});

it('what will not pass is thrown at once, and what passes is done', async () => {
  let tries = 0;
  const work = (code: string) => () => {
    tries++;
    return tries < 3 ? Promise.reject(Object.assign(new Error(code), { code })) : Promise.resolve(tries);
  };
  expect(await insistMeanwhile(work('EBUSY'))).toBe(3);
  tries = 0;
  await expect(insistMeanwhile(work('ENOENT'))).rejects.toThrow('ENOENT');
  expect(tries).toBe(1);
});
