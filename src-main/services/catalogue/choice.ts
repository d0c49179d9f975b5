import { estimatedFitDisk } from '../../fit/disk-use.ts';
import type { Machine } from './machine.ts';
import { diskOf, hasRoom } from './needs.ts';

/** A file that may be taken, as far as the list of files tells. */
export interface Candidate {
  readonly precision: string;
  readonly mayBeFitted: boolean;
  /** of the download */
  readonly bytes: number;
  readonly parameters: number;
}

export interface Chosen<Model extends Candidate> {
  readonly model: Model;
  /** one sentence */
  readonly why: string;
}

/** A download that takes longer is not worth what Q8_0 loses. */
const PATIENCE_SECONDS = 60 * 60;
/** What a model takes in memory beside its file, about: context, scratch and a vision encoder at work. */
const BESIDES_BYTES = 2 ** 31;

/**
 * The file that Snug takes unless told otherwise: the best that may be fitted and that disk and time allow. Where none may be fitted, the
 * largest that the memory has room for.
 *
 * @param models best first
 */
export function choose<Model extends Candidate>(
  models: readonly Model[],
  machine: Machine,
): Chosen<Model> | undefined {
  const sources = models.filter(({ mayBeFitted }) => mayBeFitted);
  const [best] = sources;
  if (best === undefined) return chooseQuantized(models, machine);
  const refusals = sources.map((source) => refusalOf(source, machine));
  const index = refusals.indexOf(null);
  const smallest = sources.toSorted((a, b) => a.bytes - b.bytes)[0] ?? best;
  const model = index < 0 ? smallest : (sources[index] ?? best);
  return { model, why: model === best ? whyBest(best, smallest) : (refusals[0] ?? '') };
}

function whyBest(best: Candidate, smallest: Candidate): string {
  return best === smallest
    ? `${best.precision} is the best file there is to fit from.`
    : `${best.precision} is the best to fit from; ${smallest.precision} is smaller and has lost a little.`;
}

/** Why one is not taken; null for one that may be. */
function refusalOf({ precision, bytes, parameters }: Candidate, machine: Machine): string | null {
  if (!hasRoom(diskOf(bytes, estimatedFitDisk(parameters), machine.disk)))
    return `${precision} and its fit would take more disk than is free.`;
  const seconds = machine.bytesPerSecond === null ? 0 : bytes / machine.bytesPerSecond;
  if (seconds <= PATIENCE_SECONDS) return null;
  return `${precision} would take about ${Math.round(seconds / 360) / 10} hours to download.`;
}

function chooseQuantized<Model extends Candidate>(
  models: readonly Model[],
  { limits, disk }: Machine,
): Chosen<Model> | undefined {
  const bySize = models.toSorted((a, b) => b.bytes - a.bytes);
  const fits = ({ bytes }: Candidate) =>
    bytes + BESIDES_BYTES <= limits.comfortableBytes && bytes <= disk.freeBytes;
  const model = bySize.find(fits) ?? bySize.at(-1);
  if (model === undefined) return undefined;
  const why = `There is no F16, BF16 or Q8_0 file to fit from; ${model.precision} is the ${fits(model) ? 'largest that this laptop has room for' : 'smallest'}.`;
  return { model, why };
}
