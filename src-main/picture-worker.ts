import { pictureContract } from './contract/workers/picture.ts';
import { withinMemory } from './engine/memory-limit.ts';
import { serveWorker } from './engine/worker-child.ts';
import { documentPages } from './pictures/document-pages.ts';
import { tooMuchMemory } from './pictures/picture-errors.ts';
import { MOST_DECODING_BYTES } from './pictures/picture-memory.ts';
import { blockOtherDecoders, preparePicture } from './pictures/pictures.ts';

/** A header may say less than its decoder takes. */
const guarded = <Result>(name: string, job: () => Promise<Result>): Promise<Result> =>
  withinMemory(MOST_DECODING_BYTES, job, () => tooMuchMemory(name));

blockOtherDecoders();
serveWorker(pictureContract, {
  ready: () => undefined,
  prepare: (request) => guarded(request.name, () => preparePicture(request)),
  pages: (request) => guarded(request.name, () => documentPages(request)),
});
