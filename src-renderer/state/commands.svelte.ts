export interface Command {
  /** stable and unique, e.g. `chat.export` */
  readonly id: string;
  readonly title: string;
  /** other words a person may type for it */
  readonly keywords?: string;
  /** as it is shown, e.g. `Ctrl N`; pressing it is the shell's or the page's matter */
  readonly shortcut?: string;
  run(): void | Promise<void>;
}

/** What the command palette offers. The newest registered come first: they belong to the page in view. */
export class Commands {
  #groups: readonly (readonly Command[])[] = $state.raw([]);
  open: boolean = $state(false);

  get all(): readonly Command[] {
    return this.#groups.flat();
  }

  /** Offers commands until the returned function is called. */
  register(commands: readonly Command[]): () => void {
    this.#groups = [commands, ...this.#groups];
    return () => {
      this.#groups = this.#groups.filter((group) => group !== commands);
    };
  }

  /** Commands that have every typed word in their title or keywords, matches at the title's start first. */
  matching(query: string): readonly Command[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const first = words[0];
    if (first === undefined) return this.all;
    const found = this.all.filter((command) => {
      const text = `${command.title} ${command.keywords ?? ''}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const starts = (command: Command): number => (command.title.toLowerCase().startsWith(first) ? 0 : 1);
    return found.toSorted((a, b) => starts(a) - starts(b));
  }
}
