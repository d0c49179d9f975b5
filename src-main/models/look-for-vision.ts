import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isBlobName } from '../files/blob-name.ts';
import { SnugError } from '../contract/errors.ts';
import { checkEncoderLayout } from './encoder-layout.ts';
import type { GgufEntry } from '../gguf/gguf.ts';
import { partName } from '../gguf/part-names.ts';
import { readVisionModel, type VisionModel } from './model-file.ts';

/** A vision file, or why it is none that can be used; and what it says of itself as far as it can be read. */
export type LookedAt = {
  readonly path: string;
  readonly declared: { projector?: string; projectionLength?: number };
} & (
  | { readonly vision: VisionModel; readonly error?: undefined }
  | { readonly vision?: undefined; readonly error: SnugError }
);

/** The vision files in a model's folder, also those that are damaged or not there as a whole. */
export function lookForVision(folder: string, model: string): LookedAt[] {
  return candidates(folder, model).flatMap((name) => lookAt(join(folder, name)) ?? []);
}

/** What browsers and download programs call what they have not finished. */
const UNFINISHED = /\.(part|partial|crdownload|download|opdownload|incomplete|aria2|tmp|!ut|!qb)$/i;
/** What people and repositories call vision files. */
const VISION_NAME = /mmproj|(^|[-_.])(clip|projector|vision[-_.]?(encoder|model|tower))([-_.]|$)/i;

function candidates(folder: string, model: string): string[] {
  const isCandidate = (name: string) =>
    /\.gguf$/i.test(name) ||
    (UNFINISHED.test(name) && VISION_NAME.test(name)) ||
    (isBlobName(model) && isBlobName(name));
  // what is hidden is a program's own, as the notes that macOS keeps beside files; of a split model the first part says what it is
  const names = namesIn(folder).filter(
    (name) =>
      name !== model && !name.startsWith('.') && (partName(name)?.number ?? 1) === 1 && isCandidate(name),
  );
  // a browser puts an empty file beside its unfinished one, which says more
  return names.sort(
    (a, b) =>
      Number(UNFINISHED.test(b)) - Number(UNFINISHED.test(a)) || a.localeCompare(b, 'en', { numeric: true }),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // a folder whose files may be read and not listed
    return [];
  }
}

/** Ends the reading of a file that holds something else. */
class OtherFile extends Error {}

/** undefined for what is no vision file. */
function lookAt(path: string): LookedAt | undefined {
  const declared: LookedAt['declared'] = {};
  if (UNFINISHED.test(path)) {
    const advice = 'Wait for the download to end, or start it again.';
    return {
      path,
      declared,
      error: new SnugError('BROKEN_GGUF', `${path} is not downloaded wholly yet`, { advice }),
    };
  }
  let isVision = VISION_NAME.test(basename(path));
  const onEntry = ({ key, value }: GgufEntry) => {
    if (/^clip\.(vision\.)?projector_type$/.test(key) && typeof value === 'string')
      declared.projector = value;
    if (key === 'clip.vision.projection_dim' && typeof value === 'number') declared.projectionLength = value;
    if (key !== 'general.architecture') return;
    isVision = value === 'clip';
    // other models lie in the folder too, and their headers are long
    if (!isVision) throw new OtherFile();
  };
  try {
    const vision = readVisionModel(path, { onEntry });
    checkEncoderLayout(vision);
    return { path, declared, vision };
  } catch (error) {
    if (error instanceof OtherFile) return undefined;
    if (!(error instanceof SnugError)) throw error;
    // a text model that says so late is one by another name
    return isVision && error.code !== 'WRONG_PAIR' ? { path, declared, error } : undefined;
  }
}
