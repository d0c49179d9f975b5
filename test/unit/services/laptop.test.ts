import { expect, it } from 'vitest';
import type { compressContract, ProfileReport } from '../../../src-main/contract/workers/compress.ts';
import { memoryLimits, recommendBudget } from '../../../src-main/profile/budget.ts';
import { LaptopReader } from '../../../src-main/services/laptop.ts';
import { FakeWorkers } from '../../helpers/fake-workers.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';

const pause = () => new Promise((resolve) => setImmediate(resolve));
const laptop = ordinaryLaptop();
const view: ProfileReport = {
  laptop,
  limits: memoryLimits(laptop.memory),
  budget: recommendBudget(laptop.memory),
  threads: 2,
  computeDevices: [],
  probedModel: null,
  kernels: [],
};

it('the laptop that sixty ask about at once is looked at by one process', async () => {
  const workers = new FakeWorkers<typeof compressContract>(async () => (await pause(), view));
  const reader = new LaptopReader({ current: '/models' }, workers.start);
  const views = await Promise.all(Array.from({ length: 60 }, () => reader.read()));
  expect(views).toHaveLength(60);
  expect(workers.all).toHaveLength(1);
  expect(workers.alive).toEqual([]);
  await reader.read();
  expect(workers.all).toHaveLength(2);
});

it('how many threads it computes with is known once it was looked at', async () => {
  const workers = new FakeWorkers<typeof compressContract>(async () => (await pause(), view));
  const reader = new LaptopReader({ current: '/models' }, workers.start);
  expect(await Promise.all([reader.read(), reader.threads()])).toMatchObject([{ threads: 2 }, 2]);
  expect(await reader.threads()).toBe(2);
  expect(workers.all).toHaveLength(1);
});

it('a look that failed is not kept', async () => {
  let fails = true;
  const workers = new FakeWorkers<typeof compressContract>(() => {
    if (fails) throw new Error('no');
    return view;
  });
  const reader = new LaptopReader({ current: '/models' }, workers.start);
  const looks = await Promise.allSettled([reader.read(), reader.read()]);
  expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await reader.read()).toMatchObject({ threads: 2 });
});
