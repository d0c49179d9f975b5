import type { Remedy } from '../../contract/remedies.ts';
import { LEAST_OFFERED_CONTEXT_TOKENS } from '../../contract/token-limits.ts';
import type { ImageLimits } from '../../models/image-limits.ts';
import type { Overhead } from './memory.ts';

/** Something a person could give up, and what the smallest plan would take then. */
export interface Saving {
  /** in words that every door understands */
  readonly label: string;
  readonly remedies: readonly Remedy[];
  readonly totalBytes: number;
}

/** What would be different if something were given up. */
export interface Changes {
  readonly contextTokens?: number;
  readonly imageMaxTokens?: number;
  readonly smallerVision?: boolean;
}

export type PossibleSaving = Omit<Saving, 'totalBytes'> & Changes;

/** … and what the model takes besides its weights then. */
export type Alternative = Omit<Saving, 'totalBytes'> & { readonly overhead: Overhead };

export const TOGETHER = 'all of these together';
/** A picture of this many tokens still shows a page of text. */
const SMALLER_PICTURE_TOKENS = 1024;

/**
 * What a person could give up to save memory, one thing at a time and then all together; what costs them least comes first.
 * `vision`: whether the model sees, and its encoder could still be stored in fewer bits.
 */
export function possibleSavings(
  contextTokens: number,
  vision: { readonly canShrink: boolean; readonly limits: ImageLimits } | undefined,
): PossibleSaving[] {
  const options: PossibleSaving[] = [];
  if (vision?.canShrink) {
    options.push({
      label: 'the vision file in 8 bits',
      remedies: [{ kind: 'smaller-vision' }],
      smallerVision: true,
    });
  }
  if (vision && vision.limits.floor === undefined && vision.limits.maxTokens > SMALLER_PICTURE_TOKENS) {
    options.push({
      label: `pictures of at most ${SMALLER_PICTURE_TOKENS} tokens`,
      remedies: [{ kind: 'limit-picture-tokens', tokens: SMALLER_PICTURE_TOKENS }],
      imageMaxTokens: SMALLER_PICTURE_TOKENS,
    });
  }
  for (let context = contextTokens / 2; context >= LEAST_OFFERED_CONTEXT_TOKENS; context /= 2) {
    const tokens = Math.floor(context);
    options.push({
      label: `a context of ${tokens} tokens`,
      remedies: [{ kind: 'set-context', tokens }],
      contextTokens: tokens,
    });
  }
  return options.length < 2 ? options : [...options, allTogether(options)];
}

function allTogether(options: readonly PossibleSaving[]): PossibleSaving {
  const changes = options.reduce<Changes>((all, one) => ({ ...all, ...one }), {});
  // of several contexts the shortest
  const byKind = new Map(options.flatMap(({ remedies }) => remedies).map((one) => [one.kind, one]));
  return { ...changes, label: TOGETHER, remedies: [...byKind.values()] };
}
