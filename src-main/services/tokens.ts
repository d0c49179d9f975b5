import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_HUB, mayHaveToken, tokenHub } from '../contract/hub-setting.ts';
import { SnugError } from '../contract/errors.ts';
import { tokenSchema, type KeptToken, type TokenService, type TokenView } from '../contract/tokens.ts';
import { removeDurably, writeFileAtomically } from '../files/durable-files.ts';
import { readKept } from '../files/json-file.ts';

/** Who can lock a secret away so that no other program reads it: the system's keychain. */
export interface SecretKeeper {
  /** why it cannot, in words; null where it can */
  problem(): string | null;
  /** Throws when the keychain refuses. */
  seal(secret: string): Uint8Array;
  /** Throws for what it did not seal. */
  open(sealed: Uint8Array): string;
}

const keptSchema = z.strictObject({
  tokens: z.array(
    z.strictObject({
      hub: z.string(),
      place: z.enum(['keychain', 'file']),
      /** sealed, in base64, where it is of the keychain; else the token */
      secret: z.string(),
    }),
  ),
});
type Kept = z.infer<typeof keptSchema>['tokens'][number];

/** A token that the person has set for this run, as other programs for the hub take it. */
const VARIABLE = 'HF_TOKEN';

/**
 * Tokens for hubs. A door without a keychain keeps them in a file that is the person's alone; one whose keychain cannot be used, for this
 * run.
 */
export class Tokens implements TokenService {
  readonly #path: string;
  readonly #hubAddress: () => string;
  readonly #keeper: SecretKeeper | undefined;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #session = new Map<string, string>();

  constructor(options: {
    home: string;
    /** the hub of the settings */
    hubAddress: () => string;
    keeper?: SecretKeeper | undefined;
    environment?: NodeJS.ProcessEnv | undefined;
  }) {
    this.#path = join(options.home, 'tokens.json');
    this.#hubAddress = options.hubAddress;
    this.#keeper = options.keeper;
    this.#environment = options.environment ?? process.env;
  }

  async list(): Promise<TokenView> {
    const kept = this.#kept().map(({ hub, place }): KeptToken => ({ hub, place }));
    const session = [...this.#session.keys()].map((hub): KeptToken => ({ hub, place: 'session' }));
    const given: KeptToken[] =
      this.#given() === undefined ? [] : [{ hub: DEFAULT_HUB, place: 'environment' }];
    const note = this.#keeper?.problem() ?? null;
    return { tokens: [...given, ...session, ...kept], place: this.#place, note };
  }

  get #place(): KeptToken['place'] {
    if (!this.#keeper) return 'file';
    return this.#keeper.problem() === null ? 'keychain' : 'session';
  }

  async set({ token }: { token: string }): Promise<TokenView> {
    const address = this.#hubAddress();
    if (!mayHaveToken(address)) {
      throw new SnugError('BAD_ARGUMENT', `${address} would get the token unencrypted`, {
        advice: 'Use an address of the hub that begins with https://.',
      });
    }
    const hub = tokenHub(address);
    const place = this.#place;
    const others = this.#kept().filter((kept) => kept.hub !== hub);
    this.#session.delete(hub);
    if (place === 'session') {
      this.#keep(others);
      this.#session.set(hub, token);
    } else this.#keep([...others, { hub, ...this.#locked(token) }]);
    return this.list();
  }

  #locked(token: string): Pick<Kept, 'place' | 'secret'> {
    if (!this.#keeper) return { place: 'file', secret: token };
    return { place: 'keychain', secret: Buffer.from(this.#keeper.seal(token)).toString('base64') };
  }

  async forget({ hub }: { hub: string }): Promise<TokenView> {
    this.#session.delete(hub);
    const all = this.#kept();
    const others = all.filter((kept) => kept.hub !== hub);
    if (others.length < all.length) this.#keep(others);
    return this.list();
  }

  /**
   * The token for a hub's address; undefined where there is none, or none that may be sent there.
   * @throws SnugError BAD_ARGUMENT where the environment's is none
   */
  for(address: string): string | undefined {
    if (!mayHaveToken(address)) return undefined;
    const hub = tokenHub(address);
    return (
      (hub === DEFAULT_HUB ? this.#checked(this.#given()) : undefined) ??
      this.#session.get(hub) ??
      this.#unlocked(hub)
    );
  }

  #given(): string | undefined {
    return this.#environment[VARIABLE]?.trim() || undefined;
  }

  /** @throws SnugError BAD_ARGUMENT for what no request could carry; it is not repeated */
  #checked(given: string | undefined): string | undefined {
    if (given === undefined || tokenSchema.safeParse(given).success) return given;
    throw new SnugError(
      'BAD_ARGUMENT',
      `${VARIABLE} is no token: a token is one word of letters and digits`,
      {
        advice: 'Set it to the token alone, or leave it out.',
      },
    );
  }

  #unlocked(hub: string): string | undefined {
    const kept = this.#kept().find((one) => one.hub === hub);
    if (kept?.place !== 'keychain') return kept?.secret;
    try {
      return this.#keeper?.open(Buffer.from(kept.secret, 'base64'));
    } catch {
      // of another machine's keychain, or one that is locked: the hub says that a token is needed
      return undefined;
    }
  }

  #kept(): readonly Kept[] {
    return readKept(this.#path, keptSchema)?.tokens ?? [];
  }

  #keep(tokens: readonly Kept[]): void {
    if (tokens.length > 0) writeFileAtomically(this.#path, JSON.stringify({ tokens }));
    else removeDurably(this.#path);
  }
}
