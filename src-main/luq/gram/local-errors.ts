import { join } from 'node:path';
import { writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import type { Gguf, GgufTensor } from '../../gguf/gguf.ts';
import { layerOf } from '../../models/model-file.ts';
import { localErrorsSchema, type LocalErrors, type TensorErrors } from './error-schema.ts';
import { isMatrix, SAMPLE_OF_ROWS, TensorErrorMeter, type TensorErrorOptions } from './tensor-errors.ts';
import { splitSequences } from './parts.ts';
import { walkLayers } from './walk-layers.ts';
import type { InputGram, LayerGrams, Visit, WalkOptions } from './walk.ts';

export interface LocalErrorOptions extends TensorErrorOptions {
  readonly source: Gguf;
  /** where the errors are kept: named by everything that they depend on, the calibration and the weight of pictures, but types and seed */
  readonly folder: string;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/**
 * The errors of all of a source's matrices in every type, from a walk over its layers; what was measured before is read.
 * @throws SnugError as `walkLayers` does
 */
export async function measureLocalErrors(
  layers: number,
  openWalk: () => Promise<Omit<WalkOptions, 'folder' | 'inputs' | 'split' | 'onProgress'>>,
  options: LocalErrorOptions,
): Promise<LocalErrors> {
  const progress = new ErrorProgress(options);
  const meter = new LocalErrorMeter(options, () => progress.measured());
  // more than once only where what was kept has gone in the middle
  while (!meter.isDone(layers)) {
    const walk = await openWalk();
    // a quarter of the sequences says what the mean over all does, in a quarter of the time
    const sequences = splitSequences(walk.sequences).heldOut;
    const own = { folder: join(meter.folder, 'walk'), inputs: 'source', split: false } as const;
    const onProgress = ({ done, total }: { done: number; total: number }) => progress.walked(done / total);
    await walkLayers({ ...walk, sequences, ...own, onProgress }, meter.visit);
  }
  const found = await meter.finish(layers);
  progress.end();
  return found;
}

/** Half of it is the walk, half the matrices. */
class ErrorProgress {
  readonly #onProgress: LocalErrorOptions['onProgress'];
  readonly #matrices: number;
  #walked = 0;
  #measured = 0;

  constructor({ source, onProgress }: LocalErrorOptions) {
    this.#onProgress = onProgress;
    this.#matrices = source.tensors.filter(isMatrix).length;
  }

  walked(share: number): void {
    this.#walked = share;
    this.#report();
  }

  measured(): void {
    this.#measured += 1;
    this.#report();
  }

  end(): void {
    this.#walked = 1;
    this.#measured = this.#matrices;
    this.#report();
  }

  #report(): void {
    const done = Math.round(this.#walked * this.#matrices) + Math.min(this.#measured, this.#matrices);
    this.#onProgress?.({ done, total: 2 * this.#matrices });
  }
}

/** A layer, or the tensors outside of all layers that no gram was for. */
type Group = number | 'rest';

/** Measures layers as a walk visits them, and keeps what it found. */
export class LocalErrorMeter {
  readonly #options: LocalErrorOptions;
  readonly #onMeasured: () => void;
  readonly #tensors: TensorErrorMeter;

  constructor(options: LocalErrorOptions, onMeasured: () => void = () => undefined) {
    this.#options = options;
    this.#onMeasured = onMeasured;
    this.#tensors = new TensorErrorMeter(options);
  }

  get folder(): string {
    const { seed, folder } = this.#options;
    return join(folder, `errors-${seed}-${SAMPLE_OF_ROWS}`);
  }

  readonly visit: Visit = async ({ layer, inputs }: LayerGrams) => {
    const named = new Set(inputs.flatMap(({ tensors }) => tensors));
    const tensors = this.#matrices((name) => layerOf(name) === layer || named.has(name));
    const kept = this.#kept(layer, tensors);
    if (!kept) await this.#measureGroup(layer, tensors, inputs);
    else for (const _ of tensors) this.#onMeasured();
    return undefined;
  };

  /** whether every layer was measured in all of its types */
  isDone(layers: number): boolean {
    return Array.from({ length: layers }, (_, layer) => this.#keptLayer(layer)).every((kept) => kept);
  }

  /** All errors; those of tensors that no gram was for are measured now. */
  async finish(layers: number): Promise<LocalErrors> {
    const groups = Array.from({ length: layers }, (_, layer) => this.#keptLayer(layer)?.tensors ?? []);
    const measured = new Set(groups.flat().map(({ name }) => name));
    const rest = this.#matrices((name) => !measured.has(name));
    const others = this.#kept('rest', rest) ?? (await this.#measureGroup('rest', rest, []));
    return { tensors: [...groups.flat(), ...others.tensors] };
  }

  #matrices(wanted: (name: string) => boolean): GgufTensor[] {
    return this.#options.source.tensors.filter((tensor) => isMatrix(tensor) && wanted(tensor.name));
  }

  #path(group: Group): string {
    return join(this.folder, `layer-${group}.json`);
  }

  #keptLayer(layer: number): LocalErrors | undefined {
    return this.#kept(
      layer,
      this.#matrices((name) => layerOf(name) === layer),
    );
  }

  /** What was kept of these tensors; undefined where one is missing, or has other types. */
  #kept(group: Group, tensors: readonly GgufTensor[]): LocalErrors | undefined {
    const kept = readKept(this.#path(group), localErrorsSchema);
    const byName = new Map(kept?.tensors.map((tensor) => [tensor.name, tensor]));
    const isWhole = tensors.every((tensor) => {
      const types = byName.get(tensor.name)?.types.map(({ type }) => type) ?? [];
      return String(types) === String(this.#tensors.typesFor(tensor));
    });
    return isWhole ? kept : undefined;
  }

  async #measureGroup(
    group: Group,
    tensors: readonly GgufTensor[],
    inputs: readonly InputGram[],
  ): Promise<LocalErrors> {
    const found: TensorErrors[] = [];
    for (const tensor of tensors) {
      const gram = inputs.find((input) => input.tensors.includes(tensor.name));
      found.push(await this.#tensors.measure(tensor, gram));
      this.#onMeasured();
    }
    writeFileAtomically(this.#path(group), JSON.stringify({ tensors: found }));
    return { tensors: found };
  }
}
