import type { Comparison } from '../../contract/comparison.ts';
import { fixed, paragraphs } from '../cells.ts';

/** What was said of speed and memory beforehand, beside what running the rows showed. */
export function predictionSection({ rows }: Comparison): string {
  const ratios = rows.flatMap(({ tokensPerSecond, totalBytes, running }) =>
    running && tokensPerSecond !== null
      ? [
          {
            speed: tokensPerSecond / running.tokensPerSecond,
            memory: totalBytes / running.peakMemoryBytes,
          },
        ]
      : [],
  );
  if (ratios.length === 0) return '';
  const line = (what: string, values: readonly number[], within: number) => {
    const sorted = values.toSorted((a, b) => a - b);
    const near = sorted.filter((ratio) => Math.abs(ratio - 1) <= within).length;
    const median = sorted[sorted.length >> 1] ?? NaN;
    return (
      `Predicted ${what}, as a ratio to what was measured: median ${median.toFixed(2)}, from ${fixed(sorted[0], 2)} to ${fixed(sorted.at(-1), 2)}; ` +
      `within ${within * 100} % for ${near} of ${sorted.length} rows.`
    );
  };
  return paragraphs(
    '## Predictions',
    line(
      'speed',
      ratios.map(({ speed }) => speed),
      0.15,
    ),
    line(
      'memory',
      ratios.map(({ memory }) => memory),
      0.05,
    ),
  );
}
