import type { ApiEvent, ApiEvents } from '../contract/api.ts';

/** Carries what services have to tell to every window that listens. */
export class EventBus {
  readonly #listeners = new Set<(event: ApiEvent) => void>();

  emit<Name extends keyof ApiEvents>(name: Name, data: ApiEvents[Name]): void {
    const event = { name, data } as ApiEvent;
    for (const listener of [...this.#listeners]) listener(event);
  }

  listen(listener: (event: ApiEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}
