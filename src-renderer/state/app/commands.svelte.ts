export interface Command {
  /** stable and unique, e.g. `chat.export` */
  readonly id: string;
  readonly title: string;
  /** other words a person may type for it */
  readonly keywords?: string;
  /** what it is one of, e.g. `Chat` for a conversation's title */
  readonly detail?: string;
  /** as it is shown, e.g. `Ctrl N`; pressing it is the shell's or the page's matter */
  readonly shortcut?: string;
  /** why it can't be done now: it is shown with that, and does nothing */
  readonly unavailable?: string | null;
  /** one of many of its kind: shown only once something was typed */
  readonly onlyFound?: boolean;
  run(): void | Promise<void>;
}

/** Commands that are always there, or those that there are now. */
export type Offer = readonly Command[] | (() => readonly Command[]);

const MOST_SHOWN = 60;

/** What the command palette offers. The newest registered come first: they belong to the page in view. */
export class Commands {
  #groups: readonly Offer[] = $state.raw([]);
  open: boolean = $state(false);
  /** the list of keyboard shortcuts is shown */
  shortcutsOpen: boolean = $state(false);

  get all(): readonly Command[] {
    return this.#groups.flatMap((group) => (typeof group === 'function' ? group() : group));
  }

  /** Offers commands until the returned function is called. */
  register(commands: Offer): () => void {
    this.#groups = [commands, ...this.#groups];
    return () => {
      this.#groups = this.#groups.filter((group) => group !== commands);
    };
  }

  /**
   * Commands that have every typed word in their title or keywords, matches at the title's start first; after them those whose title
   * has the typed letters in their order.
   */
  matching(query: string): readonly Command[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return this.all.filter(({ onlyFound }) => onlyFound !== true);
    return this.all
      .map((command) => ({ command, rank: rankOf(command, words) }))
      .filter(({ rank }) => rank !== null)
      .toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
      .slice(0, MOST_SHOWN)
      .map(({ command }) => command);
  }
}

/** How well a command matches, least is best; null: not at all. */
function rankOf(
  { title, keywords = '', unavailable, onlyFound }: Command,
  words: readonly string[],
): number | null {
  const name = title.toLowerCase();
  const text = ` ${name} ${keywords.toLowerCase()}`;
  // one of many comes after what there is one of
  const later = (unavailable ? 10 : 0) + (onlyFound ? 1.5 : 0);
  if (words.every((word) => text.includes(word))) {
    if (name.startsWith(words[0] ?? '')) return later;
    return later + (words.every((word) => text.includes(` ${word}`)) ? 1 : 2);
  }
  return hasLettersInOrder(name, words.join('')) ? later + 3 : null;
}

const MOST_BETWEEN = 3;

/** Whether letters come in a text one after the other, each after at most a few others: "rcpt" is in "receipt". */
function hasLettersInOrder(text: string, letters: string): boolean {
  if (letters.length < 3) return false;
  const [first = ''] = letters;
  for (let start = text.indexOf(first); start >= 0; start = text.indexOf(first, start + 1)) {
    if (followFrom(text, letters, start)) return true;
  }
  return false;
}

function followFrom(text: string, letters: string, start: number): boolean {
  let at = start;
  for (const letter of letters.slice(1)) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0 || next - at - 1 > MOST_BETWEEN) return false;
    at = next;
  }
  return true;
}
