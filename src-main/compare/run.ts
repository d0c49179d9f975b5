import { join } from 'node:path';
import { COMPARE_PARTS, type CompareRequest, type Comparison } from '../contract/comparison.ts';
import { ORDERINGS } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import { llamaCppRelease } from '../engine/build.ts';
import type { NativeModel } from '../engine/native-types.ts';
import { requireVision } from '../evaluate/tasks/task.ts';
import { measureSensitivity, UNIFORM_RIVALS, uniformPlan, type Measuring } from '../fit/choose.ts';
import { discard } from '../files/durable.ts';
import { planInputs, sourceMemory } from '../fit/fit-plan.ts';
import { writeVision } from '../fit/write.ts';
import { ladderPlan, measureLadder } from '../fit/ladder.ts';
import { bytesAs, mixtureOf } from '../luq/plan/mixture.ts';
import { openMetadata } from '../models/open-model.ts';
import { orderLayers, orderTau } from '../luq/entropy/orders.ts';
import { planWith, type PlanInputs } from '../luq/plan/plan.ts';
import { identify, prepare } from '../fit/prepare.ts';
import type { Rung } from '../luq/plan/rungs.ts';
import { visionTypes } from '../luq/plan/vision-types.ts';
import { openWorkspace, type Workspace } from '../fit/workspace.ts';
import { takeLock } from '../store/lock.ts';
import { ComparedRows } from './compared-rows.ts';
import {
  importanceOf,
  openVariant,
  orderOf,
  type CalibrationVariant,
  type CalibrationChange,
} from './calibration-variant.ts';
import { readComparedTask, type ComparedTask, type RowOptions } from './measured-row.ts';

/**
 * `snug compare`: the paper's plan beside everything it could be compared with, on one model. Each trial is kept by what it depends
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

export interface ComparisonOptions {
  /** where the process starts that rows are run in */
  readonly chatEntry: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Rows that no order of layers made. */
const UNORDERED = { ordering: null, lowLayers: null } as const;

export async function compare(request: CompareRequest, options: ComparisonOptions): Promise<Comparison> {
  const task = readComparedTask(request);
  const prepared = await prepare(request.fit);
  if (task) {
    const advice = 'Give it its vision file (mmproj), or compare without the benchmark.';
    requireVision(task.questions, prepared.read.vision?.path, request.fit.modelPath, advice);
  }
  const source = await identify(prepared.read, request.fit, options);
  const workspace = openWorkspace(request.fit.home, source.sha256);
  using _lock = takeLock(workspace.lock, `comparing plans of ${source.text.name}`);
  using model = await openMetadata(prepared.addon, source.text.path);
  const rows = { request, prepared, source, chatEntry: options.chatEntry, signal: options.signal };
  return await new ComparisonRun(rows, workspace, model, task, options.onProgress).run();
}

class ComparisonRun {
  readonly #options: RowOptions;
  readonly #workspace: Workspace;
  readonly #model: NativeModel;
  readonly #task: ComparedTask | undefined;
  readonly #onProgress: OnProgress | undefined;
  /** how many of them go low where orders are compared, ascending */
  readonly #counts: readonly number[];
  readonly #rows: ComparedRows;
  #orders: Record<string, number[]> = {};

  constructor(
    options: RowOptions,
    workspace: Workspace,
    model: NativeModel,
    task: ComparedTask | undefined,
    onProgress: OnProgress | undefined,
  ) {
    const { request, source } = options;
    this.#options = options;
    this.#workspace = workspace;
    this.#model = model;
    this.#task = task;
    this.#onProgress = onProgress;
    this.#rows = new ComparedRows(options, task, onProgress);
    const { layers } = source.text;
    const counts = request.lowLayers ?? SHARES.map((share) => Math.round(share * layers));
    this.#counts = [...new Set(counts)].filter((k) => k > 0 && k <= layers).sort((a, b) => a - b);
  }

  /** What there is to compare: per part its rows' number, known before any is measured, and the work. */
  #sections(variant: CalibrationVariant): { readonly rows: number; readonly measure: () => Promise<void> }[] {
    const { request, source } = this.#options;
    const canSee = source.vision !== undefined;
    const orders = ORDERINGS.length - 1 + SEEDS.length;
    const parts = {
      uniform: { rows: UNIFORM.length * (canSee ? 2 : 1), measure: () => this.#uniformParts(variant) },
      orders: { rows: orders * this.#counts.length, measure: () => this.#orderRows(variant) },
      ladder: { rows: this.#counts.length, measure: () => this.#ladderRows(variant) },
      calibration: { rows: this.#calibrations().length, measure: () => this.#calibrationRows() },
      projector: { rows: canSee ? 1 : 0, measure: () => this.#projectorRow(variant) },
    };
    const wanted = COMPARE_PARTS.filter((part) => request.parts?.includes(part) ?? true);
    return [{ rows: 1, measure: () => this.#sourceRow(variant) }, ...wanted.map((part) => parts[part])];
  }

  async run(): Promise<Comparison> {
    const { prepared, source } = this.#options;
    const { laptop, settings } = prepared;
    const { limits } = prepared.read;
    const { text } = source;
    const variant = await this.#variant({});
    this.#orders = Object.fromEntries(
      (['entropy', 'edge-protected'] as const).map((name) => [name, orderOf(variant, name)]),
    );
    const sections = this.#sections(variant);
    this.#rows.total = sections.reduce((sum, { rows }) => sum + rows, 0);
    for (const { measure } of sections) await measure();
    const names = Object.keys(this.#orders);
    const order = (name: string) => this.#orders[name] ?? [];
    const { alpha, clusters, seed } = settings;
    return {
      version: 1,
      model: {
        name: text.name,
        sourceSha256: source.sha256,
        layers: text.layers,
        parameters: text.parameters,
        imageTokens: source.vision ? { min: limits.minTokens, max: limits.maxTokens } : null,
      },
      rungs: settings.rungs,
      contextTokens: settings.contextTokens,
      calibration: { importance: importanceOf(variant), alpha, clusters, seed },
      task: this.#taskFacts(),
      entropies: variant.calibrated.entropies.map(({ both, image, text: onText }) => ({
        both,
        image,
        text: onText,
      })),
      orders: this.#orders,
      taus: names.flatMap((a, i) =>
        names.slice(i + 1).map((b) => ({ a, b, tau: orderTau(order(a), order(b)) })),
      ),
      rows: [...this.#rows.all],
      machine: {
        cpu: laptop.cpu.brand,
        cpuVariant: laptop.cpu.variant,
        threads: settings.threads,
        llamaCpp: llamaCppRelease(),
      },
    };
  }

  #taskFacts(): Comparison['task'] {
    if (!this.#task) return null;
    const { task, questions } = this.#task;
    const { metric, max } = task.score(questions, new Map());
    return { name: task.name, metric, max, questions: questions.length };
  }

  #variant(change: CalibrationChange): Promise<CalibrationVariant> {
    const options = { workspace: this.#workspace, onProgress: this.#onProgress };
    return openVariant(this.#options, options, change);
  }

  #inputs({ settings }: CalibrationVariant, order: readonly number[]): PlanInputs {
    return planInputs(this.#options.source, this.#options.prepared.basis, settings.rungs, order);
  }

  #unquantized() {
    const { source, prepared } = this.#options;
    const { tensors } = source.text.gguf;
    return {
      types: new Map(tensors.map(({ name, type }) => [name, type])),
      memory: sourceMemory(source.text, prepared.basis),
    };
  }

  async #sourceRow(variant: CalibrationVariant): Promise<void> {
    const facts = { family: 'source', importance: null, ...UNORDERED } as const;
    await this.#rows.measure(variant, this.#unquantized(), { ...facts, name: 'source' });
  }

  /** With the importance matrix of pictures and text, and with that of text alone. */
  async #uniformParts(variant: CalibrationVariant): Promise<void> {
    await this.#uniformRows(variant);
    if (this.#options.source.vision) await this.#uniformRows(await this.#variant({ alpha: 0 }));
  }

  async #uniformRows(variant: CalibrationVariant): Promise<void> {
    const { source, prepared } = this.#options;
    const inputs = this.#inputs(variant, orderOf(variant, 'entropy'));
    const facts = { family: 'uniform', ...UNORDERED } as const;
    for (const rung of UNIFORM) {
      const mixture = mixtureOf(prepared.addon, this.#model, source.text.gguf.tensors, rung);
      await this.#rows.measure(variant, uniformPlan(inputs, rung, mixture), { ...facts, name: rung });
    }
  }

  async #orderRows(variant: CalibrationVariant): Promise<void> {
    const { entropyBits } = variant;
    const sensitivity = await measureSensitivity(this.#measuring(variant));
    const kinds = ORDERINGS.filter((ordering) => ordering !== 'random');
    this.#orders = Object.fromEntries([
      ...kinds.map((name) => [name, orderLayers(name, { entropyBits, sensitivity, seed: 0 })] as const),
      ...SEEDS.map((seed) => [`random ${seed}`, orderLayers('random', { entropyBits, seed })] as const),
    ]);
    for (const [name, order] of Object.entries(this.#orders)) {
      const inputs = this.#inputs(variant, order);
      for (const k of this.#counts) await this.#lowRow(variant, name, inputs, k);
    }
  }

  async #lowRow(
    variant: CalibrationVariant,
    ordering: string,
    inputs: PlanInputs,
    lowLayers: number,
  ): Promise<void> {
    const facts = { family: 'order', ordering, lowLayers } as const;
    const name = `${ordering}, ${lowLayers} layers`;
    await this.#rows.measure(variant, planWith(inputs, lowLayers), { ...facts, name });
  }

  #measuring(variant: CalibrationVariant): Measuring {
    const { prepared, source } = this.#options;
    const { addon, basis } = prepared;
    return { ...variant, addon, basis, source, onProgress: this.#onProgress };
  }

  /** The measured ladder in the memory that the paper's plan takes with each number of low layers. */
  async #ladderRows(variant: CalibrationVariant): Promise<void> {
    const inputs = this.#inputs(variant, orderOf(variant, 'entropy'));
    const ladder = await measureLadder(this.#measuring(variant), this.#model, inputs);
    for (const k of this.#counts) {
      const plan = ladderPlan(ladder, planWith(inputs, k).memory.totalBytes);
      if (!plan) continue;
      const facts = { family: 'auto', ...UNORDERED } as const;
      await this.#rows.measure(variant, plan, { ...facts, name: `ladder as small as ${k} layers low` });
    }
  }

  #calibrations(): CalibrationChange[] {
    return [
      ...(this.#options.source.vision ? ALPHAS : []).map((alpha) => ({ alpha })),
      ...CLUSTER_COUNTS.map((clusters) => ({ clusters })),
      ...SEEDS.map((seed) => ({ seed })),
    ];
  }

  /** The paper's plan under other calibrations: share of picture tokens, clusters, seeds. */
  async #calibrationRows(): Promise<void> {
    const lowLayers = Math.round(MIDDLE * this.#options.source.text.layers);
    for (const change of this.#calibrations()) {
      const variant = await this.#variant(change);
      const inputs = this.#inputs(variant, orderOf(variant, 'entropy'));
      await this.#lowRow(variant, 'entropy', inputs, lowLayers);
    }
  }

  /** The source with its vision encoder in 8 bits. */
  async #projectorRow(variant: CalibrationVariant): Promise<void> {
    const { source, prepared, signal } = this.#options;
    const { vision } = source;
    if (!vision) return;
    const { addon, basis } = prepared;
    const types = visionTypes(vision.gguf.tensors, 'Q8_0');
    const path = join(this.#workspace.folder, 'trial-mmproj.gguf');
    const { threads } = variant.settings;
    await writeVision({ addon, source, workspace: this.#workspace, threads, signal }, types, path);
    const visionWeightsBytes = vision.gguf.tensors.reduce(
      (sum, tensor) => sum + bytesAs(tensor, types.get(tensor.name) ?? tensor.type),
      0,
    );
    const plan = this.#unquantized();
    const memory = sourceMemory(source.text, {
      ...basis,
      overhead: { ...basis.overhead, visionWeightsBytes },
    });
    const facts = { family: 'projector', importance: null, ...UNORDERED } as const;
    const trial = { types: plan.types, vision: { path, name: 'Q8_0' } };
    try {
      await this.#rows.measure(
        variant,
        { ...plan, memory },
        { ...facts, name: 'source, vision encoder Q8_0' },
        trial,
      );
    } finally {
      discard(path);
    }
  }
}
