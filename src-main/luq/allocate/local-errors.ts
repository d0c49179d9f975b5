import { isFloatType } from '../../gguf/tensor-types.ts';
import { PRIOR } from './fitted-prior.ts';
import { typicalDistortion, type CostOf } from './prior.ts';
import type { PriorFigures } from './prior-figures.ts';
import type { ClassifiedTensor } from './tensor-class.ts';

/** Error of a tensor's outputs relative to them, on the calibration's inputs, by tensor and ggml type: tr((W−Q)H(W−Q)ᵀ) / tr(WHWᵀ). */
export type LocalErrors = ReadonlyMap<string, ReadonlyMap<number, number>>;

/**
 * What tensors cost where it was measured how badly each type stores each of them. How much a class matters is still the prior's: errors
 * count against those of the same class, as the prior's figures were taken with such errors in them. A type that was not measured on a
 * tensor errs as it usually does, by as much more or less as the others do there. What is no error (NaN, below zero) is not heeded.
 *
 * @param sensitivities of priorSensitivities, in nats
 */
export function localCosts(
  tensors: readonly Pick<ClassifiedTensor, 'name' | 'class'>[],
  sensitivities: ReadonlyMap<string, number>,
  errors: LocalErrors,
  figures: PriorFigures = PRIOR,
): CostOf {
  const excess = new Map(tensors.map(({ name }) => [name, meanExcess(errors.get(name), figures)]));
  const levels = new Map(
    [...Map.groupBy(tensors, (tensor) => tensor.class)].map(([kind, alike]) => [
      kind,
      mean(alike.flatMap(({ name }) => excess.get(name) ?? [])) ?? 0,
    ]),
  );
  const classOf = new Map(tensors.map((tensor) => [tensor.name, tensor.class]));
  return (name, type) => {
    const sensitivity = sensitivities.get(name) ?? Number.NaN;
    if (isFloatType(type)) return 0;
    const level = levels.get(classOf.get(name) ?? '') ?? 0;
    const error = errors.get(name)?.get(type);
    if (error !== undefined && isError(error)) return sensitivity * error * Math.exp(-level);
    return sensitivity * typicalDistortion(type, figures) * Math.exp((excess.get(name) ?? level) - level);
  };
}

const isError = (error: number) => Number.isFinite(error) && error >= 0;

/** Of 4 bits and fewer: what is stored better than that hardly counts, and a tensor is known by the types that do. */
const COUNTS = 0.05;

/** By how much a tensor's errors are above those that its types usually make: the mean of logarithms; undefined where none was measured. */
function meanExcess(
  errors: ReadonlyMap<number, number> | undefined,
  figures: PriorFigures,
): number | undefined {
  const measured = [...(errors ?? [])].flatMap(([type, error]) => {
    const usual = typicalDistortion(type, figures);
    return isError(error) && error > 0 && usual > 0 ? [{ usual, excess: Math.log(error / usual) }] : [];
  });
  const counting = measured.filter(({ usual }) => usual >= COUNTS);
  return mean((counting.length > 0 ? counting : measured).map(({ excess }) => excess));
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
