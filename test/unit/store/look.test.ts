import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Connection } from '../../../src-main/store/connection.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { lookIntoStore } from '../../../src-main/store/look.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

it('reads what a Snug has open just then, and changes nothing', () => {
  const folder = temporaryFolder();
  using store = openStore(folder);
  const { id } = store.models.add({ path: '/m/a.gguf' });
  store.settings.set({ theme: 'dark' });
  using look = lookIntoStore(folder);
  expect(look?.models.list().map(({ path }) => path)).toEqual(['/m/a.gguf']);
  expect(look?.settings.get().theme).toBe('dark');
  expect(look?.fitJobs.list()).toEqual([]);
  // and goes on hearing of it
  store.models.add({ path: '/m/b.gguf' });
  expect(look?.models.list()).toHaveLength(2);
  expect(thrown(() => look?.models.remove(id)).code).toBe('CANNOT_WRITE');
});

it('reads it when no Snug runs, and lets the next one open it', () => {
  const folder = temporaryFolder();
  openStore(folder).close();
  {
    using look = lookIntoStore(folder);
    expect(look?.models.list()).toEqual([]);
  }
  openStore(folder).close();
});

it('finds nothing where there is none, or an empty one', () => {
  const folder = temporaryFolder();
  expect(lookIntoStore(folder)).toBeUndefined();
  writeFileSync(join(folder, 'snug.db'), '');
  expect(lookIntoStore(folder)).toBeUndefined();
});

it('does not read what a newer Snug wrote', () => {
  const folder = temporaryFolder();
  openStore(folder).close();
  {
    using connection = new Connection(join(folder, 'snug.db'));
    connection.pragma('user_version = 999');
  }
  expect(thrown(() => lookIntoStore(folder)).code).toBe('FILE');
});
