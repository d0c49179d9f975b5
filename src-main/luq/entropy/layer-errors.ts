import { layerOf } from '../../models/model-file.ts';

/** Error of a tensor's outputs relative to them, by tensor and ggml type. */
type TensorErrors = ReadonlyMap<string, ReadonlyMap<number, number>>;

/**
 * What going low costs each layer: the mean over its tensors of their relative output errors in the types that they would have then. For
 * `OrderingBasis.localErrors`; undefined where a layer has nothing that was measured.
 * @param lowTypes tensor → ggml type with every layer low
 */
export function layerErrors(
  layers: number,
  errors: TensorErrors,
  lowTypes: ReadonlyMap<string, number>,
): number[] | undefined {
  const sums = Array.from({ length: layers }, () => ({ error: 0, tensors: 0 }));
  for (const [name, type] of lowTypes) {
    const layer = sums[layerOf(name) ?? -1];
    const error = errors.get(name)?.get(type);
    if (!layer || error === undefined || !Number.isFinite(error)) continue;
    layer.error += error;
    layer.tensors++;
  }
  return sums.some(({ tensors }) => tensors === 0)
    ? undefined
    : sums.map(({ error, tensors }) => error / tensors);
}
