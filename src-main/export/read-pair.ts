import type { PairFacts } from '../contract/export.ts';
import { metadataString, type Gguf } from '../gguf/gguf.ts';
import { completedHeader } from '../models/complete-vision.ts';
import { inspect } from '../models/inspect.ts';
import { checkPair, readTextModel, readVisionModel } from '../models/model-file.ts';
import { templateSource } from '../prompt/template.ts';

// names of the GGUF specification, the nearest origin first
const REPOSITORIES = [
  'general.source.repo_url',
  'general.source.url',
  'general.repo_url',
  'general.source.huggingface.repository',
  'general.base_model.0.repo_url',
];

/** Reads both headers; throws as loading them would, also where they do not belong together. */
export function readPair(path: string, mmprojPath: string | undefined): PairFacts {
  const text = readTextModel(path);
  const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (vision) checkPair(text, vision);
  return {
    inspection: inspect(path, mmprojPath),
    chatTemplate: templateSource(text) ?? null,
    repository: named(text.gguf, ...REPOSITORIES),
    licence: named(text.gguf, 'general.license.name', 'general.license'),
    licenceLink: named(text.gguf, 'general.license.link'),
    visionHeader: (vision && completedHeader(vision)) ?? null,
  };
}

function named(gguf: Gguf, ...keys: readonly string[]): string | null {
  const found = keys.map((key) => metadataString(gguf, key)?.trim()).find((value) => value);
  return found ?? null;
}
