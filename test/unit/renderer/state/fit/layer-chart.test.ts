import { describe, expect, it } from 'vitest';
import { chartScale, heightOf } from '../../../../../src-renderer/state/fit/layer-chart.ts';

const layer = (both: number | null) => ({ layer: 0, both, image: null, text: null, chosen: false });

describe('the layer chart', () => {
  it('has round lines around all values, none at the very edge', () => {
    const scale = chartScale([layer(4.52), layer(5.9), layer(null)]);
    expect(scale?.lowest).toBeLessThan(4.52);
    expect(scale?.highest).toBeGreaterThanOrEqual(5.9);
    expect(scale?.ticks.map((tick) => tick.toFixed(1))).toEqual(['4.0', '4.5', '5.0', '5.5', '6.0']);
    if (scale) expect(heightOf(4.52, scale)).toBeGreaterThan(0);
  });

  it('stands still with equal values, zero and none', () => {
    for (const values of [[5, 5], [0], [-3]]) {
      const scale = chartScale(values.map(layer));
      expect(scale && scale.highest > scale.lowest && scale.ticks.length < 12).toBe(true);
    }
    expect(chartScale([layer(null)])).toBeNull();
    expect(chartScale([])).toBeNull();
  });
});
