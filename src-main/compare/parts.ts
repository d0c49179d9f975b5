import { join } from 'node:path';
import { LADDER_FAMILY, type ComparePart } from '../contract/comparison.ts';
import { ORDERINGS } from '../contract/fit-request.ts';
import type { Rung } from '../contract/rungs.ts';
import { discard } from '../files/durable-files.ts';
import { orderFor } from '../fit/luq-choice.ts';
import type { CalibrationChange } from '../fit/context.ts';
import type { MeasuringContext } from '../fit/measuring-context.ts';
import { writeVision } from '../fit/write.ts';
import { basisOf, orderLayers } from '../luq/entropy/orders.ts';
import { bytesWithTypes } from '../luq/plan/mixture.ts';
import { visionTypes } from '../luq/plan/vision-types.ts';
import { bestRows } from './best.ts';
import { openVariant } from './calibration-variant.ts';
import type { ComparedRows } from './compared-rows.ts';
import { ladderPlan, measureLadder } from './ladder.ts';
import { rivalCount, rivalRows } from './rivals.ts';

/** What a comparison can hold, part by part: which rows, and how their plans are made. */

const ALPHAS = [0, 0.25, 0.5, 0.75, 1];
const CLUSTER_COUNTS = [25, 50, 100, 200];
const SEEDS = [1, 2, 3];
/** Share of the layers at which calibrations are compared. */
const MIDDLE = 1 / 2;
const UNIFORM: readonly Rung[] = [
  'Q8_0',
  'Q6_K',
  'Q4_K_M',
  'Q3_K_M',
  'IQ3_M',
  'Q3_K_S',
  'IQ3_XXS',
  'Q2_K',
  'IQ2_M',
  'IQ1_M',
];

/** Rows that no order of layers made. */
const UNORDERED = { ordering: null, lowLayers: null } as const;

/** What all parts of one comparison work with. */
export interface Comparing {
  /** the usual calibration */
  readonly usual: MeasuringContext;
  /** how many layers go low where orders are compared, ascending */
  readonly counts: readonly number[];
  readonly rows: ComparedRows;
}

export interface Part {
  /** how many rows, known before any is measured */
  readonly rows: number;
  readonly measure: () => Promise<void>;
}

/** `orders` is filled with the orders that are compared. */
export function partsOf(comparing: Comparing, orders: Map<string, number[]>): Record<ComparePart, Part> {
  const { usual, counts } = comparing;
  const canSee = usual.source.vision !== undefined;
  const changes = calibrationChanges(canSee);
  const orderCount = ORDERINGS.length - 1 + SEEDS.length;
  return {
    uniform: { rows: UNIFORM.length * (canSee ? 2 : 1), measure: () => uniformRows(comparing) },
    orders: { rows: orderCount * counts.length, measure: () => orderRows(comparing, orders) },
    ladder: { rows: counts.length, measure: () => ladderRows(comparing) },
    best: { rows: counts.length, measure: () => bestRows(usual, counts, comparing.rows) },
    rivals: { rows: rivalCount(), measure: () => rivalRows(usual, comparing.rows) },
    calibration: { rows: changes.length, measure: () => calibrationRows(comparing, changes) },
    projector: { rows: canSee ? 1 : 0, measure: () => projectorRow(comparing) },
  };
}

export async function sourceRow({ usual, rows }: Comparing): Promise<void> {
  const facts = { family: 'source', importance: null, ...UNORDERED } as const;
  await rows.measure(usual, usual.planner.unquantized(), { ...facts, name: 'source' });
}

/** With the importance matrix of pictures and text, and with that of text alone. */
async function uniformRows({ usual, rows }: Comparing): Promise<void> {
  const facts = { family: 'uniform', ...UNORDERED } as const;
  const measureWith = async (variant: MeasuringContext) => {
    for (const rung of UNIFORM)
      await rows.measure(variant, usual.planner.uniform(rung), { ...facts, name: rung });
  };
  await measureWith(usual);
  if (usual.source.vision) await measureWith(await openVariant(usual, { alpha: 0 }));
}

async function orderRows(comparing: Comparing, orders: Map<string, number[]>): Promise<void> {
  const { usual, counts } = comparing;
  const basis = basisOf(usual.calibrated.entropies);
  orders.clear();
  for (const name of ORDERINGS.filter((ordering) => ordering !== 'random'))
    orders.set(name, await orderFor(usual, name));
  for (const seed of SEEDS) orders.set(`random ${seed}`, orderLayers('random', { ...basis, seed }));
  for (const [name, order] of orders) {
    for (const k of counts) await lowRow(comparing, usual, { name, order }, k);
  }
}

/** The first layers of an order low. */
async function lowRow(
  { rows }: Comparing,
  variant: MeasuringContext,
  { name: ordering, order }: { name: string; order: readonly number[] },
  lowLayers: number,
): Promise<void> {
  const plan = variant.planner.withLowLayers(order, lowLayers);
  const name = `${ordering}, ${lowLayers} layers`;
  await rows.measure(variant, plan, { family: 'order', ordering, lowLayers, name });
}

/** The measured ladder in the memory that the paper's plan takes with each number of low layers. */
async function ladderRows({ usual, counts, rows }: Comparing): Promise<void> {
  const order = await orderFor(usual, 'entropy');
  const ladder = await measureLadder(usual);
  for (const k of counts) {
    const plan = ladderPlan(ladder, usual.planner.withLowLayers(order, k).memory.totalBytes);
    if (!plan) continue;
    const name = `ladder as small as ${k} layers low`;
    await rows.measure(usual, plan, { family: LADDER_FAMILY, ...UNORDERED, name });
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
  const { usual } = comparing;
  const lowLayers = Math.round(MIDDLE * usual.planner.layers);
  for (const change of changes) {
    const variant = await openVariant(usual, change);
    await lowRow(
      comparing,
      variant,
      { name: 'entropy', order: await orderFor(variant, 'entropy') },
      lowLayers,
    );
  }
}

/** The source with its vision encoder in 8 bits. */
async function projectorRow({ usual, rows }: Comparing): Promise<void> {
  const { source, workspace, planner } = usual;
  if (!source.vision) return;
  const { tensors } = source.vision.gguf;
  const types = visionTypes(tensors, 'Q8_0');
  const path = join(workspace.folder, 'trial-mmproj.gguf');
  // the row is the step that a person sees
  await writeVision({ ...usual, onProgress: undefined }, types, path);
  const overhead = { ...planner.overhead, visionWeightsBytes: bytesWithTypes(tensors, types) };
  const plan = planner.unquantized(overhead);
  const facts = { family: 'projector', importance: null, ...UNORDERED } as const;
  const trial = { types: plan.types, vision: { path, name: 'Q8_0' } };
  try {
    await rows.measure(usual, plan, { ...facts, name: 'source, vision encoder Q8_0' }, trial);
  } finally {
    discard(path);
  }
}
