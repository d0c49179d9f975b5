import { expect, it } from 'vitest';
import { estimatedFitDisk, fitDisk } from '../../../src-main/fit/disk-use.ts';

// as the planner has them: files of Qwen2.5-VL 3B and 7B with all layers at Q4_K_M and at IQ1_M
it.each([
  ['3B', 3_085_938_688, { highBytes: 1_928_269_248, lowBytes: 889_720_256, layers: 36, width: 2048 }],
  ['7B', 7_615_616_512, { highBytes: 4_681_441_024, lowBytes: 2_240_679_680, layers: 28, width: 3584 }],
])('what a fit of the %s takes is estimated high, and not much too high', (_, parameters, files) => {
  const [estimated, exact] = [estimatedFitDisk(parameters), fitDisk(files)];
  for (const key of ['workBytes', 'resultBytes'] as const) {
    expect(estimated[key]).toBeGreaterThanOrEqual(exact[key]);
    expect(estimated[key]).toBeLessThan(exact[key] * 1.25);
  }
});
