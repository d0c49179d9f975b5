import type { ChartLayer } from './layer-chart.ts';
import { rungWords } from '../../text/fit-words.ts';

/** What the chart of layers says of one, for whoever points at it or hears it. */

const bits = (value: number | null): string => (value === null ? 'not measured' : `${value.toFixed(2)} bits`);

/** `mixed`: the plan has more than the two file types of the fit. */
export function layerWords(layer: ChartLayer, mixed: boolean): string {
  const entropies = [
    layer.error === null ? '' : ` (± ${layer.error.toFixed(2)})`,
    layer.picture === null ? '' : `, pictures ${bits(layer.picture)}`,
    layer.text === null ? '' : `, text ${bits(layer.text)}`,
  ].join('');
  return `Layer ${layer.layer + 1}: ${bits(layer.both)}${entropies}.${fate(layer, mixed)}`;
}

function fate({ planned }: ChartLayer, mixed: boolean): string {
  if (planned === null) return '';
  if (mixed || planned.bitsPerWeight !== null) return ` Becomes ${rungWords(planned)}.`;
  return planned.low ? ' Goes ultra-low.' : '';
}
