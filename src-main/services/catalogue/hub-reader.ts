/** What the catalogue asks of a hub (downloads/hub.ts). */
export interface HubReader {
  files(repository: string, revision?: string, signal?: AbortSignal): Promise<HubRepository>;
  readRange(
    file: { readonly repository: string; readonly revision: string; readonly path: string },
    /** from `start` to before `end`; the answer is shorter where the file ends before */
    range: { readonly start: number; readonly end: number },
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
}

export interface HubRepository {
  /** owner/name as the hub spells it */
  readonly repository: string;
  readonly commit: string;
  readonly gated: false | 'auto' | 'manual';
  /** as its card names it: apache-2.0 */
  readonly licence: string | undefined;
  readonly page: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}
