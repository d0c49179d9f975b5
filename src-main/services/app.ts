import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppInfo, AppService } from '../contract/app.ts';
import type { FitJob } from '../contract/fit-job.ts';
import type { LaptopService } from '../contract/laptop.ts';
import type { Settings } from '../contract/settings.ts';

const root = join(import.meta.dirname, '..', '..');

function packageField(path: string, field: string): string {
  const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const value = content[field];
  return typeof value === 'string' ? value : 'unknown';
}

/** What this app is, and what a bug report needs. */
export class AppFacts implements AppService {
  readonly #info: AppInfo;
  readonly #laptop: LaptopService;
  readonly #settings: () => Settings;
  readonly #jobs: () => readonly FitJob[];

  constructor(options: {
    info: Omit<AppInfo, 'version' | 'llamaCpp'>;
    laptop: LaptopService;
    settings: () => Settings;
    jobs: () => readonly FitJob[];
  }) {
    const nodeLlamaCpp = join(root, 'node_modules', 'node-llama-cpp');
    this.#info = {
      ...options.info,
      version: packageField(join(root, 'package.json'), 'version'),
      llamaCpp: packageField(join(nodeLlamaCpp, 'llama', 'binariesGithubRelease.json'), 'release'),
    };
    this.#laptop = options.laptop;
    this.#settings = options.settings;
    this.#jobs = options.jobs;
  }

  info(): Promise<AppInfo> {
    return Promise.resolve(this.#info);
  }

  async diagnostics(): Promise<string> {
    const { version, llamaCpp, door, notices } = this.#info;
    const { laptop, budget, threads } = await this.#laptop.read({});
    const { systemPrompt: _, ...settings } = this.#settings();
    // errors by code alone: their messages name files
    const jobs = this.#jobs().map(({ state, share, error, lowLayers, contextTokens, budgetBytes }) => ({
      state,
      share,
      lowLayers,
      contextTokens,
      budgetBytes,
      error: error?.code ?? null,
    }));
    const { disk, ...machine } = laptop;
    const facts = {
      snug: version,
      llamaCpp,
      door,
      node: process.version,
      laptop: { ...machine, diskFreeBytes: disk.freeBytes },
      budgetBytes: budget.bytes,
      threads,
      settings,
      fits: jobs,
      notices: notices.length,
    };
    return JSON.stringify(facts, null, 2);
  }
}
