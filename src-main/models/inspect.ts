import type { Gguf, GgufValue } from './gguf.ts';
import { readGguf } from './gguf.ts';
import { findMmproj } from './find-mmproj.ts';
import { imageLimits } from './image-limits.ts';
import { isMmproj, layerOf, readTextModel, readVisionModel } from './model-file.ts';
import { tensorTypeName } from './tensor-types.ts';

/** What a GGUF is, which tensor types its layers have, and how it was made. */
export interface Inspection {
  readonly path: string;
  readonly kind: 'text' | 'vision';
  readonly name: string;
  readonly architecture: string;
  readonly bytes: number;
  readonly parameters: number;
  readonly bitsPerWeight: number;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  /** tensor type → tensors, parameters and bytes */
  readonly types: Readonly<Record<string, { tensors: number; parameters: number; bytes: number }>>;
  readonly layers: readonly { index: number; types: Readonly<Record<string, number>>; bytes: number }[];
  /** what a fit wrote about itself */
  readonly luq: Readonly<Record<string, unknown>>;
}

/** Reads a text model or a vision encoder; throws when the file is neither. */
export function inspect(path: string): Inspection {
  const gguf = readGguf(path);
  return isMmproj(gguf) ? inspectVision(path) : inspectText(path);
}

function inspectText(path: string): Inspection {
  const text = readTextModel(path);
  const limits = imageLimits(text);
  return {
    ...common(text.gguf, text.parameters),
    kind: 'text',
    name: text.name,
    architecture: text.architecture,
    facts: {
      layers: text.layers,
      'embedding length': text.embeddingLength,
      'training context': text.trainingContextTokens,
      'tied output': text.tiedOutput,
      mostly: text.weightType,
      'picture tokens': `${limits.minTokens} to ${limits.maxTokens}`,
      'vision encoder': findMmproj(text) ?? null,
    },
  };
}

function inspectVision(path: string): Inspection {
  const vision = readVisionModel(path);
  return {
    ...common(vision.gguf, vision.parameters),
    kind: 'vision',
    name: vision.name,
    architecture: vision.projector,
    facts: { 'projection length': vision.projectionLength },
  };
}

function common(
  gguf: Gguf,
  parameters: number,
): Pick<Inspection, 'path' | 'bytes' | 'parameters' | 'bitsPerWeight' | 'types' | 'layers' | 'luq'> {
  const types: Record<string, { tensors: number; parameters: number; bytes: number }> = {};
  const layers: { index: number; types: Record<string, number>; bytes: number }[] = [];
  for (const tensor of gguf.tensors) {
    const name = tensorTypeName(tensor.type);
    const sum = (types[name] ??= { tensors: 0, parameters: 0, bytes: 0 });
    sum.tensors++;
    sum.parameters += tensor.elements;
    sum.bytes += tensor.bytes;
    const index = layerOf(tensor.name);
    if (index === undefined) continue;
    const layer = (layers[index] ??= { index, types: {}, bytes: 0 });
    layer.types[name] = (layer.types[name] ?? 0) + 1;
    layer.bytes += tensor.bytes;
  }
  const bytes = Object.values(types).reduce((sum, type) => sum + type.bytes, 0);
  const luq = [...gguf.metadata.values()]
    .filter(({ key }) => key.startsWith('luq.'))
    .map(({ key, value }) => [key, plain(value)]);
  return {
    path: gguf.path,
    bytes: gguf.fileBytes,
    parameters,
    bitsPerWeight: (bytes * 8) / parameters,
    types,
    layers,
    luq: Object.fromEntries(luq) as Record<string, unknown>,
  };
}

function plain(value: GgufValue): unknown {
  return typeof value === 'object'
    ? value.values().map(plain)
    : typeof value === 'bigint'
      ? Number(value)
      : value;
}
