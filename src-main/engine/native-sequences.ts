/** What the addon is given to run, and what it tells meanwhile; see native-types.ts. */

export interface NativeProgress {
  readonly done: number;
  readonly total: number;
}
export type OnProgress = ((event: NativeProgress) => void) | undefined;

export interface NativeImage {
  readonly width: number;
  readonly height: number;
  /** RGB, height × width × 3 bytes; absent for a picture that is only counted */
  readonly data?: Uint8Array;
  /** names the picture in the KV cache: equal ids must mean equal pictures; a chat needs it */
  readonly id?: string;
}

/** Text with one media marker per image, in which PLAIN_MARK keeps spellings of control tokens text; or tokens as they are. */
export interface NativeSequence {
  readonly text?: string;
  readonly tokens?: Int32Array;
  readonly images?: readonly NativeImage[];
  /** whether the tokenizer adds what the model wants at the start (BOS); default true */
  readonly addSpecial?: boolean;
}

export interface SequencePiece {
  readonly kind: 'text' | 'image';
  readonly tokens: number;
  /** for M-RoPE an image takes max(width, height) positions, not one per token */
  readonly positions: number;
  readonly ids?: Int32Array;
}
