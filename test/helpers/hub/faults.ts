/** What the test hub does wrong, or differently. */
export type Fault =
  /** ends the connection after so many bytes of a body */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** sends no faster, each connection by itself */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** one byte of the file, at this place, is another */
  | { readonly kind: 'corrupt'; readonly at: number }
  /** sends so many bytes after the last one, or leaves as many away with a negative number; the headers know nothing of it */
  | { readonly kind: 'longer'; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** answers with this status and these headers */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** a page to sign in, in place of the answer */
  | { readonly kind: 'portal' }
  /** sends the whole file whatever part was asked for */
  | { readonly kind: 'no-ranges' }
  /** takes the question and never answers */
  | { readonly kind: 'silent' }
  /** ends the connection without an answer */
  | { readonly kind: 'hang-up' }
  /** answers with these headers in place of its own; an empty one is left away */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** answers with this body, as JSON unless it is a text */
  | { readonly kind: 'body'; readonly body: unknown };

export interface PlannedFault {
  /** questions whose path, with what follows "?", it fits; all without it */
  readonly at?: RegExp;
  /** so many questions, then never again; all without it */
  readonly times?: number;
  /** lets so many questions pass first */
  readonly after?: number;
}

/** The faults that are planned, and how often each has come. */
export class Faults {
  readonly #planned: { fault: Fault; at: RegExp; left: number; passing: number }[] = [];

  plan(fault: Fault, { at = /^/, times = Infinity, after = 0 }: PlannedFault): void {
    this.#planned.push({ fault, at, left: times, passing: after });
  }

  clear(): void {
    this.#planned.length = 0;
  }

  /** The faults of this question, each counted. */
  of(url: string): Fault[] {
    return this.#planned.flatMap((planned) => {
      if (planned.left <= 0 || !planned.at.test(url) || planned.passing-- > 0) return [];
      planned.left--;
      return [planned.fault];
    });
  }
}

/** The fault of a kind, if it is among them. */
export function faultOf<Kind extends Fault['kind']>(
  faults: readonly Fault[],
  kind: Kind,
): Extract<Fault, { kind: Kind }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind);
}
