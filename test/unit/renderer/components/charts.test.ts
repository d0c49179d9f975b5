import { describe, expect, it } from 'vitest';
import { chartScale, heightOf } from '../../../../src-renderer/state/fit/layer-chart.ts';
import { drawnLayers, drawnTypes } from '../../../../src-renderer/state/models/type-chart.ts';

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

describe('the type chart', () => {
  const types = {
    F32: { tensors: 40, parameters: 4000, bytes: 160 },
    Q4_K: { tensors: 20, parameters: 1_000_000, bytes: 560_000 },
    IQ1_M: { tensors: 10, parameters: 1_000_000, bytes: 218_000 },
  };

  it('leaves out what is many but small', () => {
    expect(drawnTypes({ types }).map(({ type }) => type)).toEqual(['Q4_K', 'IQ1_M']);
  });

  it('draws layers as tall as they are large', () => {
    const layers = drawnLayers({
      types,
      layerTypes: [
        { index: 0, bytes: 100, types: { Q4_K: 6, IQ1_M: 2, F32: 5 } },
        { index: 1, bytes: 50, types: { F32: 5 } },
      ],
    });
    expect(layers.map(({ height }) => height)).toEqual([1, 0.5]);
    // 6 × 28,000 bytes and 2 × 21,800 bytes
    expect(layers[0]?.parts.map(({ share }) => share.toFixed(3))).toEqual(['0.794', '0.206']);
    expect(layers[1]?.parts).toEqual([]);
  });
});
