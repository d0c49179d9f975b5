import { SnugError } from '../contract/errors.ts';
import type { Quality } from '../contract/fit-report.ts';
import type { Remedy } from '../contract/remedies.ts';
import { formatBytes } from '../contract/bytes.ts';
import type { MemoryBudget } from '../luq/plan/does-not-fit.ts';
import { lowLayerCount, type LayerPlan } from '../luq/plan/plan.ts';
import { measuredParts } from './quality.ts';
import type { QualityLimits } from './request.ts';

/** Why a quality that was asked for can't be had: always with what was measured instead, and what can be asked for. */

interface Refused {
  /** the plan that the memory allows */
  readonly fitted: LayerPlan;
  readonly budget: MemoryBudget;
  readonly limits: QualityLimits;
  /** what was measured of it */
  readonly reached: Quality;
}

/** Not even every layer at the high rung keeps it, of which `best` was measured. */
export function qualityOutOfReach({ fitted, budget, reached, limits }: Refused, best: Quality): SnugError {
  const allHigh = lowLayerCount(fitted) === 0;
  return new SnugError(
    'DOES_NOT_FIT',
    `even with every layer at ${fitted.rungs.high} the model ${shortfall(best, limits)}`,
    {
      advice: allHigh ? undefined : `In ${formatBytes(budget.bytes)} it ${found(reached, limits)}.`,
      remedies: [...lowerLimits(reached, limits), { kind: 'try-plans' }],
    },
  );
}

/** It is kept with fewer low layers than the memory allows: by `kept` and by none that has more of them. */
export function qualityNeedsMemory({ fitted, budget, reached, limits }: Refused, kept: LayerPlan): SnugError {
  const needed = kept.memory.totalBytes;
  const layers = fitted.layerRungs.length;
  return new SnugError(
    'DOES_NOT_FIT',
    `in ${formatBytes(budget.bytes)} ${lowLayerCount(fitted)} of ${layers} layers have to go to ${fitted.rungs.low}, and then the model ${shortfall(reached, limits)}`,
    {
      advice: `What you ask for is kept with ${lowLayerCount(kept)} such layers at most; the model then needs ${formatBytes(needed)}.`,
      remedies: [
        ...(needed <= budget.mostBytes ? [{ kind: 'set-budget', bytes: needed } as const] : []),
        ...lowerLimits(reached, limits),
        { kind: 'try-plans' },
      ],
    },
  );
}

/** None of the plans that were measured keeps it. */
export function noPlanKeepsQuality(
  measured: readonly { readonly quality: Quality }[],
  budget: Pick<MemoryBudget, 'bytes'>,
  limits: QualityLimits,
): SnugError {
  const asks = ({ quality }: { quality: Quality }): number =>
    limits.minAgreement === undefined ? -worst(quality).nats : worst(quality).share;
  const best = measured.toSorted((a, b) => asks(b) - asks(a))[0];
  return new SnugError(
    'DOES_NOT_FIT',
    `the best of ${measured.length} plans for ${formatBytes(budget.bytes)} ${best ? shortfall(best.quality, limits) : 'was not found'}`,
    {
      advice: 'Ask for less quality, or give the model more memory.',
      remedies: best ? lowerLimits(best.quality, limits) : [],
    },
  );
}

/** Limits hold about pictures and on text: the worse of both counts. */
function worst(quality: Quality): { share: number; nats: number } {
  const parts = measuredParts(quality);
  return {
    share: Math.min(...parts.map(({ topAgreement }) => topAgreement)),
    nats: Math.max(...parts.map(({ meanKld }) => meanKld ?? Infinity)),
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const nats = (value: number): string =>
  Number.isFinite(value) ? `${value.toPrecision(2)} nats` : 'beyond measure';

/** What was found where a limit was asked for. */
function found(quality: Quality, limits: QualityLimits, asked = (_: string): string => ''): string {
  const { share, nats: divergence } = worst(quality);
  const { minAgreement, maxKld } = limits;
  return [
    ...(minAgreement === undefined
      ? []
      : [`picks the original’s next word ${percent(share)} of the time${asked(percent(minAgreement))}`]),
    ...(maxKld === undefined
      ? []
      : [`has a KL divergence from the original of ${nats(divergence)}${asked(`${maxKld} nats`)}`]),
  ].join(' and ');
}

function shortfall(quality: Quality, limits: QualityLimits): string {
  return found(quality, limits, (wanted) => `, where ${wanted} was asked for`);
}

/** What could be asked for instead: rounded to what the measurement keeps. */
function lowerLimits(quality: Quality, { minAgreement, maxKld }: QualityLimits): Remedy[] {
  const { share, nats: divergence } = worst(quality);
  const remedies: Remedy[] = [];
  if (minAgreement !== undefined && share < minAgreement)
    remedies.push({ kind: 'ask-agreement', share: Math.floor(share * 100) / 100 });
  if (maxKld !== undefined && divergence > maxKld && Number.isFinite(divergence))
    remedies.push({ kind: 'allow-divergence', nats: Math.ceil(divergence * 1000) / 1000 });
  return remedies;
}
