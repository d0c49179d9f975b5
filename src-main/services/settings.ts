import { preferKernels } from '../engine/kernels.ts';
import type { EventBus } from './event-bus.ts';
import type { Settings, SettingsChange, SettingsService } from '../contract/settings.ts';
import type { SettingsRepository } from '../store/settings.ts';

/** What a person has chosen, told to every window when it changes. */
export class StoredSettings implements SettingsService {
  readonly #repository: SettingsRepository;
  readonly #events: EventBus;

  constructor(repository: SettingsRepository, events: EventBus) {
    this.#repository = repository;
    this.#events = events;
    preferKernels(this.current.kernels);
  }

  get current(): Settings {
    return this.#repository.get();
  }

  async get(): Promise<Settings> {
    return this.current;
  }

  async set(change: SettingsChange): Promise<Settings> {
    this.#repository.set(change);
    return this.#changed();
  }

  async reset(): Promise<Settings> {
    this.#repository.reset();
    return this.#changed();
  }

  async #changed(): Promise<Settings> {
    preferKernels(this.current.kernels);
    this.#events.emit('settings.changed', this.current);
    return this.get();
  }
}
