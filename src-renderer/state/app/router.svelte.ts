const PAGES = ['fit', 'chat', 'models', 'settings'] as const;
export type Page = (typeof PAGES)[number];

/** Where the person is: a page and, on some pages, the thing it shows (a conversation, a model). */
export interface Route {
  readonly page: Page;
  readonly id: string | null;
}

/** The part of a window that keeps the address; a stand-in replaces it in tests. */
export interface AddressBar {
  read(): string;
  write(hash: string): void;
  onChange(listener: () => void): () => void;
}

/** `#/chat/abc` → the chat page with conversation abc. Anything unknown is the first page. */
function parseRoute(hash: string): Route {
  const [name = '', id = ''] = hash.replace(/^#?\/?/, '').split('/');
  const page = PAGES.find((known) => known === name);
  if (page === undefined) return { page: 'fit', id: null };
  return { page, id: id === '' ? null : decode(id) };
}

export function formatRoute({ page, id }: Route): string {
  return id === null ? `#/${page}` : `#/${page}/${encodeURIComponent(id)}`;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // an address typed by hand with a broken escape
    return null;
  }
}

export function browserAddressBar(): AddressBar {
  return {
    read: () => window.location.hash,
    write: (hash) => {
      window.location.hash = hash;
    },
    onChange: (listener) => {
      window.addEventListener('hashchange', listener);
      return () => window.removeEventListener('hashchange', listener);
    },
  };
}

export class Router {
  readonly #address: AddressBar;
  readonly #stop: () => void;
  route: Route = $state.raw({ page: 'fit', id: null });

  constructor(address: AddressBar) {
    this.#address = address;
    this.route = parseRoute(address.read());
    this.#stop = address.onChange(() => {
      this.route = parseRoute(address.read());
    });
  }

  navigate(page: Page, id: string | null = null): void {
    this.route = { page, id };
    this.#address.write(formatRoute(this.route));
  }

  close(): void {
    this.#stop();
  }
}
