import { counted } from '../../src-main/contract/counted.ts';

/** What became of files that were added, for those who don't see the pictures come and the refusals stand there. */
export function addedWords(outcome: {
  readonly added: number;
  /** pictures that were there already */
  readonly known: number;
  readonly refused: readonly { readonly message: string }[];
}): string {
  const { added, known, refused } = outcome;
  const parts = [
    ...(added > 0 ? [`${counted(added, 'picture')} added`] : []),
    ...(known > 0 ? [`${known} already there`] : []),
    ...(refused.length > 0
      ? [`${refused.length} refused: ${refused.map(({ message }) => message).join('; ')}`]
      : []),
  ];
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}
