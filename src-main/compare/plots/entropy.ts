import type { Comparison } from '../../contract/comparison.ts';
import { axisOf } from './axes.ts';
import { described, enough, lineFigure, withPoints, type Line } from './lines.ts';
import { subtitleOf } from './rows.ts';

const KINDS = [
  ['image and text tokens', 'both'],
  ['image tokens', 'image'],
  ['text tokens', 'text'],
] as const;

const layerAxis = axisOf({
  label: 'layer',
  count: 14,
  keep: (tick) => Number.isInteger(tick) && tick >= 0,
});

/** Entropy of each layer's output tokens: of image and text tokens together, and of each alone. */
export function entropyFigure(comparison: Comparison): string | undefined {
  const all = KINDS.map(([name, key], style): Line => {
    const points = comparison.entropies.map((entropy, layer) => {
      const bits = entropy[key];
      if (bits === null) return null;
      const error = key === 'both' ? (entropy.standardError ?? undefined) : undefined;
      const deviation = error === undefined ? '' : ` ± ${error.toFixed(3)}`;
      return { x: layer, y: bits, error, title: `layer ${layer}: ${bits.toFixed(3)}${deviation}` };
    });
    return { name, style, points };
  });
  const lines = withPoints(all);
  if (!enough(lines)) return undefined;
  return lineFigure(
    {
      title: 'Entropy of each layer’s output tokens',
      subtitle: subtitleOf(comparison),
      description: `In bits, of the sizes of k-means clusters. ${described(lines)}`,
      notes: comparison.entropies.some(({ standardError }) => standardError !== null)
        ? ['Bars: one standard error, of seeds and sampled tokens, to either side.']
        : [],
    },
    [{ x: layerAxis, y: axisOf({ label: 'entropy, bits' }), lines }],
  );
}
