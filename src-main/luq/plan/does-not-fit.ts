import { formatBytes, formatParameters } from '../../contract/bytes.ts';
import { SnugError } from '../../contract/errors.ts';
import { largestParameters } from '../../contract/laptop.ts';
import type { Rung } from '../../contract/rungs.ts';
import type { Saving } from './savings.ts';

/** What a model has to fit, and what this laptop could give at most. */
export interface MemoryBudget {
  readonly bytes: number;
  readonly mostBytes: number;
}

/** What a model takes in all as small as it can be made, and with every layer on the high rung. */
export interface Needs {
  readonly smallest: { readonly words: string; readonly bytes: number };
  readonly parameters: number;
  readonly high: Rung;
  readonly allHighBytes: number;
}

/** Says by how much nothing fits, and what would. */
export function doesNotFit(needs: Needs, budget: MemoryBudget, savings: readonly Saving[]): SnugError {
  const { words, bytes: needed } = needs.smallest;
  const helping = savings.filter(({ totalBytes }) => totalBytes <= budget.bytes);
  const options = helping.map(({ label, totalBytes }) => `${label} (${formatBytes(totalBytes)})`);
  const possible = needed <= budget.mostBytes;
  return new SnugError(
    'DOES_NOT_FIT',
    `even with ${words} the model needs ${formatBytes(needed)}, ` +
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
function smallerModel({ smallest, parameters, high, allHighBytes }: Needs, spareBytes: number): string {
  const upTo = (bytes: number): string => formatParameters(largestParameters(parameters, bytes, spareBytes));
  return (
    `A model of up to about ${upTo(smallest.bytes)} parameters fits; ` +
    `with every layer at ${high} one of up to about ${upTo(allHighBytes)}.`
  );
}
