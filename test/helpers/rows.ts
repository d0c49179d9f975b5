import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Rows of floats in a file, as the tap writes them. */
export function writeRows(folder: string, name: string, rows: Float32Array): string {
  const path = join(folder, name);
  writeFileSync(path, rows);
  return path;
}

/** A number of the standard normal distribution, by Box and Muller. `random`: uniform in [0, 1). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
