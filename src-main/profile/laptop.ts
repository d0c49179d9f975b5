import { existsSync, statfsSync } from 'node:fs';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import systeminformation, { type Systeminformation } from 'systeminformation';
import type { Laptop } from '../contract/fit-report.ts';

type Cpu = Pick<Systeminformation.CpuData, 'manufacturer' | 'brand'> & Partial<Systeminformation.CpuData>;
type Memory = Pick<Systeminformation.MemData, 'total' | 'available' | 'swaptotal' | 'swapfree'>;
type Battery = Pick<Systeminformation.BatteryData, 'hasBattery' | 'acConnected' | 'percent'>;
type Graphics = Pick<Systeminformation.GraphicsData, 'controllers'>;

/** What the system is asked may start programs of its own; one that never answers must not keep everything waiting. */
const ANSWER_MILLISECONDS = 15_000;

/** The answer, or what is known without it when it fails or does not come. */
async function answerOr<T>(asked: Promise<T>, otherwise: T): Promise<T> {
  const { promise: late, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(otherwise), ANSWER_MILLISECONDS);
  try {
    return await Promise.race([asked.catch(() => otherwise), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * This machine, as far as running a model goes. `cpuFeatures` and `cpuVariant` are of what llama.cpp loaded, so what is
 * listed is what is used.
 */
export async function profileLaptop(options: {
  modelsFolder: string;
  cpuFeatures: readonly string[];
  cpuVariant: string;
}): Promise<Laptop> {
  const [cpu, memory, battery, graphics] = await Promise.all([
    answerOr<Cpu>(systeminformation.cpu(), { manufacturer: '', brand: cpus()[0]?.model ?? '' }),
    answerOr<Memory>(systeminformation.mem(), {
      total: totalmem(),
      available: freemem(),
      swaptotal: 0,
      swapfree: 0,
    }),
    answerOr<Battery>(systeminformation.battery(), { hasBattery: false, acConnected: true, percent: 0 }),
    answerOr<Graphics>(systeminformation.graphics(), { controllers: [] }),
  ]);
  const physicalCores = Math.max(1, cpu.physicalCores || availableParallelism());
  const laptop: Laptop = {
    cpu: {
      brand: `${cpu.manufacturer} ${cpu.brand}`.trim() || 'unknown',
      architecture: arch(),
      physicalCores,
      performanceCores: Math.max(1, cpu.performanceCores || physicalCores),
      logicalCores: Math.max(1, cpu.cores || availableParallelism()),
      vectorFeatures: [...options.cpuFeatures],
      variant: options.cpuVariant,
    },
    memory: {
      totalBytes: memory.total,
      availableBytes: memory.available,
      swapTotalBytes: memory.swaptotal,
      swapFreeBytes: memory.swapfree,
    },
    disk: { folder: options.modelsFolder, freeBytes: freeDiskBytes(options.modelsFolder) },
    power: {
      onBattery: battery.hasBattery && !battery.acConnected,
      batteryPercent: battery.hasBattery ? battery.percent : null,
    },
    gpus: graphics.controllers
      .filter((controller) => controller.model)
      .map((controller) => ({
        name: `${controller.vendor} ${controller.model}`.trim(),
        memoryBytes: controller.vram ? controller.vram * 2 ** 20 : null,
      })),
    system: { platform: platform(), release: release() },
    warnings: [],
  };
  laptop.warnings.push(...warningsFor(laptop));
  return laptop;
}

/** Free bytes on the disk that holds a folder, also when the folder does not exist yet. */
export function freeDiskBytes(folder: string): number {
  let existing = folder;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  return bavail * bsize;
}

/** llama.cpp's kernels for quantized types are many times slower without these. */
const FAST_VECTORS: Readonly<Record<string, readonly string[]>> = {
  x64: ['AVX2', 'AVX512'],
  arm64: ['NEON', 'DOTPROD'],
};

export function warningsFor(laptop: Laptop): string[] {
  const warnings: string[] = [];
  const fast = FAST_VECTORS[laptop.cpu.architecture] ?? [];
  if (fast.length > 0 && !fast.some((feature) => laptop.cpu.vectorFeatures.includes(feature))) {
    warnings.push(
      `This processor has no ${fast.join(' or ')}: Snug runs, but answers will come very slowly (expect a tenth of the usual speed).`,
    );
  }
  if (laptop.power.onBattery) {
    warnings.push(
      'Running on battery: fitting a model keeps every core busy for a while. Plug in if you can.',
    );
  }
  return warnings;
}

/** Threads for compute: one per physical core; performance cores alone where the CPU mixes kinds, for llama.cpp waits for the slowest. */
export function computeThreads(laptop: Laptop): number {
  return Math.max(1, Math.min(laptop.cpu.performanceCores, availableParallelism()));
}

/** No more threads than processors: ggml's threads wait for each other by spinning, so one too many stalls them all. */
export function usableThreads(asked: number): number {
  return Math.min(asked, availableParallelism());
}
