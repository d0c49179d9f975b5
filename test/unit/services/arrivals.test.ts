import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { announce, Arrivals, type Arrival } from '../../../src-main/services/arrivals.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';

function model(home: string, name: string): string {
  const path = join(home, name);
  writeFileSync(path, 'a model');
  return path;
}

function arriving(home: string, take = (_: Arrival) => undefined as void) {
  const taken: Arrival[] = [];
  untilTestEnds(
    new Arrivals(home, (arrival) => {
      take(arrival);
      taken.push(arrival);
    }),
  );
  return taken;
}

const left = (home: string) => readdirSync(join(home, 'work', 'arrivals'));

it('a model that came before is taken at the start, one that comes later when it does, each once', async () => {
  const home = temporaryFolder();
  const first = { path: model(home, 'first.gguf'), mmprojPath: model(home, 'mmproj.gguf') };
  announce(home, first);
  const taken = arriving(home);
  expect(taken).toEqual([first]);
  const second = { path: model(home, 'second.gguf') };
  announce(home, second);
  await vi.waitFor(() => expect(taken).toEqual([first, second]));
  expect(left(home)).toEqual([]);
});

it('one that has gone, and a note that cannot be read, are passed over', () => {
  const home = temporaryFolder();
  announce(home, { path: join(home, 'gone.gguf') });
  announce(home, { path: model(home, 'here.gguf') });
  writeFileSync(join(home, 'work', 'arrivals', 'broken.json'), '{');
  expect(arriving(home).map(({ path }) => path)).toEqual([join(home, 'here.gguf')]);
  expect(left(home)).toEqual([]);
});

it('one that could not be taken is left for the next start', () => {
  const home = temporaryFolder();
  announce(home, { path: model(home, 'here.gguf') });
  arriving(home, () => {
    throw new Error('the disk is full');
  });
  expect(left(home)).toHaveLength(1);
});
