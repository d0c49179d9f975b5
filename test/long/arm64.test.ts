import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src-main/pictures/pictures.ts';
import { DEMO_ANSWERS, demoMmproj, demoModel } from '../fixtures/demo.ts';
import type { Kernels } from '../fixtures/kernels-in-child.ts';
import { checkedOnArm64, printedOnArm64, setUpArm64, whyNoArm64 } from '../helpers/arm64.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

// Snug's addon for Linux on 64-bit ARM with the libraries of llama.cpp that people have there, run by QEMU: what it computes, not how fast.

const SIDE = 112;
const whyNot = whyNoArm64();
const title = whyNot === undefined ? 'on ARM' : `on ARM (left out: ${whyNot})`;

function kernelsOn(cpu: string, kernels: string): Kernels {
  return JSON.parse(printedOnArm64(cpu, ['kernels-in-child.ts'], { SNUG_KERNELS: kernels })) as Kernels;
}

describe.skipIf(whyNot !== undefined)(title, () => {
  beforeAll(setUpArm64);

  it.each([
    ['neoverse-n1', 'armv8.2_2', ['Q2_K', 'Q3_K']],
    // with SVE, for which llama.cpp adds Q2_K in an order of its own
    ['max', 'armv9.2_2', ['Q3_K']],
  ])('Snug’s kernels give on %s what llama.cpp’s build for %s gives', (cpu, expected, kQuants) => {
    const { variant, own, types, whyNot, rearranged, cases } = kernelsOn(cpu, 'own');
    expect({ variant, own, types, whyNot, rearranged }).toEqual({
      variant: expected,
      own: 'NEON',
      types: ['IQ1_M', 'IQ1_S', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', ...kQuants],
      whyNot: '',
      rearranged: true,
    });
    for (const { what, difference, sameInThreads } of cases)
      expect({ difference, sameInThreads }, what).toEqual({ difference: 0, sameInThreads: true });
  });

  it('they keep to their memory, as AddressSanitizer and UndefinedBehaviorSanitizer see it', () => {
    expect(checkedOnArm64('neoverse-n1', 'armv8.2_2')).toMatch(/^NEON: ([1-9]\d*) of \1 products agree\n$/);
  });

  it('llama.cpp’s kernels multiply on a processor without the instructions that Snug’s take', () => {
    const { variant, own, whyNot, rearranged, cases } = kernelsOn('cortex-a53', 'own');
    expect({ variant, own, rearranged }).toEqual({ variant: 'armv8.0_1', own: '', rearranged: false });
    expect(whyNot).toContain('for this processor');
    for (const { what, difference } of cases) expect(difference, what).toBe(0);
  });

  const [seen] = DEMO_ANSWERS.flatMap(({ picture, ...rest }) => (picture ? [{ picture, ...rest }] : []));
  it.runIf(seen)('the demo model sees what it sees elsewhere', async () => {
    const { picture = '', question = '', answer } = seen ?? {};
    const { data } = await decodePicture(picture, { size: { width: SIDE, height: SIDE } });
    const pixels = join(temporaryFolder(), 'pixels');
    writeFileSync(pixels, data);
    const script = ['see-in-child.ts', demoModel, demoMmproj, question, pixels] as const;
    expect(printedOnArm64('neoverse-n1', script)).toBe(answer);
  });

  it('llama.cpp’s kernels multiply where they are wanted', () => {
    const { own, whyNot, rearranged } = kernelsOn('neoverse-n1', 'stock');
    expect({ own, whyNot, rearranged }).toEqual({ own: '', whyNot: '', rearranged: false });
  });
});
