import { SESSION_PATH, type Session } from '../../src-main/contract/wire.ts';

const KEPT_AS = 'snug-session';

/** What of a tab a session is found in. */
export interface Tab {
  readonly location: Pick<Location, 'search' | 'pathname' | 'hash'>;
  readonly history: Pick<History, 'replaceState' | 'state'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

/**
 * How a browser's tab comes to its session: for the token in the address it was opened with, which works once, and after a reload or
 * in a duplicate of the tab from its own storage. No other tab can ask for it, not even a page that another program showed under
 * this address before.
 */
export class TabSession {
  readonly #tab: Tab;
  current: Session | undefined;

  constructor(tab: Tab) {
    this.#tab = tab;
  }

  /** The session, which the server knows; undefined when this tab has to be opened anew. Rejects when no server answers. */
  async find(): Promise<Session | undefined> {
    this.current = (await this.#byToken()) ?? (await this.#known(this.current ?? this.#kept()));
    const { storage } = this.#tab;
    if (this.current) storage.setItem(KEPT_AS, JSON.stringify(this.current));
    else storage.removeItem(KEPT_AS);
    return this.current;
  }

  async #byToken(): Promise<Session | undefined> {
    const { location, history } = this.#tab;
    const token = new URLSearchParams(location.search).get('token');
    if (token === null) return undefined;
    const response = await fetch(SESSION_PATH, { method: 'POST', headers: bearer(token) });
    // it has done what it can, and does not stay where one looks over a shoulder
    history.replaceState(history.state, '', location.pathname + location.hash);
    return response.ok ? ((await response.json()) as Session) : undefined;
  }

  #kept(): Session | undefined {
    try {
      const kept = JSON.parse(this.#tab.storage.getItem(KEPT_AS) ?? 'null') as Partial<Session> | null;
      const { bearer, pictures } = kept ?? {};
      return bearer !== undefined && pictures !== undefined ? { bearer, pictures } : undefined;
    } catch {
      // what another program kept under this address
      return undefined;
    }
  }

  /** The session, if the server knows it: one of an earlier start is worth nothing. */
  async #known(session: Session | undefined): Promise<Session | undefined> {
    if (!session) return undefined;
    const response = await fetch(SESSION_PATH, { headers: bearer(session.bearer) });
    return response.ok ? session : undefined;
  }
}

export function bearer(secret: string): { Authorization: string } {
  return { Authorization: `Bearer ${secret}` };
}
