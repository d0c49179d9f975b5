import process from 'node:process';
import { SnugError } from '../contract/errors.ts';

const KERNELS = ['own', 'stock'] as const;
/** own: Snug's kernels multiply with the types that it has some for, where they run; stock: llama.cpp's multiply with all. */
export type Kernels = (typeof KERNELS)[number];

const DEFAULT_KERNELS: Kernels = 'stock';

/** @throws SnugError BAD_ARGUMENT */
export function parseKernels(value: string): Kernels {
  const known = KERNELS.find((name) => name === value);
  if (known) return known;
  throw new SnugError('BAD_ARGUMENT', `there are no kernels “${value}”`, {
    advice: 'own are Snug’s, which are faster with the lowest types; stock are llama.cpp’s.',
  });
}

/** What this process and the workers that it starts compute with, from when they first load the addon. */
export function chooseKernels(kernels: Kernels): void {
  process.env['SNUG_KERNELS'] = kernels;
}

/** @throws SnugError BAD_ARGUMENT */
export function kernelsWanted(): Kernels {
  return parseKernels(process.env['SNUG_KERNELS'] || DEFAULT_KERNELS);
}
