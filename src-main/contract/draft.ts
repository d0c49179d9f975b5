import { z } from 'zod';
import { MOST_LETTERS, MOST_PICTURES, type PictureView } from './conversation.ts';

/** The side-by-side view among the places where one writes, by the name it is kept under; the others are conversations, by their id. */
export const SIDE_BY_SIDE_PLACE = 'compare';

/** A question being written: its words, and the pictures that go with it. */
export interface DraftContent<Picture = PictureView> {
  readonly text: string;
  readonly pictures: readonly Picture[];
  /** an earlier question that is being edited, while the rest waits */
  readonly edit: {
    readonly messageId: string;
    readonly text: string;
    readonly pictures: readonly Picture[];
  } | null;
  /** the pictures are to be sent with more detail; left out where they are not */
  readonly moreDetail?: boolean | undefined;
}

/** A draft as it is kept. */
export interface KeptDraft extends DraftContent {
  readonly place: string;
  /** counts what was kept in this place; 0: nothing yet */
  readonly revision: number;
  /** the window that wrote it last; null before one did since Snug was started */
  readonly writer: string | null;
}

/** Questions being written outlive a window and Snug itself, and are the same in every window. */
export interface DraftService {
  /** An empty one where nothing is being written. */
  get(argument: { place: string }): Promise<KeptDraft>;
  /**
   * Keeps what is written, if nothing was kept since `revision`; otherwise the reply is what another window has written meanwhile, and
   * nothing is kept. Pictures by their hashes.
   */
  keep(argument: {
    place: string;
    writer: string;
    revision: number;
    content: DraftContent<string>;
  }): Promise<{ readonly kept: boolean; readonly draft: KeptDraft }>;
}

const name = z.string().min(1).max(64);
const text = z.string().max(MOST_LETTERS);
const pictures = z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(MOST_PICTURES);

export const draftArguments = {
  get: z.strictObject({ place: name }),
  keep: z.strictObject({
    place: name,
    writer: name,
    revision: z.int().nonnegative(),
    content: z.strictObject({
      text,
      pictures,
      edit: z.strictObject({ messageId: name, text, pictures }).nullable(),
      moreDetail: z.boolean().optional(),
    }),
  }),
};
