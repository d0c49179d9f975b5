import type { ModelDetails } from '../../../src-main/contract/model.ts';

type Series = 1 | 2 | 3 | 4 | 5 | 'other';

/** A tensor type as the drawing shows it. */
export interface DrawnType {
  readonly type: string;
  readonly series: Series;
}

export interface DrawnLayer {
  readonly index: number;
  readonly bytes: number;
  readonly bitsPerWeight: number;
  /** of the largest layer, 0 to 1 */
  readonly height: number;
  /** shares of the layer's bytes, summing to 1: by how large a tensor of each type is on average in this file */
  readonly parts: readonly (DrawnType & { readonly share: number })[];
}

/** Types that hold less of the file are norms and biases: many tensors, no size. They would fill the drawing. */
const LEAST_SHARE = 0.01;
const SERIES: readonly Series[] = [1, 2, 3, 4, 5];

/** The types worth drawing, largest part of the file first. */
export function drawnTypes({ types }: Pick<ModelDetails, 'types'>): readonly DrawnType[] {
  const all = Object.values(types).reduce((sum, { bytes }) => sum + bytes, 0);
  return Object.entries(types)
    .filter(([, { bytes }]) => bytes >= all * LEAST_SHARE)
    .toSorted(([, a], [, b]) => b.bytes - a.bytes)
    .map(([type], index) => ({ type, series: SERIES[index] ?? 'other' }));
}

type Layer = ModelDetails['layerTypes'][number];

/** Of a layer's tensors, its norms included. */
export function bitsPerWeight({ bytes, parameters }: Pick<Layer, 'bytes' | 'parameters'>): number {
  return (bytes * 8) / Math.max(1, parameters);
}

export function drawnLayers(details: Pick<ModelDetails, 'types' | 'layerTypes'>): readonly DrawnLayer[] {
  const types = drawnTypes(details);
  const largest = Math.max(1, ...details.layerTypes.map(({ bytes }) => bytes));
  return details.layerTypes.map((layer) => {
    const sizes = types.map((type) => {
      const sum = details.types[type.type];
      const meanBytes = sum && sum.tensors > 0 ? sum.bytes / sum.tensors : 0;
      return { ...type, bytes: (layer.types[type.type] ?? 0) * meanBytes };
    });
    const sum = sizes.reduce((total, { bytes }) => total + bytes, 0) || 1;
    return {
      index: layer.index,
      bytes: layer.bytes,
      bitsPerWeight: bitsPerWeight(layer),
      height: layer.bytes / largest,
      parts: sizes
        .filter(({ bytes }) => bytes > 0)
        .map(({ type, series, bytes }) => ({ type, series, share: bytes / sum })),
    };
  });
}
