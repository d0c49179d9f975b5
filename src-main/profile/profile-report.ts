import type { OnProgress } from '../contract/progress.ts';
import type { LaptopView } from '../contract/laptop.ts';
import type { KernelReport, ProfileReport, ProfileRequest } from '../contract/workers/compress.ts';
import { loadAddon } from '../engine/addon.ts';
import { readTextModel } from '../models/model-file.ts';
import { tensorBytes, tensorTypeId } from '../gguf/tensor-types.ts';
import { memoryLimits, recommendBudget } from './budget.ts';
import { computeThreads, profileLaptop } from './laptop.ts';
import { predictTokensPerSecond, probeKernels, type Matrix } from './probe.ts';

/** The types that the default rungs' mixtures use, and what a model may come in. */
const PROBED_TYPES = ['F16', 'Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ2_XXS', 'IQ1_M'];

/** [columns, rows, how often one token passes such a matrix] */
type Shape = readonly [number, number, number];

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
  const threads = computeThreads(laptop);
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
  const matricesOf = (name: string): Matrix[] =>
    shapes.flatMap(([columns, rows, times]) =>
      Array.from({ length: times }, () => ({ type: tensorTypeId(name), columns, rows })),
    );
  const types = PROBED_TYPES.filter(
    (name) => !/K|IQ/.test(name) || shapes.every(([columns]) => columns % 256 === 0),
  );
  const speeds = await probeKernels(addon, types.flatMap(matricesOf), {
    threads,
    signal: options.signal,
    onProgress: (done, total) =>
      options.onProgress?.({ stage: 'profile', done, total, unit: 'steps', detail: 'kernel probe' }),
  });
  const kernels = types.map((type): KernelReport => {
    const matrices = matricesOf(type);
    const predictedTokensPerSecond = predictTokensPerSecond(matrices, speeds);
    return {
      type,
      predictedTokensPerSecond,
      gigabytesPerSecond: (weightBytes(matrices) * predictedTokensPerSecond) / 1e9,
    };
  });
  return { ...base, probedModel: text?.name ?? 'Qwen2.5-VL-7B', kernels };
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
