import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashFile } from '../../../src-main/files/hash.ts';
import { hasPipes, makePipe } from '../../helpers/pipe.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

it('is the SHA-256 that other tools print', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'abc');
  expect(await hashFile(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  writeFileSync(path, '');
  expect(await hashFile(path)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

it('reports how far it is and stops when told', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, new Uint8Array(5 * 2 ** 20));
  const seen: [number, number][] = [];
  await hashFile(path, { onProgress: (done, total) => seen.push([done, total]) });
  expect(seen.at(-1)).toEqual([5 * 2 ** 20, 5 * 2 ** 20]);
  expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  const controller = new AbortController();
  const stopped = hashFile(path, { signal: controller.signal, onProgress: () => controller.abort() });
  expect((await rejected(stopped)).code).toBe('CANCELLED');
  // its descriptor was closed once, and is by now the next file's
  expect(await hashFile(path)).toMatch(/^[0-9a-f]{64}$/);
});

it('a file that changes meanwhile is refused', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, new Uint8Array(5 * 2 ** 20));
  const changed = hashFile(path, {
    onProgress: (done) => {
      if (done === 2 ** 20) appendFileSync(path, 'more');
    },
  });
  expect(await rejected(changed)).toMatchObject({ code: 'FILE', path });
  expect(await hashFile(path)).toMatch(/^[0-9a-f]{64}$/);
});

it.runIf(hasPipes)('a pipe is refused', async () => {
  const path = makePipe(join(temporaryFolder(), 'pipe'));
  expect((await rejected(hashFile(path))).message).toContain('is a pipe, not a file');
});
