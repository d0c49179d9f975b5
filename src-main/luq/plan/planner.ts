import { counted } from '../../contract/counted.ts';
import { SnugError } from '../../contract/errors.ts';
import type { Memory } from '../../contract/fit-report.ts';
import { fewestLowLayers } from '../../contract/low-layers.ts';
import type { Rung, Rungs } from '../../contract/rungs.ts';
import type { Gguf, GgufTensor } from '../../gguf/gguf.ts';
import { layerOf, type TextModel } from '../../models/model-file.ts';
import type { Matrix } from '../../profile/probe.ts';
import { doesNotFit, type MemoryBudget } from './does-not-fit.ts';
import {
  countedExtra,
  hasWide,
  KERNEL_WORDS,
  staysMapped,
  type ExtraBytes,
  type Layouts,
  type OtherKernels,
} from './loaded-weights.ts';
import {
  countedMemory,
  predictMemory,
  tensorDataBytes,
  wideBytes,
  withRoom,
  type Overhead,
} from './memory.ts';
import { bytesAs, bytesWithTypes, type Mixture } from './mixture.ts';
import { decodeMatrices, type LayerPlan, type Plan } from './plan.ts';
import { TOGETHER, type Alternative, type Saving } from './savings.ts';

/** What planning needs to know of a model, whatever the order of its layers and the budget. */
export interface PlannedModel {
  readonly text: Pick<TextModel, 'layers' | 'parameters' | 'weightType'> & {
    readonly gguf: Pick<Gguf, 'tensors' | 'fileBytes'>;
  };
  readonly rungs: Rungs;
  /** llama.cpp's own choice; asked once a rung */
  readonly mixtureOf: (rung: Rung) => Mixture;
  readonly overhead: Overhead;
  readonly layouts: Layouts;
  /** types of the vision encoder's tensors when it is to be stored smaller */
  readonly visionTypes: ReadonlyMap<string, number> | undefined;
  readonly alternatives: readonly Alternative[];
  readonly otherKernels: readonly OtherKernels[];
}

/** The smallest plan of a kind; `words` say what it is. */
export interface SmallestPlan {
  readonly words: string;
  readonly memory: Memory;
}

/** What the smallest plan is, by a planner of the model: with other kernels it may be another. */
export type FindSmallest = (planner: Planner) => SmallestPlan;

/** Makes plans for one model, and says what they cost. */
export class Planner {
  readonly #model: PlannedModel;
  readonly #mixtures = new Map<Rung, Mixture>();
  readonly #extra: ExtraBytes;

  constructor(model: PlannedModel) {
    this.#model = model;
    this.#extra = countedExtra(model.layouts);
  }

  get rungs(): Rungs {
    return this.#model.rungs;
  }

  get layers(): number {
    return this.#model.text.layers;
  }

  get overhead(): Overhead {
    return this.#model.overhead;
  }

  get layouts(): Layouts {
    return this.#model.layouts;
  }

  get visionTypes(): ReadonlyMap<string, number> | undefined {
    return this.#model.visionTypes;
  }

  /** llama.cpp's types for every tensor in one file type. */
  mixture(rung: Rung): Mixture {
    const known = this.#mixtures.get(rung);
    if (known !== undefined) return known;
    const mixture = this.#model.mixtureOf(rung);
    this.#mixtures.set(rung, mixture);
    return mixture;
  }

  /** Each tensor its type; one that is not named keeps its own. */
  withTypes(types: ReadonlyMap<string, number>): Plan {
    const { text, overhead, layouts } = this.#model;
    const { tensors } = text.gguf;
    const weightsBytes = bytesWithTypes(tensors, types);
    return { types, memory: countedMemory(weightsBytes, overhead, { tensors, types }, layouts) };
  }

  /** The same plan, its weights in wide layouts where what is left of the budget is enough for them. No plan is chosen for their sake. */
  asLoaded<P extends Plan>(plan: P, budgetBytes: number): P {
    const { text, layouts } = this.#model;
    const { tensors } = text.gguf;
    const memory = withRoom(plan.memory, wideBytes({ tensors, types: plan.types }, layouts), budgetBytes);
    return memory === plan.memory ? plan : { ...plan, memory };
  }

  /** The matrices that one decoded token is multiplied with, in a plan's types and layouts. */
  decodeMatrices({ types, memory }: Plan): Matrix[] {
    const { text, layouts } = this.#model;
    const isWide = (tensor: GgufTensor, type: number) =>
      memory.wide === true && hasWide(layouts, tensor, type);
    return decodeMatrices(text.gguf.tensors, types, isWide);
  }

  /** What a tensor takes in memory in a type, copies included that llama.cpp arranges for this processor. */
  loadedBytes(tensor: GgufTensor, type: number): number {
    return bytesAs(tensor, type) + this.#extra(tensor, type);
  }

  /** Each layer its rung; the tensors outside the layers have the high one unless told otherwise. */
  planOf(layerRungs: readonly Rung[], outside: Rung = this.rungs.high): LayerPlan {
    const types = new Map(
      this.#model.text.gguf.tensors.map((tensor) => {
        const layer = layerOf(tensor.name);
        const rung = (layer === undefined ? undefined : layerRungs[layer]) ?? outside;
        return [tensor.name, this.mixture(rung).get(tensor.name) ?? tensor.type];
      }),
    );
    return { ...this.withTypes(types), rungs: this.rungs, layerRungs };
  }

  /** Every tensor as llama.cpp gives it in one file type. */
  uniform(rung: Rung): LayerPlan {
    return this.planOf(new Array<Rung>(this.layers).fill(rung), rung);
  }

  /** @throws SnugError BAD_ARGUMENT when the model does not have so many layers */
  insistOnLayers(lowLayers: number): void {
    if (Number.isInteger(lowLayers) && lowLayers >= 0 && lowLayers <= this.layers) return;
    throw new SnugError(
      'BAD_ARGUMENT',
      `this model has ${counted(this.layers, 'layer')}; ${lowLayers} of them cannot go low`,
    );
  }

  /**
   * The first k layers of the order low.
   *
   * @throws SnugError BAD_ARGUMENT when the model does not have so many layers
   */
  withLowLayers(order: readonly number[], lowLayers: number): LayerPlan {
    this.insistOnLayers(lowLayers);
    const { high, low } = this.rungs;
    const chosen = new Set(order.slice(0, lowLayers));
    return this.planOf(Array.from({ length: this.layers }, (_, layer) => (chosen.has(layer) ? low : high)));
  }

  /** With the fewest low layers whose whole memory fits the budget; undefined when none does. LUQ, step 4. */
  smallestThatFits(order: readonly number[], budgetBytes: number): LayerPlan | undefined {
    const bytesWith = (lowLayers: number) => this.withLowLayers(order, lowLayers).memory.totalBytes;
    const lowLayers = fewestLowLayers(this.layers, budgetBytes, bytesWith);
    return lowLayers === null ? undefined : this.withLowLayers(order, lowLayers);
  }

  /**
   * The same, insisted on.
   *
   * @throws SnugError DOES_NOT_FIT with what would
   */
  fitting(order: readonly number[], budget: MemoryBudget): LayerPlan {
    const plan = this.smallestThatFits(order, budget.bytes);
    if (plan === undefined) throw this.refusal(budget);
    return plan;
  }

  /**
   * Whether anything fits, whatever the order of the layers: to be known before hours of work.
   *
   * @throws SnugError DOES_NOT_FIT with what would
   */
  insistItFits(budget: MemoryBudget): void {
    const anyOrder = this.#byDepth();
    if (this.smallestThatFits(anyOrder, budget.bytes) === undefined) throw this.refusal(budget);
  }

  /** Why nothing fits the budget, and what would. */
  refusal(budget: MemoryBudget, findSmallest: FindSmallest = allLow): SnugError {
    const { high } = this.rungs;
    const smallest = findSmallest(this);
    const needs = {
      smallest: { words: smallest.words, bytes: smallest.memory.totalBytes },
      high,
      parameters: this.#model.text.parameters,
      allHighBytes: this.planOf(this.#allAt(high)).memory.totalBytes,
    };
    return doesNotFit(needs, budget, this.savings(findSmallest));
  }

  /** What the smallest plan would take with one thing or another given up, what costs least first. */
  savings(findSmallest: FindSmallest = allLow): Saving[] {
    const { weightsBytes, rearrangedBytes, totalBytes } = findSmallest(this).memory;
    const kernels = this.withOtherKernels((planner) => findSmallest(planner).memory).filter(
      (saving) => saving.totalBytes < totalBytes,
    );
    const alternatives = this.#model.alternatives.map(({ overhead, label, ...saving }) => ({
      ...saving,
      label: label === TOGETHER && kernels.length > 0 ? `${TOGETHER} with the same kernels` : label,
      totalBytes: predictMemory(weightsBytes, overhead, rearrangedBytes).totalBytes,
    }));
    return [...kernels, ...alternatives];
  }

  /** What something would take with each other choice of kernels. */
  withOtherKernels(memoryOf: (planner: Planner) => Memory): Saving[] {
    return this.#model.otherKernels.map(({ kernels, layouts }) => ({
      label: KERNEL_WORDS[kernels],
      remedies: [{ kind: 'set-kernels', kernels }],
      totalBytes: memoryOf(new Planner({ ...this.#model, layouts, otherKernels: [] })).totalBytes,
    }));
  }

  /** With k = 0, 1, … layers low; where no order is known yet, each takes as much memory as any k layers can. */
  preview(order: readonly number[] | null): LayerPlan[] {
    const known = order ?? this.#leastSavingFirst();
    return Array.from({ length: this.layers + 1 }, (_, lowLayers) => this.withLowLayers(known, lowLayers));
  }

  /** The source as it is. `overhead`: another one than the model's, as with a smaller vision encoder. */
  unquantized(overhead: Overhead = this.overhead): Plan {
    const { text, layouts } = this.#model;
    const { tensors } = text.gguf;
    const weightsBytes = tensorDataBytes(tensors);
    return {
      types: new Map(tensors.map(({ name, type }) => [name, type])),
      memory: staysMapped(text)
        ? predictMemory(weightsBytes, overhead, 0)
        : countedMemory(weightsBytes, overhead, { tensors }, layouts),
    };
  }

  /** The size of a plan's file: its header is the source's and some facts more. */
  fileBytes({ memory }: { readonly memory: Pick<Memory, 'weightsBytes'> }): number {
    const { gguf } = this.#model.text;
    return gguf.fileBytes - tensorDataBytes(gguf.tensors) + memory.weightsBytes;
  }

  #byDepth(): number[] {
    return Array.from({ length: this.layers }, (_, layer) => layer);
  }

  #allAt(rung: Rung): Rung[] {
    return new Array<Rung>(this.layers).fill(rung);
  }

  #leastSavingFirst(): number[] {
    const { text } = this.#model;
    const { high, low } = this.rungs;
    const saved = new Array<number>(text.layers).fill(0);
    for (const tensor of text.gguf.tensors) {
      const layer = layerOf(tensor.name);
      if (layer === undefined) continue;
      const bytes = (rung: Rung) => {
        const type = this.mixture(rung).get(tensor.name) ?? tensor.type;
        return this.loadedBytes(tensor, type);
      };
      saved[layer] = (saved[layer] ?? 0) + bytes(high) - bytes(low);
    }
    return this.#byDepth().sort((a, b) => (saved[a] ?? 0) - (saved[b] ?? 0));
  }
}

function allLow(planner: Planner): SmallestPlan {
  const { low } = planner.rungs;
  const layers = new Array<Rung>(planner.layers).fill(low);
  return { words: `every layer at ${low}`, memory: planner.planOf(layers).memory };
}
