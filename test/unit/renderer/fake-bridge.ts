import type { Api, ApiEvent } from '../../../src-main/contract/api.ts';
import type { FitJob, FitPreview } from '../../../src-main/contract/fit-job.ts';
import type { LaptopView } from '../../../src-main/contract/laptop.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import { DEFAULT_SETTINGS } from '../../../src-main/contract/settings.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import type { Bridge } from '../../../src-renderer/bridge/bridge.ts';
import type { AddressBar } from '../../../src-renderer/state/app/router.svelte.ts';

type Answers = { readonly [S in keyof Api]?: Partial<Api[S]> };
export const MiB = 2 ** 20;

/** A main process that answers what a test says and keeps what it was asked. */
export class FakeBridge implements Bridge {
  readonly calls: { readonly name: string; readonly argument: unknown }[] = [];
  readonly api: Api;
  connection: Bridge['connection'] = { state: 'open' };
  paths = new Map<string, string>();
  chooseFolder?: () => Promise<string | null>;
  openLogs?: () => Promise<void>;
  readonly #answers: Answers;
  readonly #listeners = new Set<(event: ApiEvent) => void>();
  readonly #watchers = new Set<(state: Bridge['connection']['state']) => void>();

  constructor(answers: Answers = {}) {
    this.#answers = answers;
    const service = (name: string) =>
      new Proxy(
        {},
        { get: (_, method) => (argument: unknown) => this.#answer(name, String(method), argument) },
      );
    this.api = new Proxy({}, { get: (_, name) => service(String(name)) }) as Api;
  }

  #answer(service: string, method: string, argument: unknown): Promise<unknown> {
    this.calls.push({ name: `${service}.${method}`, argument });
    const given = (this.#answers as Record<string, Record<string, unknown>>)[service]?.[method];
    const usual = (USUAL as Record<string, Record<string, unknown>>)[service]?.[method];
    const answer = given ?? usual;
    if (typeof answer !== 'function') {
      return Promise.reject(new SnugError('BUG', `the test says nothing about ${service}.${method}`));
    }
    return Promise.resolve().then(() => (answer as (argument: unknown) => unknown)(argument));
  }

  asked(name: string): readonly unknown[] {
    return this.calls.filter((call) => call.name === name).map(({ argument }) => argument);
  }

  emit(event: ApiEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  become(state: Bridge['connection']['state']): void {
    this.connection = { state };
    for (const watcher of this.#watchers) watcher(state);
  }

  listen(listener: (event: ApiEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onConnection(watcher: (state: Bridge['connection']['state']) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  addPicture(): Promise<never> {
    return Promise.reject(new SnugError('BUG', 'no pictures here'));
  }

  documentPages(): Promise<never> {
    return Promise.reject(new SnugError('BUG', 'no pictures here'));
  }

  pictureUrl(hash: string): string {
    return hash;
  }

  pathOf(file: File): string | undefined {
    return this.paths.get(file.name);
  }
}

export class FakeAddressBar implements AddressBar {
  hash: string;
  readonly #listeners = new Set<() => void>();

  constructor(hash = '') {
    this.hash = hash;
  }

  read(): string {
    return this.hash;
  }

  write(hash: string): void {
    this.hash = hash;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export function model(change: Partial<ModelEntry> = {}): ModelEntry {
  return {
    id: 'demo',
    path: '/models/demo.gguf',
    title: null,
    alsoAt: [],
    keptBy: null,
    name: 'Demo-VL',
    architecture: 'qwen2vl',
    kind: 'source',
    bytes: 10 * MiB,
    parameters: 5_000_000,
    bitsPerWeight: 16,
    layers: 4,
    trainingContextTokens: 32_768,
    mmproj: { path: '/models/mmproj.gguf', bytes: 2 * MiB },
    expectsVision: true,
    visionProblem: null,
    visionChoices: [],
    imageTokens: { min: 4, max: 64 },
    plan: null,
    madeFrom: null,
    addedAt: '2026-11-20T10:00:00.000Z',
    builtIn: false,
    ordering: null,
    problem: null,
    ...change,
  };
}

const memoryOf = (weightsBytes: number) => ({
  weightsBytes,
  visionWeightsBytes: 2 * MiB,
  kvCacheBytes: 3 * MiB,
  computeBytes: 4 * MiB,
  visionComputeBytes: 1 * MiB,
  rearrangedBytes: 0,
  totalBytes: weightsBytes + 10 * MiB,
});

/** Four layers; every one that goes ultra-low saves 2 MiB: 30, 28, 26, 24, 22 MiB in memory. */
export function preview(change: Partial<FitPreview> = {}): FitPreview {
  return {
    modelId: 'demo',
    contextTokens: 4096,
    byLowLayers: [20, 18, 16, 14, 12].map((weights, k) => ({
      fileBytes: weights * MiB,
      memory: memoryOf(weights * MiB),
      tokensPerSecond: 20 + k,
      wide: null,
    })),
    frontier: null,
    source: { fileBytes: 60 * MiB, memory: memoryOf(60 * MiB) },
    rungs: { high: 'Q4_K_M', low: 'IQ1_M' },
    savings: [],
    expectedTime: { seconds: 600, measured: true },
    calibration: null,
    ...change,
  };
}

/** Plans that are not of layers: MiB of weights, bits per weight, nats, the layers' types. */
export function foreseen(
  plans: readonly (readonly [weights: number, bits: number, nats: number, layerRungs: readonly string[]])[],
): NonNullable<FitPreview['frontier']> {
  return plans.map(([weights, bitsPerWeight, nats, layerRungs]) => ({
    fileBytes: weights * MiB,
    memory: memoryOf(weights * MiB),
    tokensPerSecond: 5,
    wide: null,
    ...{ bitsPerWeight, nats, layerRungs },
  }));
}

export function laptop(budgetBytes: number, availableBytes: number): LaptopView {
  return {
    laptop: {
      cpu: {
        brand: 'Test',
        architecture: 'x64',
        physicalCores: 4,
        performanceCores: 4,
        logicalCores: 8,
        vectorFeatures: [],
        variant: 'haswell',
        kernels: '',
        kernelTypes: [],
        whyNoKernels: '',
      },
      memory: { totalBytes: 64 * MiB, availableBytes, swapTotalBytes: 0, swapFreeBytes: 0, limitBytes: null },
      disk: { folder: '/', freeBytes: 1000 * MiB },
      power: { onBattery: false, batteryPercent: null },
      gpus: [],
      system: { platform: 'linux', release: '6' },
      warnings: [],
    },
    limits: { comfortableBytes: budgetBytes, mostBytes: availableBytes },
    budget: { bytes: budgetBytes, source: 'recommended', reasoning: [] },
    threads: 4,
    computeDevices: [{ name: 'CPU', kind: 'cpu' }],
  };
}

export function job(change: Partial<FitJob> = {}): FitJob {
  return {
    id: 'job',
    modelId: 'demo',
    modelName: 'Demo-VL',
    budgetBytes: 26 * MiB,
    contextTokens: 4096,
    state: 'running',
    progress: null,
    share: 0,
    secondsLeft: null,
    entropies: [],
    lowLayers: null,
    error: null,
    report: null,
    outputId: null,
    startedAt: '2026-11-20T10:00:00.000Z',
    endedAt: null,
    ...change,
  };
}

const USUAL: Answers = {
  app: {
    info: () =>
      Promise.resolve({
        version: '0.1.0',
        llamaCpp: 'b1',
        door: 'browser',
        modelsFolder: '/models',
        dataFolder: '/data',
        logsFolder: '/data/logs',
        notices: [],
      }),
  },
  settings: {
    get: () => Promise.resolve(DEFAULT_SETTINGS),
    set: (change) => Promise.resolve({ ...DEFAULT_SETTINGS, ...change } as typeof DEFAULT_SETTINGS),
    reset: () => Promise.resolve(DEFAULT_SETTINGS),
  },
  library: { list: () => Promise.resolve([model()]), copying: () => Promise.resolve(null) },
  folder: { moving: () => Promise.resolve(null) },
  exports: { running: () => Promise.resolve(null) },
  serving: { state: () => Promise.resolve(null) },
  downloads: { list: () => Promise.resolve([]) },
  catalogue: { list: () => Promise.resolve({ items: [], recommended: null, hub: 'hub.test' }) },
  tokens: { list: () => Promise.resolve({ tokens: [], place: 'file', note: null }) },
  chat: { loaded: () => Promise.resolve(null) },
  drafts: {
    get: ({ place }) =>
      Promise.resolve({ place, text: '', pictures: [], edit: null, revision: 0, writer: null }),
  },
  laptop: { read: () => Promise.resolve(laptop(27 * MiB, 29 * MiB)) },
  fits: {
    list: () => Promise.resolve([]),
    preview: () => Promise.resolve(preview()),
    warnings: () => Promise.resolve([]),
  },
};
