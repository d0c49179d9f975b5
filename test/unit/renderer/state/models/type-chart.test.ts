import { describe, expect, it } from 'vitest';
import { drawnLayers, drawnTypes } from '../../../../../src-renderer/state/models/type-chart.ts';

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
        { index: 0, bytes: 100, parameters: 200, types: { Q4_K: 6, IQ1_M: 2, F32: 5 } },
        { index: 1, bytes: 50, parameters: 25, types: { F32: 5 } },
      ],
    });
    expect(layers.map(({ height }) => height)).toEqual([1, 0.5]);
    expect(layers.map(({ bitsPerWeight }) => bitsPerWeight)).toEqual([4, 16]);
    // 6 × 28,000 bytes and 2 × 21,800 bytes
    expect(layers[0]?.parts.map(({ share }) => share.toFixed(3))).toEqual(['0.794', '0.206']);
    expect(layers[1]?.parts).toEqual([]);
  });
});
