import type { Laptop } from '../../src-main/contract/fit-report.ts';

const GiB = 2 ** 30;

/** An ordinary laptop: 4 cores, AVX2, 16 GiB, plugged in. */
export function ordinaryLaptop(): Laptop {
  return {
    cpu: {
      brand: 'Intel Core i5-8250U',
      architecture: 'x64',
      physicalCores: 4,
      performanceCores: 4,
      logicalCores: 8,
      vectorFeatures: ['SSE3', 'AVX', 'AVX2', 'F16C', 'FMA'],
      variant: 'haswell',
      kernels: '',
      kernelTypes: [],
      whyNoKernels: '',
    },
    memory: {
      totalBytes: 16 * GiB,
      availableBytes: 11 * GiB,
      swapTotalBytes: 2 * GiB,
      swapFreeBytes: 2 * GiB,
      limitBytes: null,
    },
    disk: { folder: '/home/person/.local/share/snug', freeBytes: 100 * GiB },
    power: { onBattery: false, batteryPercent: 80 },
    gpus: [{ name: 'Intel UHD Graphics 620', memoryBytes: null }],
    system: { platform: 'linux', release: '6.8.0' },
    warnings: [],
  };
}
