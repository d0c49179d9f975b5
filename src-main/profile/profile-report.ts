import type { OnProgress } from '../contract/progress.ts';
import type { LaptopView } from '../contract/laptop.ts';
import type { KernelReport, ProfileReport, ProfileRequest } from '../contract/workers/compress.ts';
import { loadAddon } from '../engine/addon.ts';
import { kernelsWanted } from '../engine/kernels.ts';
import type { Addon } from '../engine/native-types.ts';
import { readTextModel } from '../models/model-file.ts';
import { tensorBytes, tensorTypeId } from '../gguf/tensor-types.ts';
import { memoryLimits, recommendBudget } from './budget.ts';
import { computeThreads, profileLaptop } from './laptop.ts';
import { hasWideLayout, predictTokensPerSecond, probeKernels, type Matrix } from './probe.ts';

/** The types that the default rungs' mixtures use, and what a model may come in. */
const PROBED_TYPES = ['F16', 'Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ2_XXS', 'IQ1_M'];

/** [columns, rows, how often one token passes such a matrix] */
export type Shape = readonly [number, number, number];

// Qwen2.5-VL-7B: 28 layers of width 3584, feed-forward 18944, 4 key-value heads of 128, 152,064 tokens (its config.json)
const QWEN_7B: readonly Shape[] = [
  [3584, 3584, 2 * 28],
  [3584, 512, 2 * 28],
  [3584, 18944, 2 * 28],
  [18944, 3584, 28],
  [3584, 152064, 1],
];

export async function reportProfile(
  request: ProfileRequest,
  options: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
): Promise<ProfileReport> {
  const { addon, backends } = loadAddon();
  const laptop = await profileLaptop({ modelsFolder: request.modelsFolder, ...backends });
  const threads = computeThreads(laptop.cpu);
  const computeDevices = backends.devices.map(({ name, kind }) => ({ name, kind }));
  const { memory } = laptop;
  const base: LaptopView = {
    laptop,
    limits: memoryLimits(memory),
    budget: recommendBudget(memory),
    threads,
    computeDevices,
  };
  if (!request.probe) return { ...base, probedModel: null, kernels: [] };
  const text = request.modelPath === undefined ? undefined : readTextModel(request.modelPath);
  const shapes = text ? shapesOf(text.gguf.tensors) : QWEN_7B;
  const kinds = probedKinds(addon, shapes);
  const matrices = kinds.flatMap((kind) => kind.matrices);
  const speeds = await probeKernels(addon, matrices, {
    threads,
    signal: options.signal,
    onProgress: (done, total) =>
      options.onProgress?.({ stage: 'profile', done, total, unit: 'steps', detail: 'kernel probe' }),
  });
  const kernels = kinds.map(({ type, wide, matrices }): KernelReport => {
    const predictedTokensPerSecond = predictTokensPerSecond(matrices, speeds);
    return {
      type,
      ...(wide ? { wide } : {}),
      predictedTokensPerSecond,
      gigabytesPerSecond: (weightBytes(matrices) * predictedTokensPerSecond) / 1e9,
    };
  });
  return { ...base, probedModel: text?.name ?? 'Qwen2.5-VL-7B', kernels };
}

/** A type in one of its layouts, and a model's matrices as they are then. */
interface ProbedKind {
  readonly type: string;
  readonly wide: boolean;
  readonly matrices: readonly Matrix[];
}

/** Each type in its lean layout, and in its wide one where there is such. */
export function probedKinds(addon: Addon, shapes: readonly Shape[]): ProbedKind[] {
  const types = PROBED_TYPES.filter(
    (name) => !/K|IQ/.test(name) || shapes.every(([columns]) => columns % 256 === 0),
  );
  const mayBeWide = kernelsWanted() !== 'stock';
  const matricesOf = (name: string, wide: boolean): Matrix[] =>
    shapes.flatMap(([columns, rows, times]) => {
      const matrix = { type: tensorTypeId(name), columns, rows };
      const laidOut: Matrix = wide && hasWideLayout(addon, matrix) ? { ...matrix, wide } : matrix;
      return Array.from({ length: times }, () => laidOut);
    });
  return types.flatMap((type) => {
    const lean = { type, wide: false, matrices: matricesOf(type, false) };
    const matrices = mayBeWide ? matricesOf(type, true) : [];
    return matrices.some(({ wide }) => wide) ? [lean, { type, wide: true, matrices }] : [lean];
  });
}

function weightBytes(matrices: readonly Matrix[]): number {
  return matrices.reduce(
    (sum, { type, columns, rows }) => sum + (tensorBytes(type, columns, columns * rows) ?? 0),
    0,
  );
}

function shapesOf(tensors: readonly { name: string; shape: readonly number[] }[]): Shape[] {
  return tensors.flatMap(({ name, shape }) => {
    const [columns, rows] = shape;
    if (!name.startsWith('blk.') || columns === undefined || rows === undefined) return [];
    return [[columns, rows, 1] as const];
  });
}
