import type { FitJob, FitPreview } from '../../../src-main/contract/fit-job.ts';
import { largestParameters, type LaptopView } from '../../../src-main/contract/laptop.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import type { Remedy } from '../../../src-main/contract/remedies.ts';
import { formatBytes, formatParameters, formatPercent } from '../../text/format.ts';
import { leastBytes } from './budget.ts';

/** Why the button would not lead to a model, and what would. */
export interface Obstacle {
  readonly kind: 'too-large' | 'busy' | 'disk' | 'quality';
  /** one line, beside the button */
  readonly reason: string;
  /** what it is all about, where more is to be said */
  readonly details: readonly string[];
  readonly ways: readonly Way[];
}

/** Something that removes the obstacle: one remedy, or several that are needed together. */
export interface Way {
  readonly remedies: readonly Remedy[];
  /** what the model would take then */
  readonly bytes?: number | undefined;
}

export interface FitFacts {
  readonly model: ModelEntry;
  readonly preview: FitPreview;
  readonly laptop: LaptopView;
  /** of the result at the slider's place */
  readonly fileBytes: number;
  readonly otherJob: FitJob | null;
  readonly minAgreement: number | null;
  /** what a check of the same plan found before; null where none was made */
  readonly knownAgreement: number | null;
}

export function obstacleOf(facts: FitFacts): Obstacle | null {
  return tooLarge(facts) ?? busy(facts) ?? disk(facts) ?? quality(facts);
}

function tooLarge({ model, preview, laptop }: FitFacts): Obstacle | null {
  const { comfortableBytes, mostBytes } = laptop.limits;
  const least = leastBytes(preview);
  if (least <= mostBytes) return null;
  const most = preview.byLowLayers[0]?.memory.totalBytes ?? least;
  const upTo = (needed: number): string =>
    formatParameters(largestParameters(model.parameters, needed, comfortableBytes));
  const total = formatBytes(laptop.laptop.memory.totalBytes);
  return {
    kind: 'too-large',
    reason: `Too large for this laptop: at its smallest it takes ${formatBytes(least)} of memory, and this laptop can spare ${formatBytes(comfortableBytes)}.`,
    details: [
      `The smallest file Snug can make of this model takes ${formatBytes(least)} of memory. This laptop has ${total}: it can spare ${formatBytes(comfortableBytes)} for a model, and ${formatBytes(mostBytes)} with every other program closed.`,
      `A model of up to about ${upTo(least)} parameters fits; one of up to about ${upTo(most)} fits with every layer at 4 bits.`,
    ],
    ways: preview.savings
      .filter(({ totalBytes }) => totalBytes <= mostBytes)
      .map(({ remedies, totalBytes }) => ({ remedies, bytes: totalBytes })),
  };
}

function busy({ otherJob }: FitFacts): Obstacle | null {
  if (otherJob === null) return null;
  return {
    kind: 'busy',
    reason: `${otherJob.modelName} is being fitted. One fit runs at a time.`,
    details: [],
    ways: [],
  };
}

/** The result has to lie somewhere; what the work itself takes is warned of when it starts. */
function disk({ laptop, fileBytes }: FitFacts): Obstacle | null {
  const { freeBytes } = laptop.laptop.disk;
  if (freeBytes >= fileBytes) return null;
  return {
    kind: 'disk',
    reason: `Not enough disk space: the new file takes ${formatBytes(fileBytes)}, and ${formatBytes(freeBytes)} is free where models are kept.`,
    details: [],
    ways: [],
  };
}

function quality({ minAgreement, knownAgreement }: FitFacts): Obstacle | null {
  if (minAgreement === null || knownAgreement === null || knownAgreement >= minAgreement) return null;
  return {
    kind: 'quality',
    reason: `At this size the last check found ${formatPercent(knownAgreement)} agreement; you ask for ${formatPercent(minAgreement)}.`,
    details: [],
    ways: [
      { remedies: [{ kind: 'ask-agreement', share: Math.floor(knownAgreement * 100) / 100 }] },
      { remedies: [{ kind: 'try-plans' }] },
    ],
  };
}
