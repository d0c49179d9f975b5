import type { NativeModel, NativeSequence, SequencePiece } from '../../src-main/engine/native-types.ts';

export const MARKER = '<__media__>';

/** A model whose tokens are words and whose pictures take one token per 28 × 28 pixels. */
export function fakeModel(canSee = true): NativeModel {
  const words = (text: string) => text.split(/\s+/).filter(Boolean);
  return {
    describe: () => ({
      layers: 2,
      embeddingLength: 8,
      vocabularySize: 16,
      trainingContextTokens: 2048,
      canSee,
      mediaMarker: MARKER,
      warnings: [],
    }),
    tokenize: (text: string) => Int32Array.from(words(text), (word) => word.length),
    layout: ({ text = '', images = [] }: NativeSequence): SequencePiece[] =>
      text.split(MARKER).flatMap((part, i): SequencePiece[] => {
        const image = images[i - 1];
        const tokens = words(part).length;
        const pieces: SequencePiece[] = tokens > 0 ? [{ kind: 'text', tokens, positions: tokens }] : [];
        if (!image) return pieces;
        const count = Math.ceil(image.width / 28) * Math.ceil(image.height / 28);
        return [{ kind: 'image', tokens: count, positions: count }, ...pieces];
      }),
  } as unknown as NativeModel;
}
