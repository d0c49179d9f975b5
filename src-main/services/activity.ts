import type { LoadedModelView } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import type { EventBus } from './event-bus.ts';

/** What models and their files are used for, by who does nothing else meanwhile. */
export type UseKind = 'answer' | 'serving' | 'sideBySide' | 'fit' | 'download' | 'move' | 'copy' | 'export';

interface Use {
  readonly kind: UseKind;
  readonly paths: readonly string[];
}

/** Whoever keeps a model in memory between its uses. */
export interface Keeper {
  /** Takes it out of memory; ends when it is out. */
  release(): Promise<void>;
}

const USUAL_ADVICE = 'Wait for it to end, or stop it.';

/** Who uses which model, so that no service has to know the others: what must not happen meanwhile asks here. */
export class Activity {
  readonly #events: EventBus;
  readonly #uses = new Set<Use>();
  readonly #keepers = new Set<Keeper>();
  #loaded: LoadedModelView | null = null;

  constructor(events: EventBus) {
    this.#events = events;
  }

  /** Notes that models at these paths are used, until disposed; without a path that all of them may be. */
  use(kind: UseKind, ...paths: readonly string[]): Disposable {
    const use = { kind, paths };
    this.#uses.add(use);
    return { [Symbol.dispose]: () => this.#uses.delete(use) };
  }

  /** Whether there is such a use; with a path, of the model there. */
  isUsed(kind: UseKind, path?: string): boolean {
    return [...this.#uses].some((use) => use.kind === kind && (path === undefined || touches(use, path)));
  }

  /** Throws BUSY with these words while there is such a use. */
  refuseIfUsed(
    kind: UseKind,
    words: string,
    { path, advice = USUAL_ADVICE }: { path?: string | undefined; advice?: string } = {},
  ): void {
    if (this.isUsed(kind, path)) throw new SnugError('BUSY', words, { advice });
  }

  /** The model in memory, used or not. */
  get loaded(): LoadedModelView | null {
    return this.#loaded;
  }

  /** Notes what is in memory now, and tells every window. */
  setLoaded(loaded: LoadedModelView | null): void {
    this.#loaded = loaded;
    this.#events.emit('chat.loaded', loaded);
  }

  /** Names who is asked to let go of the model in memory, until disposed. */
  keep(keeper: Keeper): Disposable {
    this.#keepers.add(keeper);
    return { [Symbol.dispose]: () => this.#keepers.delete(keeper) };
  }

  /** Takes the model out of memory, when it is this one or none is named; throws BUSY while it answers. */
  async freeMemory(path?: string): Promise<void> {
    this.refuseIfUsed('sideBySide', 'a model is answering');
    this.refuseIfUsed('answer', 'a model is answering', { path });
    this.refuseIfUsed('serving', 'a model is answering another program', { path });
    // the model in memory is another one
    if (this.isUsed('answer') || this.isUsed('serving')) return;
    await Promise.all([...this.#keepers].map((keeper) => keeper.release()));
  }
}

function touches({ paths }: Use, path: string): boolean {
  return paths.length === 0 || paths.includes(path);
}
