import { arch, availableParallelism, platform, release } from 'node:os';
import systeminformation, { type Systeminformation } from 'systeminformation';
import type { Laptop } from '../contract/fit-report.ts';
import { answerOr } from './answer-or.ts';
import { formatBytes, wholeBytes } from '../contract/bytes.ts';
import { batteryWarning } from '../contract/laptop.ts';
import { freeDiskBytes } from '../files/disk.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';
import { containerProcessors } from './container.ts';
import { memoryNow } from './memory.ts';
import { processorName } from './processor-name.ts';

type Cpu = Pick<Systeminformation.CpuData, 'manufacturer' | 'brand'> & Partial<Systeminformation.CpuData>;
type Battery = Pick<Systeminformation.BatteryData, 'hasBattery' | 'acConnected' | 'percent'>;
type Graphics = Pick<Systeminformation.GraphicsData, 'controllers'>;

/** Of what was loaded: llama.cpp's build for this processor, and Snug's own kernels. */
interface LoadedBackends {
  readonly cpuFeatures: readonly string[];
  readonly cpuVariant: string;
  readonly ownKernels?: string;
  readonly ownKernelTypes?: readonly number[];
  readonly whyNoOwnKernels?: string;
}

/** What decides about a model: all but the graphics processors, which take the longest to ask for. */
export type PlannedFor = Omit<Laptop, 'gpus'>;

/**
 * This machine, as far as running a model goes. Features, variant and kernels are of what was loaded, so what is
 * listed is what is used.
 */
export async function profileLaptop(options: LoadedBackends & { modelsFolder: string }): Promise<Laptop> {
  const [laptop, gpus] = await Promise.all([profileToPlan(options), graphicsNow()]);
  return { ...laptop, gpus };
}

export async function profileToPlan(options: LoadedBackends & { modelsFolder: string }): Promise<PlannedFor> {
  const [cpu, memory, battery] = await Promise.all([
    cpuNow(options),
    memoryNow(),
    answerOr<Battery>(systeminformation.battery(), { hasBattery: false, acConnected: true, percent: 0 }),
  ]);
  const laptop = {
    cpu,
    memory,
    disk: { folder: options.modelsFolder, freeBytes: freeDiskBytes(options.modelsFolder) },
    power: {
      onBattery: battery.hasBattery && !battery.acConnected,
      batteryPercent: battery.hasBattery && Number.isFinite(battery.percent) ? battery.percent : null,
    },
    system: { platform: platform(), release: release() },
  };
  return { ...laptop, warnings: warningsFor(laptop) };
}

/** Its graphics processors. On macOS and Windows other programs are asked, which takes seconds. */
export async function graphicsNow(): Promise<Laptop['gpus']> {
  const { controllers } = await answerOr<Graphics>(systeminformation.graphics(), { controllers: [] });
  return controllers
    .filter((controller) => controller.model)
    .map((controller) => ({
      name: `${controller.vendor} ${controller.model}`.trim(),
      memoryBytes: wholeBytes((controller.vram ?? 0) * 2 ** 20) || null,
    }));
}

/** Its processor, and what computes on it. On Windows other programs are asked, which takes about a second. */
export async function cpuNow(loaded: LoadedBackends): Promise<Laptop['cpu']> {
  const cpu = await answerOr<Cpu>(systeminformation.cpu(), {
    manufacturer: '',
    brand: processorName(),
  });
  return {
    brand: `${cpu.manufacturer} ${cpu.brand}`.trim() || 'unknown',
    architecture: arch(),
    ...coresOf(cpu),
    ...computesWith(loaded),
  };
}

/** What computes on the processor, which needs no asking. */
export function computesWith(
  loaded: LoadedBackends,
): Pick<Laptop['cpu'], 'vectorFeatures' | 'variant' | 'kernels' | 'kernelTypes' | 'whyNoKernels'> {
  return {
    vectorFeatures: [...loaded.cpuFeatures],
    variant: loaded.cpuVariant,
    kernels: loaded.ownKernels ?? '',
    kernelTypes: (loaded.ownKernelTypes ?? []).map(tensorTypeName),
    whyNoKernels: loaded.whyNoOwnKernels ?? '',
  };
}

type CoresTold = {
  readonly [Name in 'cores' | 'physicalCores' | 'performanceCores']?: number | undefined;
};
type Cores = Pick<Laptop['cpu'], 'physicalCores' | 'performanceCores' | 'logicalCores'>;

/**
 * Cores as systeminformation tells them, made sense of. On Windows and Intel Macs its `performanceCores` are threads; virtual machines
 * tell none, or not a number. Where there are more threads than cores the fast cores have two each and the slow ones one (Intel's
 * processors of two kinds), so that there are as many fast cores as threads beyond the cores.
 */
export function coresOf(cpu: CoresTold, processors = availableParallelism()): Cores {
  const logicalCores = count(cpu.cores) ?? processors;
  const physicalCores = Math.min(count(cpu.physicalCores) ?? processors, logicalCores);
  const withTwoThreads = logicalCores > physicalCores ? logicalCores - physicalCores : physicalCores;
  const fast = count(cpu.performanceCores) ?? physicalCores;
  return { logicalCores, physicalCores, performanceCores: Math.min(fast, physicalCores, withTwoThreads) };
}

function count(cores: number | undefined): number | undefined {
  return cores !== undefined && Number.isFinite(cores) && cores >= 1 ? Math.floor(cores) : undefined;
}

/** llama.cpp's kernels for quantized types are many times slower without these. */
const FAST_VECTORS: Readonly<Record<string, readonly string[]>> = {
  x64: ['AVX2', 'AVX512'],
  arm64: ['NEON', 'DOTPROD'],
};

export function warningsFor(laptop: Omit<PlannedFor, 'warnings'>): string[] {
  const warnings: string[] = [];
  const fast = FAST_VECTORS[laptop.cpu.architecture] ?? [];
  if (fast.length > 0 && !fast.some((feature) => laptop.cpu.vectorFeatures.includes(feature))) {
    warnings.push(
      `This processor has no ${fast.join(' or ')}: Snug runs, but answers will come very slowly (expect a tenth of the usual speed).`,
    );
  }
  if (laptop.memory.limitBytes !== null) {
    warnings.push(
      `Memory is limited to ${formatBytes(laptop.memory.limitBytes)} by the container that Snug runs in.`,
    );
  }
  const battery = batteryWarning(laptop.power);
  return battery === null ? warnings : [...warnings, battery];
}

/** Threads for compute: one per physical core; performance cores alone where the CPU mixes kinds, for llama.cpp waits for the slowest. */
export function computeThreads({ performanceCores }: Pick<Laptop['cpu'], 'performanceCores'>): number {
  return Math.max(1, Math.min(performanceCores, usableProcessors()));
}

/** No more threads than processors: ggml's threads wait for each other by spinning, so one too many stalls them all. */
export function usableThreads(asked: number): number {
  return Math.min(asked, usableProcessors());
}

function usableProcessors(): number {
  return Math.min(availableParallelism(), containerProcessors() ?? Infinity);
}
