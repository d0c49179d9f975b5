import { documentPages, type PagesRequest } from './pictures/document-pages.ts';
import { tooMuchMemory } from './pictures/picture-errors.ts';
import { MOST_DECODING_BYTES } from './pictures/picture-memory.ts';
import {
  blockOtherDecoders,
  preparePicture,
  type PreparedPicture,
  type PrepareRequest,
} from './pictures/pictures.ts';
import type { DocumentPages } from './contract/conversation.ts';
import { withinMemory } from './engine/memory-limit.ts';
import { serveWorker } from './engine/worker-child.ts';

/** A header may say less than its decoder takes. */
const guarded = <Result>(name: string, job: () => Promise<Result>): Promise<Result> =>
  withinMemory(MOST_DECODING_BYTES, job, () => tooMuchMemory(name));

// The process that decodes what strangers made, so that a decoder that breaks or takes all memory ends nothing else.
blockOtherDecoders();
serveWorker({
  /** answers once the decoders are loaded */
  ready: () => Promise.resolve(),
  prepare: (request: PrepareRequest): Promise<PreparedPicture> =>
    guarded(request.name, () => preparePicture(request)),
  pages: (request: PagesRequest): Promise<DocumentPages> =>
    guarded(request.name, () => documentPages(request)),
});
