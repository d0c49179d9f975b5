import { z } from 'zod';
import type { Budget, Laptop } from './fit-report.ts';

/** Something that the llama.cpp at hand can compute on: a graphics processor it was not built for is none. */
export interface ComputeDevice {
  /** llama.cpp's own, e.g. CPU or MTL0 */
  readonly name: string;
  readonly kind: 'cpu' | 'gpu' | 'igpu' | 'accelerator';
}

/** Whether any of them can take layers of a model over from the CPU; an accelerator only helps the CPU with its own. */
export function hasGraphicsDevice(devices: readonly ComputeDevice[]): boolean {
  return devices.some(({ kind }) => kind === 'gpu' || kind === 'igpu');
}

export interface LaptopView {
  readonly laptop: Laptop;
  /** what a model may take without crowding out the rest */
  readonly budget: Budget;
  /** threads that computing uses */
  readonly threads: number;
  readonly computeDevices: readonly ComputeDevice[];
}

/** This machine, as it is now. */
export interface LaptopService {
  read(argument: Record<string, never>): Promise<LaptopView>;
}

export const laptopArguments = { read: z.strictObject({}) };
