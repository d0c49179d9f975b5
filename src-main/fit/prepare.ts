import { join } from 'node:path';
import type { Laptop } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import { loadAddon } from '../engine/addon.ts';
import type { Addon } from '../engine/native-types.ts';
import { computeThreads, profileLaptop } from '../profile/laptop.ts';
import { knownKernelSpeeds } from '../profile/probe-cache.ts';
import { predictTokensPerSecond } from '../profile/probe.ts';
import { preparePlan, type PlanBasis } from './fit-plan.ts';
import { settleRequest, type FitSettings } from './settings.ts';
import { decodeMatrices } from '../luq/plan/plan.ts';
import { inContext, readSource, sourceSha256, type ReadSource, type Source } from '../models/source.ts';
import { modelsFolder } from '../home.ts';

/** What any work on a model begins with: its headers read, this laptop looked at, the request settled. */
export interface Prepared {
  readonly addon: Addon;
  readonly read: ReadSource;
  readonly laptop: Laptop;
  readonly settings: FitSettings;
  readonly basis: PlanBasis;
}

export async function prepare(request: FitRequest): Promise<Prepared> {
  const { addon, backends } = loadAddon();
  const whole = readSource(request.modelPath, request.mmprojPath, request.imageMaxTokens);
  const { cpuFeatures, cpuVariant } = backends;
  const laptop = await profileLaptop({ modelsFolder: modelsFolder(request.home), cpuFeatures, cpuVariant });
  const settings = settleRequest(request, whole.text.trainingContextTokens, computeThreads(laptop));
  const read = inContext(whole, settings.contextTokens);
  return {
    addon,
    read,
    laptop,
    settings,
    basis: await preparePlan(addon, read, settings, request.visionType),
  };
}

/** Hashes the model's files. */
export async function identify(
  read: ReadSource,
  request: FitRequest,
  options: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
): Promise<Source> {
  const sha256 = await sourceSha256(request.modelPath, request.home, options);
  const visionSha256 = request.mmprojPath
    ? await sourceSha256(request.mmprojPath, request.home, options)
    : undefined;
  return { ...read, sha256, visionSha256 };
}

export function kernelCache(home: string): string {
  return join(home, 'work', 'kernels.json');
}

/** Predicts the decode speed of types, timing those kernels that this machine has not timed yet. */
export function speedPredictor(
  { addon, read, laptop, settings }: Prepared,
  home: string,
  signal: AbortSignal | undefined,
): (plan: { types: ReadonlyMap<string, number> }) => Promise<number> {
  const options = { cachePath: kernelCache(home), laptop, threads: settings.threads, signal };
  return async ({ types }) => {
    const matrices = decodeMatrices(read.text.gguf.tensors, types);
    return predictTokensPerSecond(matrices, await knownKernelSpeeds(addon, matrices, options));
  };
}
