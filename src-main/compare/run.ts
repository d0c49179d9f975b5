import {
  COMPARE_PARTS,
  type ComparePart,
  type CompareRequest,
  type Comparison,
} from '../contract/comparison.ts';
import type { OnProgress } from '../contract/progress.ts';
import { llamaCppRelease } from '../engine/build.ts';
import { kernelsWanted } from '../engine/kernels.ts';
import { requireVision } from '../evaluate/tasks/task.ts';
import { orderFor } from '../fit/luq-choice.ts';
import { identify, openContext } from '../fit/context.ts';
import { startMeasuring } from '../fit/measuring-context.ts';
import { orderTau } from '../luq/entropy/orders.ts';
import { takeLock } from '../store/lock.ts';
import { importanceOf } from './calibration-variant.ts';
import { ComparedRows } from './compared-rows.ts';
import { readComparedTask, type ComparedTask } from './measured-row.ts';
import { partsOf, sourceRow, type Comparing } from './parts.ts';

/**
 * `snug compare`: the paper's plan beside everything it could be compared with, on one model. Each trial is kept by what it depends
 * on, so a comparison that was stopped goes on, and one with more rows measures only those.
 */

/** Shares of the layers that go low. */
const SHARES = [1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1];

export interface ComparisonOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export async function compare(request: CompareRequest, options: ComparisonOptions): Promise<Comparison> {
  const task = readComparedTask(request);
  using read = await openContext(request.fit, options);
  if (task) {
    const advice = 'Give it its vision file (mmproj), or compare without the benchmark.';
    requireVision(task.questions, read.source.vision?.path, read.request.modelPath, advice);
  }
  const context = await identify(read);
  const { workspace, source } = context;
  using _lock = takeLock(workspace.lock, `comparing plans of ${source.text.name}`);
  const { running = false, parts = COMPARE_PARTS } = request;
  const comparing: Comparing = {
    usual: await startMeasuring(context),
    counts: lowCounts(request, source.text.layers),
    rows: new ComparedRows({ context, running }, task),
  };
  const orders = await measureParts(comparing, parts);
  return comparisonOf(comparing, task, orders);
}

function lowCounts({ lowLayers }: CompareRequest, layers: number): number[] {
  const counts = lowLayers ?? SHARES.map((share) => Math.round(share * layers));
  return [...new Set(counts)].filter((k) => k > 0 && k <= layers).sort((a, b) => a - b);
}

/** The source and the parts that were asked for; ordering → layers of what was compared. */
async function measureParts(
  comparing: Comparing,
  asked: readonly ComparePart[],
): Promise<Map<string, number[]>> {
  const { rows, usual } = comparing;
  const orders = new Map<string, number[]>();
  for (const name of ['entropy', 'edge-protected'] as const) orders.set(name, await orderFor(usual, name));
  const all = partsOf(comparing, orders);
  const parts = COMPARE_PARTS.filter((part) => asked.includes(part)).map((part) => all[part]);
  rows.total = parts.reduce((sum, part) => sum + part.rows, 1);
  await sourceRow(comparing);
  for (const { measure } of parts) await measure();
  return orders;
}

function comparisonOf(
  { usual, rows }: Comparing,
  task: ComparedTask | undefined,
  orders: ReadonlyMap<string, number[]>,
): Comparison {
  const { laptop, request, source } = usual;
  const { text } = source;
  const { alpha, clusters, seed } = request.calibration;
  const { minTokens: min, maxTokens: max } = request.imageLimits;
  const ordered = [...orders];
  return {
    version: 1,
    model: {
      name: text.name,
      sourceSha256: source.sha256,
      layers: text.layers,
      parameters: text.parameters,
      imageTokens: source.vision ? { min, max } : null,
    },
    rungs: request.rungs,
    contextTokens: request.contextTokens,
    calibration: { importance: importanceOf(usual), alpha, clusters, seed },
    task: task ? taskFacts(task) : null,
    entropies: [...usual.calibrated.entropies],
    orders: Object.fromEntries(ordered),
    taus: ordered.flatMap(([a, first], i) =>
      ordered.slice(i + 1).map(([b, second]) => ({ a, b, tau: orderTau(first, second) })),
    ),
    rows: [...rows.all],
    machine: {
      cpu: laptop.cpu.brand,
      cpuVariant: laptop.cpu.variant,
      threads: request.threads,
      llamaCpp: llamaCppRelease(),
      // Snug's don't run on every processor
      kernels: laptop.cpu.kernels === '' ? 'stock' : kernelsWanted(),
    },
  };
}

function taskFacts({ task, questions }: ComparedTask): Comparison['task'] {
  const { metric, max } = task.score(questions, new Map());
  return { name: task.name, metric, max, questions: questions.length };
}
