import { join } from 'node:path';
import type { ComparePart } from '../contract/comparison.ts';
import { ORDERINGS } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import type { NativeModel } from '../engine/native-types.ts';
import { discard } from '../files/durable.ts';
import { measureSensitivity, UNIFORM_RIVALS, uniformPlan, type Measuring } from '../fit/choose.ts';
import { planInputs, sourceMemory } from '../fit/fit-plan.ts';
import { ladderPlan, measureLadder } from '../fit/ladder.ts';
import type { Workspace } from '../fit/workspace.ts';
import { writeVision } from '../fit/write.ts';
import { orderLayers } from '../luq/entropy/orders.ts';
import { bytesAs, mixtureOf } from '../luq/plan/mixture.ts';
import { planWith, type PlanInputs } from '../luq/plan/plan.ts';
import type { Rung } from '../contract/rungs.ts';
import { visionTypes } from '../luq/plan/vision-types.ts';
import {
  openVariant,
  orderOf,
  type CalibrationChange,
  type CalibrationVariant,
} from './calibration-variant.ts';
import type { ComparedRows } from './compared-rows.ts';
import type { RowOptions } from './measured-row.ts';

/** What a comparison can hold, part by part: which rows, and how their plans are made. */

const ALPHAS = [0, 0.25, 0.5, 0.75, 1];
const CLUSTER_COUNTS = [25, 50, 100, 200];
const SEEDS = [1, 2, 3];
/** Share of the layers at which calibrations are compared. */
const MIDDLE = 1 / 2;
const UNIFORM: readonly Rung[] = ['Q8_0', 'Q6_K', ...UNIFORM_RIVALS, 'IQ1_M'];

/** Rows that no order of layers made. */
const UNORDERED = { ordering: null, lowLayers: null } as const;

/** What all parts of one comparison work with. */
export interface Comparing {
  readonly options: RowOptions;
  readonly workspace: Workspace;
  readonly model: NativeModel;
  /** the usual calibration */
  readonly usual: CalibrationVariant;
  /** how many layers go low where orders are compared, ascending */
  readonly counts: readonly number[];
  readonly rows: ComparedRows;
  readonly onProgress: OnProgress | undefined;
}

export interface Part {
  /** how many rows, known before any is measured */
  readonly rows: number;
  readonly measure: () => Promise<void>;
}

/** `orders` is filled with the orders that are compared. */
export function partsOf(comparing: Comparing, orders: Map<string, number[]>): Record<ComparePart, Part> {
  const { options, counts } = comparing;
  const canSee = options.source.vision !== undefined;
  const changes = calibrationChanges(canSee);
  const orderCount = ORDERINGS.length - 1 + SEEDS.length;
  return {
    uniform: { rows: UNIFORM.length * (canSee ? 2 : 1), measure: () => uniformRows(comparing) },
    orders: { rows: orderCount * counts.length, measure: () => orderRows(comparing, orders) },
    ladder: { rows: counts.length, measure: () => ladderRows(comparing) },
    calibration: { rows: changes.length, measure: () => calibrationRows(comparing, changes) },
    projector: { rows: canSee ? 1 : 0, measure: () => projectorRow(comparing) },
  };
}

export async function sourceRow(comparing: Comparing): Promise<void> {
  const facts = { family: 'source', importance: null, ...UNORDERED } as const;
  await comparing.rows.measure(comparing.usual, unquantized(comparing), { ...facts, name: 'source' });
}

function unquantized({ options: { source, prepared } }: Comparing) {
  const { tensors } = source.text.gguf;
  return {
    types: new Map(tensors.map(({ name, type }) => [name, type])),
    memory: sourceMemory(source.text, prepared.basis),
  };
}

function inputsFor(
  { options: { source, prepared } }: Comparing,
  { settings }: CalibrationVariant,
  order: readonly number[],
): PlanInputs {
  return planInputs(source, prepared.basis, settings.rungs, order);
}

function measuring({ options: { prepared, source }, usual, onProgress }: Comparing): Measuring {
  const { addon, basis } = prepared;
  return { ...usual, addon, basis, source, onProgress };
}

/** With the importance matrix of pictures and text, and with that of text alone. */
async function uniformRows(comparing: Comparing): Promise<void> {
  const { options, model, rows, usual } = comparing;
  const { source, prepared } = options;
  const facts = { family: 'uniform', ...UNORDERED } as const;
  const measureWith = async (variant: CalibrationVariant) => {
    const inputs = inputsFor(comparing, variant, orderOf(variant, 'entropy'));
    for (const rung of UNIFORM) {
      const mixture = mixtureOf(prepared.addon, model, source.text.gguf.tensors, rung);
      await rows.measure(variant, uniformPlan(inputs, rung, mixture), { ...facts, name: rung });
    }
  };
  await measureWith(usual);
  if (source.vision) await measureWith(await openVariant(options, comparing, { alpha: 0 }));
}

async function orderRows(comparing: Comparing, orders: Map<string, number[]>): Promise<void> {
  const { usual, counts } = comparing;
  const { entropyBits } = usual;
  const sensitivity = await measureSensitivity(measuring(comparing));
  orders.clear();
  for (const name of ORDERINGS.filter((ordering) => ordering !== 'random'))
    orders.set(name, orderLayers(name, { entropyBits, sensitivity, seed: 0 }));
  for (const seed of SEEDS) orders.set(`random ${seed}`, orderLayers('random', { entropyBits, seed }));
  for (const [name, order] of orders) {
    for (const k of counts) await lowRow(comparing, usual, { name, order }, k);
  }
}

/** The first layers of an order low. */
async function lowRow(
  comparing: Comparing,
  variant: CalibrationVariant,
  { name: ordering, order }: { name: string; order: readonly number[] },
  lowLayers: number,
): Promise<void> {
  const plan = planWith(inputsFor(comparing, variant, order), lowLayers);
  const name = `${ordering}, ${lowLayers} layers`;
  await comparing.rows.measure(variant, plan, { family: 'order', ordering, lowLayers, name });
}

/** The measured ladder in the memory that the paper's plan takes with each number of low layers. */
async function ladderRows(comparing: Comparing): Promise<void> {
  const { usual, model, counts, rows } = comparing;
  const inputs = inputsFor(comparing, usual, orderOf(usual, 'entropy'));
  const ladder = await measureLadder(measuring(comparing), model, inputs);
  for (const k of counts) {
    const plan = ladderPlan(ladder, planWith(inputs, k).memory.totalBytes);
    if (!plan) continue;
    const name = `ladder as small as ${k} layers low`;
    await rows.measure(usual, plan, { family: 'auto', ...UNORDERED, name });
  }
}

function calibrationChanges(canSee: boolean): CalibrationChange[] {
  return [
    ...(canSee ? ALPHAS : []).map((alpha) => ({ alpha })),
    ...CLUSTER_COUNTS.map((clusters) => ({ clusters })),
    ...SEEDS.map((seed) => ({ seed })),
  ];
}

/** The paper's plan under other calibrations: share of picture tokens, clusters, seeds. */
async function calibrationRows(comparing: Comparing, changes: readonly CalibrationChange[]): Promise<void> {
  const { options } = comparing;
  const lowLayers = Math.round(MIDDLE * options.source.text.layers);
  for (const change of changes) {
    const variant = await openVariant(options, comparing, change);
    await lowRow(comparing, variant, { name: 'entropy', order: orderOf(variant, 'entropy') }, lowLayers);
  }
}

/** The source with its vision encoder in 8 bits. */
async function projectorRow(comparing: Comparing): Promise<void> {
  const { options, workspace, usual, rows } = comparing;
  const { source, prepared, signal } = options;
  const { vision } = source;
  if (!vision) return;
  const { addon, basis } = prepared;
  const types = visionTypes(vision.gguf.tensors, 'Q8_0');
  const path = join(workspace.folder, 'trial-mmproj.gguf');
  const { threads } = usual.settings;
  await writeVision({ addon, source, workspace, threads, signal }, types, path);
  const visionWeightsBytes = vision.gguf.tensors.reduce(
    (sum, tensor) => sum + bytesAs(tensor, types.get(tensor.name) ?? tensor.type),
    0,
  );
  const overhead = { ...basis.overhead, visionWeightsBytes };
  const plan = { ...unquantized(comparing), memory: sourceMemory(source.text, { ...basis, overhead }) };
  const facts = { family: 'projector', importance: null, ...UNORDERED } as const;
  const trial = { types: plan.types, vision: { path, name: 'Q8_0' } };
  try {
    await rows.measure(usual, plan, { ...facts, name: 'source, vision encoder Q8_0' }, trial);
  } finally {
    discard(path);
  }
}
