import { formatBytes } from '../contract/bytes.ts';
import type { FitStart } from '../contract/fit-job.ts';
import { batteryWarning, type LaptopView } from '../contract/laptop.ts';
import { freeDiskBytes } from '../files/disk.ts';

/**
 * What a fit needs on disk, as shares of its F16 source: bank blocks of 4.5 and 1.75 bits (0.28 and 0.11) and the calibration, rounded up;
 * the result, all of it at 4.5 bits at most.
 */
const WORK_SHARE = 0.45;
const RESULT_SHARE = 0.3;

/** What a person should know before a fit starts; it may start all the same. */
export function fitWarnings(
  { budgetBytes }: Pick<FitStart, 'budgetBytes'>,
  laptop: LaptopView['laptop'],
  places: {
    /** of the source's file */
    readonly sourceBytes: number;
    /** where Snug works */
    readonly home: string;
    /** whether models are kept on the same disk */
    readonly isOwnFolder: boolean;
  },
): readonly string[] {
  const battery = batteryWarning(laptop.power);
  const warnings = battery === null ? [] : [battery];
  const { availableBytes } = laptop.memory;
  if (budgetBytes > availableBytes) {
    warnings.push(
      `Only ${formatBytes(availableBytes)} of memory is free now. At the end the model is tried, which takes up to ${formatBytes(budgetBytes)}: close other programs first.`,
    );
  }
  return [...warnings, ...diskWarnings(laptop.disk.freeBytes, places)];
}

function diskWarnings(
  freeForModels: number,
  { sourceBytes, home, isOwnFolder }: Parameters<typeof fitWarnings>[2],
): string[] {
  const warning = (where: string, free: number, needed: number) =>
    free >= needed
      ? []
      : [`Only ${formatBytes(free)} are free ${where}; this fit needs about ${formatBytes(needed)} there.`];
  const work = sourceBytes * WORK_SHARE;
  const result = sourceBytes * RESULT_SHARE;
  if (isOwnFolder) return warning('where models are kept', freeForModels, work + result);
  return [
    ...warning('where Snug works', freeDiskBytes(home), work),
    ...warning('where models are kept', freeForModels, result),
  ];
}
