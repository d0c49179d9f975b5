import type { AppInfo, AppService } from '../contract/app.ts';
import type { FitJob } from '../contract/fit-job.ts';
import { DEFAULT_HUB } from '../contract/hub-setting.ts';
import type { LaptopService } from '../contract/laptop.ts';
import { llamaCppRelease } from '../engine/build.ts';
import { ownVersion } from '../root.ts';
import type { Settings } from '../contract/settings.ts';

/** What this app is, and what a bug report needs. */
export class AppFacts implements AppService {
  readonly #info: Omit<AppInfo, 'modelsFolder'>;
  readonly #modelsFolder: () => string;
  readonly #laptop: LaptopService;
  readonly #settings: () => Settings;
  readonly #jobs: () => readonly FitJob[];

  constructor(options: {
    info: Omit<AppInfo, 'version' | 'llamaCpp' | 'modelsFolder'>;
    modelsFolder: () => string;
    laptop: LaptopService;
    settings: () => Settings;
    jobs: () => readonly FitJob[];
  }) {
    this.#info = {
      ...options.info,
      version: ownVersion(),
      llamaCpp: llamaCppRelease(),
    };
    this.#modelsFolder = options.modelsFolder;
    this.#laptop = options.laptop;
    this.#settings = options.settings;
    this.#jobs = options.jobs;
  }

  async info(): Promise<AppInfo> {
    return { ...this.#info, modelsFolder: this.#modelsFolder() };
  }

  async diagnostics(): Promise<string> {
    const { version, llamaCpp, door, notices } = this.#info;
    const { laptop, budget, threads, computeDevices } = await this.#laptop.read({});
    // words of the person's, and a mirror may be their employer's
    const { systemPrompt: _, hubAddress, ...settings } = this.#settings();
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
      computeDevices,
      settings: { ...settings, ownHub: hubAddress !== DEFAULT_HUB },
      fits: jobs,
      notices: notices.length,
    };
    return JSON.stringify(facts, null, 2);
  }
}
