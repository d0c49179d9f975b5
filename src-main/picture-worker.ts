import { tooMuchMemory } from './chat/picture-errors.ts';
import { MOST_DECODING_BYTES } from './chat/picture-memory.ts';
import { blockOtherDecoders, checkPicture, type PictureSize } from './chat/pictures.ts';
import { withinMemory } from './engine/memory-limit.ts';
import { serveWorker } from './engine/worker-child.ts';

export interface CheckRequest {
  readonly bytes: Uint8Array;
  readonly name: string;
}

// The process that decodes what strangers made, so that a decoder that breaks or takes all memory ends nothing else.
blockOtherDecoders();
serveWorker({
  /** answers once the decoders are loaded */
  ready: () => Promise.resolve(),
  check: ({ bytes, name }: CheckRequest): Promise<PictureSize> =>
    // a header may say less than its decoder takes
    withinMemory(
      MOST_DECODING_BYTES,
      () => checkPicture(bytes, name),
      () => tooMuchMemory(name),
    ),
});
