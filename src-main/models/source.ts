import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { workFolder } from '../home.ts';
import type { OnProgress } from '../contract/progress.ts';
import { refuseDamaged, searchMmproj, searchNotes } from './find-mmproj.ts';
import { hashFile } from '../files/hash.ts';
import { readKept } from '../files/json-file.ts';
import {
  checkPair,
  checkSourcePrecision,
  readTextModel,
  readVisionModel,
  type TextModel,
  type VisionModel,
} from './model-file.ts';
import { writeFileAtomically } from '../files/durable-files.ts';

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
    warnings: [...(warning === undefined ? [] : [warning]), ...(vision ? [] : withoutVision(text))],
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

const hashCacheSchema = z.record(
  z.string(),
  z.object({ size: z.number(), modified: z.number(), sha256: z.string() }),
);

function hashCache(home: string): string {
  return join(workFolder(home), 'hashes.json');
}

/** The SHA-256 of a file that was hashed before and has not changed since. */
export function knownSha256(path: string, home: string): string | undefined {
  const { size, mtimeMs: modified } = statSync(path);
  const known = readKept(hashCache(home), hashCacheSchema)?.[path];
  return known?.size === size && known.modified === modified ? known.sha256 : undefined;
}

/** SHA-256 of a source, remembered by path, size and time of change: 15 GB take a while to read. */
export async function sourceSha256(
  path: string,
  home: string,
  options: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
): Promise<string> {
  const known = knownSha256(path, home);
  if (known !== undefined) return known;
  const { size, mtimeMs: modified } = statSync(path);
  const sha256 = await hashFile(path, {
    signal: options.signal,
    onProgress: (done, total) =>
      options.onProgress?.({ stage: 'hash', done, total, unit: 'bytes', detail: path }),
  });
  const cache = readKept(hashCache(home), hashCacheSchema) ?? {};
  writeFileAtomically(hashCache(home), JSON.stringify({ ...cache, [path]: { size, modified, sha256 } }));
  return sha256;
}
