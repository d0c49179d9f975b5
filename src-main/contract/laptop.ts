import { z } from 'zod';
import { budgetSchema, laptopSchema, type Laptop } from './fit-report.ts';
import type { ReadOnly } from './read-only.ts';

/** Something that the llama.cpp at hand can compute on: a graphics processor it was not built for is none. */
const computeDeviceSchema = z.object({
  /** llama.cpp's own, e.g. CPU or MTL0 */
  name: z.string(),
  kind: z.enum(['cpu', 'gpu', 'igpu', 'accelerator']),
});
export type ComputeDevice = ReadOnly<z.infer<typeof computeDeviceSchema>>;

/** Whether any of them can take layers of a model over from the CPU; an accelerator only helps the CPU with its own. */
export function hasGraphicsDevice(devices: readonly ComputeDevice[]): boolean {
  return devices.some(({ kind }) => kind === 'gpu' || kind === 'igpu');
}

/** What a model may take of this laptop's memory whatever runs beside it at the moment: it is fitted once and used for long. */
const memoryLimitsSchema = z.object({
  /** leaves the system and other programs their usual share */
  comfortableBytes: z.number(),
  /** with other programs closed: more goes to swap */
  mostBytes: z.number(),
});
export type MemoryLimits = ReadOnly<z.infer<typeof memoryLimitsSchema>>;

/**
 * Parameters of the largest model that would fit where one of `parameters` takes `neededBytes`; rounded down, as it is an estimate: what
 * a model takes grows about as its parameters do.
 */
export function largestParameters(parameters: number, neededBytes: number, spareBytes: number): number {
  const count = (parameters * spareBytes) / neededBytes;
  const step = 10 ** (Math.floor(Math.log10(Math.max(10, count))) - 1);
  return Math.floor(count / step) * step;
}

/** What a person who fits on battery should know; null where the laptop is plugged in. */
export function batteryWarning({ onBattery, batteryPercent }: Laptop['power']): string | null {
  if (!onBattery) return null;
  const left = batteryPercent === null ? '' : ` (${batteryPercent} % left)`;
  return `The laptop runs on battery${left}: fitting a model keeps every core busy for a while. Plug in if you can.`;
}

export const laptopViewSchema = z.object({
  laptop: laptopSchema,
  limits: memoryLimitsSchema,
  /** what a model may take without crowding out the rest, as things are now */
  budget: budgetSchema,
  /** threads that computing uses */
  threads: z.number(),
  computeDevices: z.array(computeDeviceSchema),
});
export type LaptopView = ReadOnly<z.infer<typeof laptopViewSchema>>;

/** This machine, as it is now. */
export interface LaptopService {
  read(argument: Record<string, never>): Promise<LaptopView>;
}

export const laptopArguments = { read: z.strictObject({}) };
