import { loadAddon } from '../../src-main/engine/addon.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { tensorTypes } from '../../src-main/gguf/tensor-types.ts';
import { profileLaptop } from '../../src-main/profile/laptop.ts';
import { keepKernelSpeeds, kernelCache } from '../../src-main/profile/probe-cache.ts';
import { demoModel } from '../fixtures/demo.ts';

/**
 * Gives a home the kernel speeds that Snug would time there first, made up: timing them takes a quarter of a minute, and every fresh
 * home would wait for it again; products in wide layouts are twice as fast. For tests whose subject is not speed.
 */
export async function timeKernels(home: string, threads = 1): Promise<void> {
  const laptop = await profileLaptop({ modelsFolder: home, ...loadAddon().backends });
  const shapes = readGguf(demoModel).tensors.flatMap(({ shape: [columns, rows] }) =>
    columns === undefined || rows === undefined ? [] : [{ columns, rows }],
  );
  const speeds = tensorTypes().flatMap(({ id }) =>
    shapes.flatMap((shape) => {
      const speed = { type: id, ...shape, bytesPerSecond: 5e9, timedAt: Date.now() };
      return [speed, { ...speed, wide: true, bytesPerSecond: 2 * speed.bytesPerSecond }];
    }),
  );
  keepKernelSpeeds({ cachePath: kernelCache(home), laptop, threads }, speeds);
}
