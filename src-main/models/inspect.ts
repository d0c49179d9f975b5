import { existsSync } from 'node:fs';
import type { Inspection } from '../contract/model.ts';
import { visibleLine } from '../text/visible-text.ts';
import type { Gguf, GgufValue } from '../gguf/gguf.ts';
import { completionNote } from './complete-vision.ts';
import { searchMmproj, type VisionSearch } from './find-mmproj.ts';
import { fixedTokens, imageLimits } from './image-limits.ts';
import {
  checkPair,
  isMmproj,
  layerOf,
  readModelFile,
  readVisionModel,
  textModel,
  visionModel,
  type TextModel,
  type VisionModel,
} from './model-file.ts';
import { readSidecar } from './sidecar.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';

/** Reads a text model or a vision file; throws when it is neither, or when the vision file named for it does not fit. */
export function inspect(path: string, mmprojPath?: string): Inspection {
  const gguf = readModelFile(path);
  return isMmproj(gguf) ? inspectVision(gguf) : inspectText(gguf, mmprojPath);
}

function inspectText(gguf: Gguf, mmprojPath: string | undefined): Inspection {
  const text = textModel(gguf);
  const given = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (given) checkPair(text, given);
  const found = given ? { vision: given, facts: { 'vision file': given.path } } : visionFacts(text);
  const limits = imageLimits(text, found.vision);
  return {
    ...common(text.gguf, text.parameters),
    kind: 'text',
    name: text.name,
    architecture: text.architecture,
    facts: {
      ...(text.gguf.files.length > 1 ? { 'split over files': text.gguf.files.length } : {}),
      layers: text.layers,
      'embedding length': text.embeddingLength,
      'training context': text.trainingContextTokens,
      'tied output': text.tiedOutput,
      mostly: text.weightType,
      'picture tokens':
        limits.minTokens === limits.maxTokens
          ? limits.maxTokens
          : `${limits.minTokens} to ${limits.maxTokens}`,
      ...found.facts,
    },
  };
}

/** The vision file that is used, and whatever else lies there. */
function visionFacts(text: TextModel): { vision: VisionModel | undefined; facts: Inspection['facts'] } {
  const kept = readSidecar(text.path).mmproj;
  if (kept !== undefined && existsSync(kept))
    return { vision: readVisionModel(kept), facts: { 'vision file': kept } };
  if (kept !== undefined) return { vision: undefined, facts: { 'vision file': `is gone: ${kept}` } };
  const search = searchMmproj(text);
  const [only, second] = search.fitting;
  const vision = only && !second ? readVisionModel(only.path) : undefined;
  return { vision, facts: searchFacts(search) };
}

function searchFacts({ fitting, damaged, others }: VisionSearch): Inspection['facts'] {
  const [first, ...more] = fitting;
  const lines = (paths: readonly string[]) => paths.join(', ');
  return {
    'vision file': more.length > 0 ? 'to be chosen' : (first?.path ?? null),
    ...(more.length > 0 ? { 'vision files that fit': lines(fitting.map(({ path }) => path)) } : {}),
    ...(first && first.copies.length > 0 ? { 'copies of it': lines(first.copies) } : {}),
    ...(damaged.length + others.length > 0
      ? {
          'vision files that cannot be used': [...damaged, ...others]
            .map(({ error }) => error.message)
            .join('; '),
        }
      : {}),
  };
}

function inspectVision(gguf: Gguf): Inspection {
  const vision = visionModel(gguf);
  const tokens = fixedTokens(vision);
  return {
    ...common(vision.gguf, vision.parameters),
    kind: 'vision',
    name: vision.name,
    architecture: vision.projector,
    facts: {
      mostly: vision.weightType,
      'projection length': vision.projectionLength,
      ...completedFacts(vision),
      ...(tokens === undefined ? {} : { 'picture tokens': tokens }),
    },
  };
}

function completedFacts(vision: VisionModel): Inspection['facts'] {
  const note = completionNote(vision);
  return note === undefined ? {} : { completed: note };
}

function common(
  gguf: Gguf,
  parameters: number,
): Pick<Inspection, 'path' | 'bytes' | 'parameters' | 'bitsPerWeight' | 'types' | 'layers' | 'luq'> {
  const types: Record<string, { tensors: number; parameters: number; bytes: number }> = {};
  const layers = new Map<
    number,
    { index: number; types: Record<string, number>; bytes: number; parameters: number }
  >();
  for (const tensor of gguf.tensors) {
    const name = tensorTypeName(tensor.type);
    const sum = (types[name] ??= { tensors: 0, parameters: 0, bytes: 0 });
    sum.tensors++;
    sum.parameters += tensor.elements;
    sum.bytes += tensor.bytes;
    const index = layerOf(tensor.name);
    if (index === undefined) continue;
    const layer = layers.get(index) ?? { index, types: {}, bytes: 0, parameters: 0 };
    layers.set(index, layer);
    layer.types[name] = (layer.types[name] ?? 0) + 1;
    layer.bytes += tensor.bytes;
    layer.parameters += tensor.elements;
  }
  const bytes = Object.values(types).reduce((sum, type) => sum + type.bytes, 0);
  const luq = [...gguf.metadata.values()]
    .filter(({ key }) => key.startsWith('luq.'))
    .map(({ key, value }) => [visibleLine(key, LONGEST_TEXT), plain(value)]);
  return {
    path: gguf.path,
    bytes: gguf.fileBytes,
    parameters,
    bitsPerWeight: (bytes * 8) / parameters,
    types,
    layers: [...layers.values()].sort((a, b) => a.index - b.index),
    luq: Object.fromEntries(luq) as Record<string, unknown>,
  };
}

/** What a fit writes has a value for each layer; of more only the number is told. */
const MOST_VALUES = 1000;
const LONGEST_TEXT = 1000;

function plain(value: GgufValue): unknown {
  if (typeof value === 'string') return visibleLine(value, LONGEST_TEXT);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value;
  return value.length > MOST_VALUES ? `${value.length} values` : value.values().map(plain);
}
