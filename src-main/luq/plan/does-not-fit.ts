import { formatBytes, formatParameters } from '../../contract/bytes.ts';
import { SnugError } from '../../contract/errors.ts';
import { largestParameters } from '../../contract/laptop.ts';
import type { Rungs } from '../../contract/rungs.ts';
import type { Saving } from './savings.ts';

/** What a model has to fit, and what this laptop could give at most. */
export interface MemoryBudget {
  readonly bytes: number;
  readonly mostBytes: number;
}

/** What a model takes in all at both ends of its rungs. */
export interface Needs {
  readonly rungs: Rungs;
  readonly parameters: number;
  readonly allLowBytes: number;
  readonly allHighBytes: number;
}

/** Says by how much nothing fits, and what would. */
export function doesNotFit(needs: Needs, budget: MemoryBudget, savings: readonly Saving[]): SnugError {
  const { rungs, allLowBytes: needed } = needs;
  const helping = savings.filter(({ totalBytes }) => totalBytes <= budget.bytes);
  const options = helping.map(({ label, totalBytes }) => `${label} (${formatBytes(totalBytes)})`);
  const possible = needed <= budget.mostBytes;
  return new SnugError(
    'DOES_NOT_FIT',
    `even with every layer at ${rungs.low} the model needs ${formatBytes(needed)}, ` +
      `${formatBytes(needed - budget.bytes)} more than the budget of ${formatBytes(budget.bytes)}`,
    {
      advice: [
        ...(options.length > 0 ? [`What would fit: ${options.join('; ')}.`] : []),
        possible ? 'A larger budget or a smaller model fits, too.' : smallerModel(needs, budget.bytes),
      ].join(' '),
      remedies: [
        ...(helping[0]?.remedies ?? []),
        ...(possible ? [{ kind: 'set-budget', bytes: needed } as const] : []),
      ],
    },
  );
}

/** What could be fitted instead, from what this one takes. */
function smallerModel({ rungs, parameters, allLowBytes, allHighBytes }: Needs, spareBytes: number): string {
  const upTo = (bytes: number): string => formatParameters(largestParameters(parameters, bytes, spareBytes));
  return (
    `A model of up to about ${upTo(allLowBytes)} parameters fits; ` +
    `with every layer at ${rungs.high} one of up to about ${upTo(allHighBytes)}.`
  );
}
