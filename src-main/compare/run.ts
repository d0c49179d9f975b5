import { join } from 'node:path';
import type { Compared, Comparison } from '../contract/comparison.ts';
import { throwIfCancelled } from '../contract/errors.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import { llamaCppRelease, type NativeModel } from '../engine/addon.ts';
import {
  UNIFORM_RIVALS,
  ladderPlan,
  measureSensitivity,
  uniformPlan,
  type Measuring,
} from '../luq/choose.ts';
import { discard } from '../luq/files.ts';
import { calibrateSource, type Calibrated } from '../luq/fit-calibration.ts';
import { planInputs } from '../luq/fit-plan.ts';
import type { FitSettings } from '../luq/fit-settings.ts';
import { writeVision } from '../luq/fit-write.ts';
import { predictMemory, tensorDataBytes } from '../luq/memory.ts';
import { bytesAs, mixtureOf } from '../luq/mixture.ts';
import { openMetadata } from '../luq/open-model.ts';
import { ORDERINGS, entropyOrder, orderLayers, orderTau } from '../luq/orders.ts';
import { planWith, type Plan } from '../luq/plan.ts';
import { identify, prepare, speedPredictor, type Prepared } from '../luq/prepare.ts';
import type { Rung } from '../luq/rungs.ts';
import type { Source } from '../luq/source.ts';
import { Trials, type Trial } from '../luq/trials.ts';
import { visionTypes } from '../luq/vision-types.ts';
import { openWorkspace, takeLock, type Workspace } from '../luq/workspace.ts';

/**
 * `snug compare`: the paper's plan beside everything it could be held against, on one model. Each trial is kept by what it depends
 * on, so a comparison that was stopped goes on, and one with more rows measures only those.
 */

const ALPHAS = [0, 0.25, 0.5, 0.75, 1];
const CLUSTER_COUNTS = [25, 50, 100, 200];
const SEEDS = [1, 2, 3];
/** Shares of the layers that go low. */
const SHARES = [1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1];
/** Share at which calibrations are compared. */
const MIDDLE = 1 / 2;
const UNIFORM: readonly Rung[] = ['Q8_0', 'Q6_K', ...UNIFORM_RIVALS, 'IQ1_M'];

export interface ComparisonEvents {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** A calibration and what is measured with it. */
interface Bench {
  readonly settings: FitSettings;
  readonly calibrated: Calibrated;
  readonly trials: Trials;
  readonly entropyBits: readonly number[];
}

type RowFacts = Pick<Compared, 'name' | 'family' | 'importance' | 'ordering' | 'lowLayers'>;

export async function compare(request: FitRequest, events: ComparisonEvents): Promise<Comparison> {
  const prepared = await prepare(request);
  const source = await identify(prepared.read, request, events);
  const workspace = openWorkspace(request.home, source.sha256);
  using _lock = takeLock(join(workspace.folder, 'lock'), `fitting ${source.text.name}`);
  using model = await openMetadata(prepared.addon, source.text.path);
  return await new ComparisonRun(request, prepared, source, workspace, model, events).run();
}

class ComparisonRun {
  readonly #prepared: Prepared;
  readonly #source: Source;
  readonly #workspace: Workspace;
  readonly #model: NativeModel;
  readonly #events: ComparisonEvents;
  readonly #speedOf: (plan: Pick<Plan, 'types'>) => Promise<number>;
  readonly #rows: Compared[] = [];

  constructor(
    request: FitRequest,
    prepared: Prepared,
    source: Source,
    workspace: Workspace,
    model: NativeModel,
    events: ComparisonEvents,
  ) {
    this.#prepared = prepared;
    this.#source = source;
    this.#workspace = workspace;
    this.#model = model;
    this.#events = events;
    this.#speedOf = speedPredictor(prepared, request.home, events.signal);
  }

  async run(): Promise<Comparison> {
    const { laptop, settings } = this.#prepared;
    const { text } = this.#source;
    const bench = await this.#bench({});
    await this.#sourceRow(bench);
    await this.#uniformRows(bench, 'multimodal');
    if (this.#source.vision) await this.#uniformRows(await this.#bench({ alpha: 0 }), 'text-only');
    const orders = await this.#orderRows(bench);
    await this.#autoRows(bench);
    await this.#calibrationRows();
    if (this.#source.vision) await this.#projectorRow(bench);
    const names = Object.keys(orders);
    return {
      version: 1,
      model: {
        name: text.name,
        sourceSha256: this.#source.sha256,
        layers: text.layers,
        parameters: text.parameters,
      },
      rungs: settings.rungs,
      entropies: bench.calibrated.entropies.map(({ both, image, text: onText }) => ({
        both,
        image,
        text: onText,
      })),
      orders,
      taus: names.flatMap((a, i) =>
        names.slice(i + 1).map((b) => ({ a, b, tau: orderTau(orders[a] ?? [], orders[b] ?? []) })),
      ),
      rows: this.#rows,
      machine: { cpu: laptop.cpu.brand, threads: settings.threads, llamaCpp: llamaCppRelease() },
    };
  }

  async #bench(change: Partial<Pick<FitSettings, 'alpha' | 'clusters' | 'seed'>>): Promise<Bench> {
    const { addon } = this.#prepared;
    const settings = { ...this.#prepared.settings, ...change };
    const step = { addon, source: this.#source, settings, workspace: this.#workspace, ...this.#events };
    const calibrated = await calibrateSource(step);
    const { signal } = this.#events;
    return {
      settings,
      calibrated,
      trials: new Trials({ ...step, calibrated, signal }),
      entropyBits: calibrated.entropies.map(({ both }) => both),
    };
  }

  /** Measures one plan as a row, unless the row is there. */
  async #row(
    bench: Bench,
    plan: Pick<Plan, 'types' | 'memory'>,
    facts: RowFacts,
    trial?: Trial,
  ): Promise<void> {
    throwIfCancelled(this.#events.signal);
    const { alpha, clusters, seed } = bench.settings;
    const id = [facts.name, facts.importance ?? 'none', alpha, clusters, seed].join(' / ');
    if (this.#rows.some((row) => row.id === id)) return;
    const { weightsBytes, visionWeightsBytes, totalBytes } = plan.memory;
    this.#rows.push({
      id,
      ...facts,
      ...{ alpha, clusters, seed },
      weightsBytes,
      visionBytes: visionWeightsBytes,
      bitsPerWeight: (weightsBytes * 8) / this.#source.text.parameters,
      quality: await bench.trials.measure(trial ?? plan),
      tokensPerSecond: await this.#speedOf(plan),
      totalBytes,
    });
    const { length } = this.#rows;
    this.#events.onProgress?.({ stage: 'choose', done: length, total: length, unit: 'steps', detail: id });
  }

  #inputs({ settings }: Bench, order: readonly number[]) {
    return planInputs(this.#source, this.#prepared.basis, settings.rungs, order);
  }

  #unquantized() {
    const { tensors } = this.#source.text.gguf;
    return {
      types: new Map(tensors.map(({ name, type }) => [name, type])),
      memory: predictMemory(tensorDataBytes(tensors), this.#prepared.basis.overhead),
    };
  }

  async #sourceRow(bench: Bench): Promise<void> {
    const facts = { family: 'source', importance: null, ordering: null, lowLayers: null } as const;
    await this.#row(bench, this.#unquantized(), { ...facts, name: 'source' });
  }

  async #uniformRows(bench: Bench, importance: 'multimodal' | 'text-only'): Promise<void> {
    const { tensors } = this.#source.text.gguf;
    const inputs = this.#inputs(bench, entropyOrder(bench.entropyBits));
    for (const rung of UNIFORM) {
      const plan = uniformPlan(inputs, rung, mixtureOf(this.#prepared.addon, this.#model, tensors, rung));
      const facts = { family: 'uniform', importance, ordering: null, lowLayers: null } as const;
      await this.#row(bench, plan, { ...facts, name: rung });
    }
  }

  /** How many layers each share of them is, each once. */
  #counts(): number[] {
    const { layers } = this.#source.text;
    return [...new Set(SHARES.map((share) => Math.round(share * layers)))].filter((k) => k > 0);
  }

  async #orderRows(bench: Bench): Promise<Record<string, number[]>> {
    const { entropyBits } = bench;
    const sensitivity = await measureSensitivity(this.#measuring(bench));
    const orders: Record<string, number[]> = {};
    const add = async (name: string, order: number[]) => {
      orders[name] = order;
      const inputs = this.#inputs(bench, order);
      for (const k of this.#counts()) await this.#lowRow(bench, name, inputs, k);
    };
    for (const ordering of ORDERINGS) {
      if (ordering === 'random') continue;
      await add(ordering, orderLayers(ordering, { entropyBits, sensitivity, seed: 0 }));
    }
    for (const seed of SEEDS) {
      await add(`random ${seed}`, orderLayers('random', { entropyBits, seed }));
    }
    return orders;
  }

  async #lowRow(
    bench: Bench,
    ordering: string,
    inputs: Parameters<typeof planWith>[0],
    lowLayers: number,
  ): Promise<void> {
    const importance = bench.calibrated.report.imageTokens > 0 ? 'multimodal' : 'text-only';
    const facts = { family: 'order', importance, ordering, lowLayers } as const;
    await this.#row(bench, planWith(inputs, lowLayers), {
      ...facts,
      name: `${ordering}, ${lowLayers} layers`,
    });
  }

  #measuring(bench: Bench): Measuring {
    const { addon, basis } = this.#prepared;
    return { ...bench, addon, basis, source: this.#source, onProgress: this.#events.onProgress };
  }

  /** The measured ladder in the memory that the paper's plan takes with each number of low layers. */
  async #autoRows(bench: Bench): Promise<void> {
    const inputs = this.#inputs(bench, entropyOrder(bench.entropyBits));
    for (const k of this.#counts()) {
      const { totalBytes } = planWith(inputs, k).memory;
      const plan = await ladderPlan(this.#measuring(bench), this.#model, inputs, totalBytes);
      if (!plan) continue;
      const facts = { family: 'auto', importance: 'multimodal', ordering: null, lowLayers: null } as const;
      await this.#row(bench, plan, { ...facts, name: `ladder as small as ${k} layers low` });
    }
  }

  /** The paper's plan under other calibrations: share of picture tokens, clusters, seeds. */
  async #calibrationRows(): Promise<void> {
    const lowLayers = Math.round(MIDDLE * this.#source.text.layers);
    const changes = [
      ...(this.#source.vision ? ALPHAS : []).map((alpha) => ({ alpha })),
      ...CLUSTER_COUNTS.map((clusters) => ({ clusters })),
      ...SEEDS.map((seed) => ({ seed })),
    ];
    for (const change of changes) {
      const bench = await this.#bench(change);
      const inputs = this.#inputs(bench, entropyOrder(bench.entropyBits));
      await this.#lowRow(bench, 'entropy', inputs, lowLayers);
    }
  }

  /** The source with its vision encoder in 8 bits. */
  async #projectorRow(bench: Bench): Promise<void> {
    const { vision } = this.#source;
    if (!vision) return;
    const { addon, basis } = this.#prepared;
    const types = visionTypes(vision.gguf.tensors, 'Q8_0');
    const path = join(this.#workspace.folder, 'trial-mmproj.gguf');
    const { signal } = this.#events;
    const { threads } = bench.settings;
    const step = { addon, source: this.#source, workspace: this.#workspace, threads, signal };
    await writeVision(step, types, path);
    const visionWeightsBytes = vision.gguf.tensors.reduce(
      (sum, tensor) => sum + bytesAs(tensor, types.get(tensor.name) ?? tensor.type),
      0,
    );
    const plan = this.#unquantized();
    const memory = predictMemory(plan.memory.weightsBytes, { ...basis.overhead, visionWeightsBytes });
    const facts = { family: 'projector', importance: null, ordering: null, lowLayers: null } as const;
    const trial = { types: plan.types, vision: { path, name: 'Q8_0' } };
    try {
      await this.#row(bench, { ...plan, memory }, { ...facts, name: 'source, vision encoder Q8_0' }, trial);
    } finally {
      discard(path);
    }
  }
}
