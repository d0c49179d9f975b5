import { join } from 'node:path';
import { withAbort } from '../../engine/native-calls.ts';
import type { Addon } from '../../engine/native-types.ts';
import { writeFileAtomically } from '../../files/durable-files.ts';
import { readKept } from '../../files/json-file.ts';
import type { Gguf, GgufTensor } from '../../gguf/gguf.ts';
import { meanSquares, type Imatrix } from '../../gguf/imatrix.ts';
import { layerOf } from '../../models/model-file.ts';
import { seededRandom, shuffled } from '../random.ts';
import { localErrorsSchema, type LocalErrors, type TensorErrors } from './error-schema.ts';
import { walkLayers } from './walk-layers.ts';
import type { InputGram, LayerGrams, Visit, WalkOptions } from './walk.ts';

/**
 * How much of each tensor is quantized for its errors: so many values, in so many rows. What that leaves open is in `standardError`; long
 * rows differ less, so that few of them say as much.
 */
const SAMPLED_VALUES = 1 << 19;
const LEAST_ROWS = 32;
const MOST_ROWS = 128;

export interface LocalErrorOptions {
  readonly addon: Addon;
  readonly source: Gguf;
  readonly imatrix: Imatrix;
  /** ggml ids of the types that a matrix may be stored in; its rows divide into blocks of each */
  readonly typesFor: (tensor: GgufTensor) => readonly number[];
  readonly seed: number;
  /** where the errors are kept: named by everything that they depend on, the calibration and the weight of pictures, but types and seed */
  readonly folder: string;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/**
 * The errors of all of a source's matrices in every type, from a walk over its layers; what was measured before is read.
 * @throws SnugError as `walkLayers` does
 */
export async function measureLocalErrors(
  layers: number,
  openWalk: () => Promise<Omit<WalkOptions, 'folder' | 'inputs' | 'onProgress'>>,
  options: LocalErrorOptions,
): Promise<LocalErrors & { readonly warnings: readonly string[] }> {
  const progress = new ErrorProgress(options);
  const meter = new LocalErrorMeter(options, () => progress.measured());
  const warnings = new Set<string>();
  // more than once only where what was kept has gone in the middle
  while (!meter.isDone(layers)) {
    const walk = await openWalk();
    const own = { folder: join(meter.folder, 'walk'), inputs: 'source' } as const;
    const onProgress = ({ done, total }: { done: number; total: number }) => progress.walked(done / total);
    const walked = await walkLayers({ ...walk, ...own, onProgress }, meter.visit);
    for (const warning of walked.warnings) warnings.add(warning);
  }
  const found = await meter.finish(layers);
  progress.end();
  return { ...found, warnings: [...warnings] };
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
  readonly #needsImportance: ReadonlySet<number>;

  constructor(options: LocalErrorOptions, onMeasured: () => void = () => undefined) {
    this.#options = options;
    this.#onMeasured = onMeasured;
    const types = options.addon.tensorTypes();
    this.#needsImportance = new Set(types.filter((type) => type.needsImportance).map(({ id }) => id));
  }

  get folder(): string {
    const { seed, folder } = this.#options;
    return join(folder, `errors-${[seed, SAMPLED_VALUES, LEAST_ROWS, MOST_ROWS].join('-')}`);
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
      return String(types) === String(this.#typesFor(tensor));
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
      found.push(await this.#measure(tensor, gram));
      this.#onMeasured();
    }
    writeFileAtomically(this.#path(group), JSON.stringify({ tensors: found }));
    return { tensors: found };
  }

  /** Without those that llama.cpp makes with an importance only, for a tensor that has none. */
  #typesFor(tensor: GgufTensor): number[] {
    const hasImportance = this.#options.imatrix.entries.has(tensor.name);
    return this.#options.typesFor(tensor).filter((type) => hasImportance || !this.#needsImportance.has(type));
  }

  async #measure(tensor: GgufTensor, gram: InputGram | undefined): Promise<TensorErrors> {
    const { addon, imatrix, seed, threads, signal } = this.#options;
    const [columns = 0, rowsPerMatrix = 1] = tensor.shape;
    const entry = imatrix.entries.get(tensor.name);
    const importance = entry && meanSquares(entry);
    const diagonal = importance?.length === columns ? importance : undefined;
    const sample = sampleRows(tensor, seed);
    const inputs = gram && { gramPath: gram.path.heldOut, blocks: gram.head.heldOut.blocks };
    const task = {
      ...{ sourcePath: tensor.path, sourceOffset: tensor.offset, sourceType: tensor.type },
      ...{ columns, rows: tensor.elements / columns, rowsPerMatrix, importance, sample, threads },
      types: this.#typesFor(tensor),
      ...(inputs ?? { diagonal }),
    };
    const types = await withAbort(addon, signal, (abort) => addon.localErrors(task, abort));
    const weighed = inputs ? 'inputs' : diagonal ? 'importance' : 'evenly';
    return { name: tensor.name, weighed, sampledRows: sample.length, types };
  }
}

function isMatrix({ shape }: GgufTensor): boolean {
  return (shape[1] ?? 1) > 1;
}

/** The same rows for every type, so that types are compared on the same weights. */
function sampleRows(
  { shape: [columns = 1], elements }: Pick<GgufTensor, 'shape' | 'elements'>,
  seed: number,
): Int32Array {
  const count = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.round(SAMPLED_VALUES / columns)));
  const all = Array.from({ length: elements / columns }, (_, row) => row);
  return Int32Array.from(shuffled(all, seededRandom(seed)).slice(0, count)).sort();
}
