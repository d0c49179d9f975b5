import type { Earlier } from '../fit-time.ts';
import type { LaptopView } from '../../contract/laptop.ts';

/** What this laptop has for a model, as things are now. */
export interface Machine {
  readonly limits: LaptopView['limits'];
  readonly threads: number;
  readonly disk: {
    /** where models are kept, in bytes */
    readonly freeBytes: number;
    /** where Snug works; null where that is the same disk */
    readonly workFreeBytes: number | null;
  };
  /** of the network, as measured last; null before */
  readonly bytesPerSecond: number | null;
  /** fits that ended well here, newest first */
  readonly earlier: readonly Earlier[];
  /** context that chats and fits are planned for */
  readonly contextTokens: number;
}
