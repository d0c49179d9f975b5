import { serveWorker } from './engine/worker-child.ts';
import { findMmproj, fits } from './models/find-mmproj.ts';
import { inspect } from './models/inspect.ts';
import {
  checkPair,
  isMmproj,
  readModelFile,
  readTextModel,
  readVisionModel,
  textModel,
  visionModel,
} from './models/model-file.ts';
import { describeFiles } from './services/model-entry.ts';
import type { ReadArguments, ReadResults } from './services/model-reader.ts';

type ReadMethods = {
  [Method in keyof ReadArguments]: (argument: ReadArguments[Method]) => ReadResults[Method];
};

const methods: ReadMethods = {
  describe: describeFiles,
  inspect: ({ path }) => inspect(path),
  kind: ({ path }) => {
    const gguf = readModelFile(path);
    if (isMmproj(gguf)) visionModel(gguf);
    else textModel(gguf);
    return isMmproj(gguf) ? 'vision' : 'text';
  },
  fits: ({ path, mmprojPath }) => fits(readTextModel(path), mmprojPath),
  checkPair: ({ path, mmprojPath }) => checkPair(readTextModel(path), readVisionModel(mmprojPath)),
  findMmproj: ({ path }) => findMmproj(readTextModel(path)),
};

// The process that reads headers of files that people give us.
serveWorker(
  Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      // eslint-disable-next-line @typescript-eslint/require-await -- what a method throws becomes the call's error
      async (argument: unknown) => (method as (argument: unknown) => unknown)(argument),
    ]),
  ),
);
