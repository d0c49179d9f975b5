import { z } from 'zod';
import type { Budget, Laptop } from './fit-report.ts';

export interface LaptopView {
  readonly laptop: Laptop;
  /** what a model may take without crowding out the rest */
  readonly budget: Budget;
  /** threads that computing uses */
  readonly threads: number;
}

/** This machine, as it is now. */
export interface LaptopService {
  read(argument: Record<string, never>): Promise<LaptopView>;
}

export const laptopArguments = { read: z.strictObject({}) };
