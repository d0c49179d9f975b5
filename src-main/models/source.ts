import { basename } from 'node:path';
import type { OnProgress } from '../contract/progress.ts';
import { completionNote } from './complete-vision.ts';
import { refuseDamaged, searchMmproj, searchNotes } from './find-mmproj.ts';
import { fileStamp } from '../files/file-stamp.ts';
import type { Gguf } from '../gguf/gguf.ts';
import { hashGguf } from '../gguf/hash-gguf.ts';
import {
  checkPair,
  checkSourcePrecision,
  readTextModel,
  readVisionModel,
  type TextModel,
  type VisionModel,
} from './model-file.ts';
import { ModelFiles } from '../store/model-files.ts';

/** The model to be fitted, read and checked. */
export interface ReadSource {
  readonly text: TextModel;
  readonly vision: VisionModel | undefined;
  readonly warnings: readonly string[];
}

/** … and identified by its content. */
export interface Source extends ReadSource {
  readonly sha256: string;
  readonly visionSha256: string | undefined;
}

/** Reads and checks both headers; nothing is hashed or loaded yet. */
export function readSource(modelPath: string, mmprojPath: string | undefined): ReadSource {
  const text = readTextModel(modelPath);
  const warning = checkSourcePrecision(text);
  const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (vision) checkPair(text, vision);
  return {
    text,
    vision,
    warnings: [
      ...[warning, vision && completionNote(vision)].filter((one) => one !== undefined),
      ...(vision ? [] : withoutVision(text)),
    ],
  };
}

/** Before hours of work: a model whose vision file is damaged would come out blind. */
function withoutVision(text: TextModel): string[] {
  const search = searchMmproj(text);
  refuseDamaged(search);
  const unused = search.fitting.map(({ path }) => basename(path)).join(', ');
  return unused === ''
    ? searchNotes(text, search)
    : [`the result cannot see pictures: the vision file beside the model is not used (${unused})`];
}

/** The SHA-256 of a model in these files, which was hashed before and has not changed since. */
export function knownSha256(paths: readonly string[], home: string): string | undefined {
  using files = ModelFiles.open(home);
  return files.knownModel(paths);
}

/** SHA-256 of a source (`hashGguf`), remembered as long as its files do not change: 15 GB take a while to read. */
export async function sourceSha256(
  gguf: Gguf,
  home: string,
  options: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
): Promise<string> {
  using files = ModelFiles.open(home);
  const { path } = gguf;
  const paths = gguf.files.map((file) => file.path);
  const known = files.knownModel(paths);
  if (known !== undefined) return known;
  const stamps = paths.map(fileStamp);
  const sha256 = await hashGguf(gguf, {
    signal: options.signal,
    onProgress: (done, total) =>
      options.onProgress?.({ stage: 'hash', done, total, unit: 'bytes', detail: path }),
  });
  files.rememberModel(paths, stamps, sha256);
  return sha256;
}
