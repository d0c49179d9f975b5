import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { profileLines } from '../../../src-main/cli/profile-command.ts';
import type { ComputeDevice } from '../../../src-main/contract/laptop.ts';
import type { Laptop } from '../../../src-main/contract/fit-report.ts';
import { memoryLimits, recommendBudget } from '../../../src-main/profile/budget.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';

function linesOf(laptop: Laptop, kinds: readonly ComputeDevice['kind'][] = ['cpu']): string[] {
  const lines = profileLines({
    laptop,
    limits: memoryLimits(laptop.memory),
    budget: recommendBudget(laptop.memory),
    threads: 4,
    computeDevices: kinds.map((kind) => ({ name: kind, kind })),
    probedModel: null,
    kernels: [],
  });
  return lines.map(stripVTControlCharacters);
}

function gpuLine(...kinds: ComputeDevice['kind'][]): string | undefined {
  return linesOf(ordinaryLaptop(), kinds).find((line) => line.startsWith('GPU'));
}

it('says that only the CPU computes where llama.cpp has no graphics processor, whatever the laptop has', () => {
  const only = 'GPU     Intel UHD Graphics 620 (Snug computes on the CPU)';
  expect(gpuLine('cpu')).toBe(only);
  expect(gpuLine('accelerator', 'cpu')).toBe(only);
});

it.each(['gpu', 'igpu'] as const)('tells of the setting where llama.cpp has one (%s)', (kind) => {
  expect(gpuLine(kind, 'cpu')).toContain('(Snug computes on the CPU; only a chat can be given layers');
});

it('says whose kernels multiply with the lowest types, and why not Snug’s where they were wanted', () => {
  const laptop = ordinaryLaptop();
  const withKernels = (kernels: string, whyNoKernels: string) =>
    linesOf({
      ...laptop,
      cpu: { ...laptop.cpu, kernels, kernelTypes: ['IQ1_M', 'IQ2_S'], whyNoKernels },
    }).find((line) => /kernels/.test(line));
  expect(withKernels('AVX2', '')).toMatch(/Snug's own kernels \(AVX2\) multiply with IQ1_M and IQ2_S, llama/);
  expect(withKernels('', '')).toMatch(/llama\.cpp's kernels multiply with all types$/);
  expect(withKernels('', 'there are none for this processor')).toMatch(/Snug's own can't, there are none/);
});
