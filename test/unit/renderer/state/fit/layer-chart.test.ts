import { describe, expect, it } from 'vitest';
import {
  chartLayers,
  chartScale,
  heightOf,
  isMixed,
  layerKinds,
  planOfTwo,
  writtenPlan,
} from '../../../../../src-renderer/state/fit/layer-chart.ts';

const layer = (both: number | null, error: number | null = null) => ({
  ...{ layer: 0, both, error, picture: null, text: null, planned: null },
});

describe('the layer chart', () => {
  it('has round lines around all values, none at the very edge', () => {
    const scale = chartScale([layer(4.52), layer(5.9), layer(null)]);
    expect(scale?.lowest).toBeLessThan(4.52);
    expect(scale?.highest).toBeGreaterThanOrEqual(5.9);
    expect(scale?.ticks.map((tick) => tick.toFixed(1))).toEqual(['4.0', '4.5', '5.0', '5.5', '6.0']);
    if (scale) expect(heightOf(4.52, scale)).toBeGreaterThan(0);
  });

  it('has room for what the errors reach', () => {
    const scale = chartScale([layer(5, 0.5), layer(5.1, 0.01)]);
    expect(scale?.lowest).toBeLessThan(4.5);
    expect(scale?.highest).toBeGreaterThanOrEqual(5.5);
  });

  it('stands still with equal values, zero and none', () => {
    for (const values of [[5, 5], [0], [-3]]) {
      const scale = chartScale(values.map((value) => layer(value)));
      expect(scale && scale.highest > scale.lowest && scale.ticks.length < 12).toBe(true);
    }
    expect(chartScale([layer(null)])).toBeNull();
    expect(chartScale([])).toBeNull();
  });
});

describe('the kinds of layers in the chart', () => {
  const rungs = { high: 'Q4_K_M', low: 'IQ1_M' } as const;
  const entropies = [0, 1, 2, 3].map((layer) => ({
    layer,
    both: 5,
    standardError: null,
    image: null,
    text: null,
  }));
  const drawn = (plan: Parameters<typeof chartLayers>[0]['plan']) =>
    chartLayers({ layers: 4, entropies, plan });

  it('are the two rungs of the fit where it has no other, and before it is planned', () => {
    for (const plan of [null, planOfTwo(4, [1], rungs), planOfTwo(4, [], rungs)]) {
      expect(isMixed(drawn(plan), rungs)).toBe(false);
      expect(layerKinds(drawn(plan), rungs)).toEqual([
        { rung: 'IQ1_M', low: true, bitsPerWeight: null, series: 1 },
        { rung: 'Q4_K_M', low: false, bitsPerWeight: null, series: 2 },
      ]);
    }
  });

  it('are every type of a plan of many, with its bits: one of more bits than the high rung is not low', () => {
    const layer = (rung: string, bitsPerWeight: number | null) => ({ rung, bitsPerWeight });
    const report = {
      plan: { rungs },
      layers: [layer('Q6_K', 6.6), layer('IQ3_M', 3.8), layer('IQ3_M', 4), layer('Q4_K_M', null)],
    };
    expect(layerKinds(drawn(writtenPlan(report)), rungs)).toEqual([
      { rung: 'IQ3_M', low: true, bitsPerWeight: 3.9, series: 3 },
      { rung: 'Q4_K_M', low: false, bitsPerWeight: null, series: 2 },
      { rung: 'Q6_K', low: false, bitsPerWeight: 6.6, series: 4 },
    ]);
  });
});
