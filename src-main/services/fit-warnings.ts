import { formatBytes } from '../contract/bytes.ts';
import type { FitStart } from '../contract/fit-job.ts';
import { batteryWarning, type LaptopView } from '../contract/laptop.ts';
import { freeDiskBytes } from '../files/disk.ts';
import { estimatedFitDisk } from '../fit/disk-use.ts';

/** What a person should know before a fit starts; it may start all the same. */
export function fitWarnings(
  { budgetBytes }: Pick<FitStart, 'budgetBytes'>,
  laptop: LaptopView['laptop'],
  places: {
    /** of the source */
    readonly parameters: number;
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
  { parameters, home, isOwnFolder }: Parameters<typeof fitWarnings>[2],
): string[] {
  const warning = (where: string, free: number, needed: number) =>
    free >= needed
      ? []
      : [`Only ${formatBytes(free)} are free ${where}; this fit needs about ${formatBytes(needed)} there.`];
  const { workBytes, resultBytes } = estimatedFitDisk(parameters);
  if (isOwnFolder) return warning('where models are kept', freeForModels, workBytes + resultBytes);
  return [
    ...warning('where Snug works', freeDiskBytes(home), workBytes),
    ...warning('where models are kept', freeForModels, resultBytes),
  ];
}
