import { counted } from '../../../src-main/contract/counted.ts';
import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';

/** Which models of a library can be fitted, and why the others can't. */

export function sourcesOf(models: readonly ModelEntry[]): readonly ModelEntry[] {
  return models.filter((model) => model.kind === 'source' && model.problem === null);
}

/** The one asked for; else the one of `job`, being fitted or fitted last; else the one that came with the app. */
export function modelToFit(
  models: readonly ModelEntry[],
  askedId: string | null,
  job: FitJob | null,
): ModelEntry | null {
  const sources = sourcesOf(models);
  const find = (id: string | null | undefined): ModelEntry | undefined =>
    sources.find((source) => source.id === id);
  const asked = models.find((model) => model.id === askedId);
  return (
    find(asked?.id) ??
    find(asked?.madeFrom) ??
    find(job?.modelId) ??
    sources.find((source) => source.builtIn) ??
    sources[0] ??
    null
  );
}

export interface Unfittable {
  readonly model: ModelEntry;
  readonly why: string;
}

/** null for what can be fitted, and for what Snug made itself. */
function whyNotFitted(model: ModelEntry): string | null {
  if (model.kind === 'fitted') return null;
  if (model.problem !== null) return model.problem;
  if (model.kind === 'source') return null;
  return `It is compressed already, to ${formatBits(model.bitsPerWeight)} per weight. Snug fits originals in F32, F16, BF16 or Q8_0; this one can be chatted with as it is.`;
}

function formatBits(bits: number): string {
  return counted(Number(bits.toFixed(1)), 'bit');
}

export function unfittablesOf(models: readonly ModelEntry[]): readonly Unfittable[] {
  return models.flatMap((model) => {
    const why = whyNotFitted(model);
    return why === null ? [] : [{ model, why }];
  });
}
