import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openServices } from '../../src-main/services/services.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { rejected } from '../helpers/thrown.ts';

it('a start that fails half-way is told with advice, and leaves the data folder to the next one', async () => {
  const home = temporaryFolder();
  {
    await using services = await openServices({ home, door: 'browser' });
    await services.api.settings.set({ threads: 3 });
  }
  rmSync(join(home, 'models'), { recursive: true });
  writeFileSync(join(home, 'models'), 'a letter');
  const error = await rejected(openServices({ home, door: 'browser' }));
  expect(error.code).toBe('CANNOT_WRITE');
  expect(error.message).toContain(join(home, 'models'));
  expect(error.advice).toBeTruthy();
  rmSync(join(home, 'models'));
  mkdirSync(join(home, 'models'));
  await using services = await openServices({ home, door: 'browser' });
  expect((await services.api.settings.get({})).threads).toBe(3);
});
