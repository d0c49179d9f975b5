import { counted } from '../contract/counted.ts';
import { listed } from '../contract/listed.ts';
import type { ProfileReport, ProfileRequest } from '../contract/workers/compress.ts';
import { startCompressWorker } from '../engine/workers.ts';
import { hasGraphicsDevice } from '../contract/laptop.ts';
import { modelsFolder, snugHome } from '../home.ts';
import { formatBytes } from '../contract/bytes.ts';
import { output, paint } from '../doors/terminal/terminal-output.ts';
import { table } from './draw.ts';
import { givenModel } from './given-files.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';

/** `snug profile`: this laptop, what it can spare and how fast it multiplies. */
export async function profileCommand(flags: {
  model?: string;
  probe: boolean;
  json?: boolean;
}): Promise<number> {
  const report = await runProfile({
    modelPath: flags.model === undefined ? undefined : givenModel(flags.model),
    probe: flags.probe,
  });
  if (flags.json) output.json(report);
  else output.lines(...profileLines(report), ...kernelLines(report));
  return EXIT.ok;
}

/** In a process of its own: a CPU that cannot run a kernel ends that one and not this. */
export async function runProfile(options: Omit<ProfileRequest, 'modelsFolder'>): Promise<ProfileReport> {
  const display = new ProgressDisplay();
  await using worker = startCompressWorker();
  try {
    return await withInterrupt((signal) =>
      worker.profile(
        { ...options, modelsFolder: modelsFolder(snugHome()) },
        { signal, onEvent: display.show.bind(display) },
      ),
    );
  } finally {
    display.finish();
  }
}

export function profileLines({ laptop, budget, threads, computeDevices }: ProfileReport): string[] {
  const { cpu, memory, disk, power, gpus } = laptop;
  const cores = `${counted(cpu.physicalCores, 'core')} (${cpu.performanceCores} fast), ${counted(cpu.logicalCores, 'thread')}`;
  const gpuNames = gpus.map((gpu) =>
    gpu.memoryBytes === null ? gpu.name : `${gpu.name} (${formatBytes(gpu.memoryBytes)})`,
  );
  // the commands follow no settings; a chat in the window does
  const whereComputed = hasGraphicsDevice(computeDevices)
    ? 'Snug computes on the CPU; only a chat can be given layers on the GPU, and only in the window'
    : 'Snug computes on the CPU';
  const percent = power.batteryPercent === null ? '' : ` (${power.batteryPercent} %)`;
  return [
    `${paint('bold', 'CPU')}     ${cpu.brand}, ${cpu.architecture}: ${cores}; computing with ${threads}`,
    `        ${cpu.vectorFeatures.join(' ')} (llama.cpp's build for ${cpu.variant})`,
    `        ${kernelsLine(cpu)}`,
    `${paint('bold', 'Memory')}  ${formatBytes(memory.totalBytes)}, ${formatBytes(memory.availableBytes)} available now; swap ${formatBytes(memory.swapTotalBytes)}`,
    `${paint('bold', 'Disk')}    ${formatBytes(disk.freeBytes)} free for models`,
    `${paint('bold', 'Power')}   ${power.onBattery ? 'battery' : 'mains'}${percent}`,
    `${paint('bold', 'GPU')}     ${gpuNames.join(', ') || 'none found'} (${whereComputed})`,
    `${paint('bold', 'Budget')}  ${formatBytes(budget.bytes)} for a model`,
    ...budget.reasoning.map(({ label, bytes }) => `        ${formatBytes(bytes).padStart(10)}  ${label}`),
    ...laptop.warnings.map((warning) => paint('yellow', `Note: ${warning}`)),
  ];
}

function kernelsLine({ kernels, kernelTypes, whyNoKernels }: ProfileReport['laptop']['cpu']): string {
  if (kernels !== '')
    return `Snug's own kernels (${kernels}) multiply with ${listed(kernelTypes)}, llama.cpp's with all others`;
  return `llama.cpp's kernels multiply with all types${whyNoKernels && `: Snug's own can't, ${whyNoKernels}`}`;
}

function kernelLines({ kernels, probedModel }: ProfileReport): string[] {
  if (kernels.length === 0) return [];
  const rows = kernels.map(({ type, wide, gigabytesPerSecond, predictedTokensPerSecond }) => [
    wide ? `${type}, wide` : type,
    gigabytesPerSecond.toFixed(1),
    predictedTokensPerSecond.toFixed(predictedTokensPerSecond < 100 ? 1 : 0),
  ]);
  return [
    '',
    `Multiplying one token with the matrices of ${probedModel ?? ''}, measured here:`,
    ...table(['type', 'GB/s', 'tokens/s at most'], rows),
    ...(kernels.some(({ wide }) => wide)
      ? ['wide: laid out for speed, where the budget leaves room for that']
      : []),
  ];
}
