import { readContract } from './contract/workers/read.ts';
import { serveWorker } from './engine/worker-child.ts';
import { readPair } from './export/read-pair.ts';
import { ownFiles } from './gguf/own-files.ts';
import { describeFiles } from './models/describe-files.ts';
import { findMmproj, fits } from './models/find-mmproj.ts';
import { inspect } from './models/inspect.ts';
import {
  checkPair,
  isMmproj,
  missingHeader,
  readModelFile,
  readTextModel,
  readVisionModel,
  textModel,
  visionModel,
} from './models/model-file.ts';

serveWorker(readContract, {
  describe: ({ path, mmprojPath }) => describeFiles(path, mmprojPath ?? undefined),
  inspect: ({ path }) => inspect(path),
  pairFacts: ({ path, mmprojPath }) => readPair(path, mmprojPath ?? undefined),
  kind: ({ path }) => {
    const gguf = readModelFile(path);
    if (isMmproj(gguf)) visionModel(gguf);
    else textModel(gguf);
    return isMmproj(gguf) ? 'vision' : 'text';
  },
  missingHeader: ({ path, wholeBytes }) => missingHeader(path, wholeBytes),
  files: ({ path }) => ownFiles(path),
  fits: ({ path, mmprojPath }) => fits(readTextModel(path), mmprojPath),
  checkPair: ({ path, mmprojPath }) => checkPair(readTextModel(path), readVisionModel(mmprojPath)),
  findMmproj: ({ path }) => findMmproj(readTextModel(path)),
});
