import { expect, it } from 'vitest';
import { LaptopReader } from '../../../src-main/services/laptop.ts';
import { FakeWorkers } from '../../helpers/fake-workers.ts';

const pause = () => new Promise((resolve) => setImmediate(resolve));
const view = { laptop: {}, budget: {}, threads: 2, computeDevices: [] };

it('the laptop that sixty ask about at once is looked at by one process', async () => {
  const workers = new FakeWorkers(async () => (await pause(), view));
  const laptop = new LaptopReader(() => '/models', 'compress', workers.start);
  const views = await Promise.all(Array.from({ length: 60 }, () => laptop.read()));
  expect(views).toHaveLength(60);
  expect(workers.all).toHaveLength(1);
  expect(workers.alive).toEqual([]);
  await laptop.read();
  expect(workers.all).toHaveLength(2);
});

it('a look that failed is not kept', async () => {
  let fails = true;
  const workers = new FakeWorkers(() => {
    if (fails) throw new Error('no');
    return view;
  });
  const laptop = new LaptopReader(() => '/models', 'compress', workers.start);
  const looks = await Promise.allSettled([laptop.read(), laptop.read()]);
  expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await laptop.read()).toMatchObject({ threads: 2 });
});
