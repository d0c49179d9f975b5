import process from 'node:process';
import { SnugError } from '../contract/errors.ts';
import { KERNELS, type Kernels } from '../contract/kernels.ts';

const DEFAULT_KERNELS: Kernels = 'auto';

/** @throws SnugError BAD_ARGUMENT */
export function parseKernels(value: string): Kernels {
  const known = kernelsNamed(value);
  if (known) return known;
  throw new SnugError('BAD_ARGUMENT', `there are no kernels named “${value}”`, { advice: WHICH_THERE_ARE });
}

const WHICH_THERE_ARE =
  '“own” are Snug’s, which are faster with the lowest types; “auto” are Snug’s as far as memory allows; “stock” are llama.cpp’s.';

function kernelsNamed(value: string): Kernels | undefined {
  return KERNELS.find((name) => name === value);
}

/** What this process and the workers that it starts compute with, from when they first load the addon. */
export function chooseKernels(kernels: Kernels): void {
  process.env['SNUG_KERNELS'] = kernels;
}

let set: Kernels | undefined;

/**
 * What was set, for workers that start from now on; who started Snug with a choice keeps it.
 * @throws SnugError BAD_ARGUMENT where that is none
 */
export function preferKernels(kernels: Kernels): void {
  const { SNUG_KERNELS: wanted } = process.env;
  if (wanted && wanted !== set) return void kernelsWanted();
  set = kernels;
  chooseKernels(kernels);
}

/** @throws SnugError BAD_ARGUMENT */
export function kernelsWanted(): Kernels {
  const wanted = process.env['SNUG_KERNELS'] || DEFAULT_KERNELS;
  const known = kernelsNamed(wanted);
  if (known) return known;
  throw new SnugError('BAD_ARGUMENT', `SNUG_KERNELS is “${wanted}”, and there are no such kernels`, {
    advice: `Leave it out, or name some that there are: ${WHICH_THERE_ARE}`,
  });
}
