import { COMPARE_PARTS, type CompareRequest, type Comparison } from '../contract/comparison.ts';
import type { OnProgress } from '../contract/progress.ts';
import { llamaCppRelease } from '../engine/build.ts';
import { requireVision } from '../evaluate/tasks/task.ts';
import { identify, prepare } from '../fit/prepare.ts';
import { openWorkspace } from '../fit/workspace.ts';
import { orderTau } from '../luq/entropy/orders.ts';
import { openMetadata } from '../models/open-model.ts';
import { takeLock } from '../store/lock.ts';
import { importanceOf, openVariant, orderOf } from './calibration-variant.ts';
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
  /** where the process starts that rows are run in */
  readonly chatEntry: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export async function compare(request: CompareRequest, options: ComparisonOptions): Promise<Comparison> {
  const task = readComparedTask(request);
  const prepared = await prepare(request.fit);
  if (task) {
    const advice = 'Give it its vision file (mmproj), or compare without the benchmark.';
    requireVision(task.questions, prepared.read.vision?.path, request.fit.modelPath, advice);
  }
  const { chatEntry, signal, onProgress } = options;
  const source = await identify(prepared.read, request.fit, options);
  const workspace = openWorkspace(request.fit.home, source.sha256);
  using _lock = takeLock(workspace.lock, `comparing plans of ${source.text.name}`);
  using model = await openMetadata(prepared.addon, source.text.path);
  const rowOptions = { request, prepared, source, chatEntry, signal };
  const comparing: Comparing = {
    options: rowOptions,
    workspace,
    model,
    usual: await openVariant(rowOptions, { workspace, onProgress }, {}),
    counts: lowCounts(request, source.text.layers),
    rows: new ComparedRows(rowOptions, task, onProgress),
    onProgress,
  };
  const orders = await measureParts(comparing);
  return comparisonOf(comparing, task, orders);
}

function lowCounts({ lowLayers }: CompareRequest, layers: number): number[] {
  const counts = lowLayers ?? SHARES.map((share) => Math.round(share * layers));
  return [...new Set(counts)].filter((k) => k > 0 && k <= layers).sort((a, b) => a - b);
}

/** The source and the parts that were asked for; ordering → layers of what was compared. */
async function measureParts(comparing: Comparing): Promise<Map<string, number[]>> {
  const { options, rows, usual } = comparing;
  const orders = new Map<string, number[]>();
  for (const name of ['entropy', 'edge-protected'] as const) orders.set(name, orderOf(usual, name));
  const wanted = COMPARE_PARTS.filter((part) => options.request.parts?.includes(part) ?? true);
  const all = partsOf(comparing, orders);
  const parts = wanted.map((part) => all[part]);
  rows.total = parts.reduce((sum, part) => sum + part.rows, 1);
  await sourceRow(comparing);
  for (const { measure } of parts) await measure();
  return orders;
}

function comparisonOf(
  { options, usual, rows }: Comparing,
  task: ComparedTask | undefined,
  orders: ReadonlyMap<string, number[]>,
): Comparison {
  const { prepared, source } = options;
  const { laptop, settings, read } = prepared;
  const { limits } = read;
  const { text } = source;
  const { alpha, clusters, seed } = settings;
  const ordered = [...orders];
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
    calibration: { importance: importanceOf(usual), alpha, clusters, seed },
    task: task ? taskFacts(task) : null,
    entropies: usual.calibrated.entropies.map(({ both, image, text: onText }) => ({
      both,
      image,
      text: onText,
    })),
    orders: Object.fromEntries(ordered),
    taus: ordered.flatMap(([a, first], i) =>
      ordered.slice(i + 1).map(([b, second]) => ({ a, b, tau: orderTau(first, second) })),
    ),
    rows: [...rows.all],
    machine: {
      cpu: laptop.cpu.brand,
      cpuVariant: laptop.cpu.variant,
      threads: settings.threads,
      llamaCpp: llamaCppRelease(),
    },
  };
}

function taskFacts({ task, questions }: ComparedTask): Comparison['task'] {
  const { metric, max } = task.score(questions, new Map());
  return { name: task.name, metric, max, questions: questions.length };
}
