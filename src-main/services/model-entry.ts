import { statSync } from 'node:fs';
import { z } from 'zod';
import type { ModelEntry } from '../contract/model.ts';
import type { Gguf } from '../models/gguf.ts';
import { MOST_LAYERS } from '../models/check-text.ts';
import { imageLimits } from '../models/image-limits.ts';
import { mayBeFitted, readTextModel } from '../models/model-file.ts';
import { readSidecar } from '../models/sidecar.ts';
import { visibleLine } from '../visible-text.ts';
import type { ModelRow } from '../store/models.ts';

/** What the window is told of a model beyond its row in the store: all read from its files' headers. */

export type RowFields = Pick<ModelEntry, 'id' | 'path' | 'addedAt' | 'builtIn' | 'madeFrom'>;

export type Description = Omit<ModelEntry, keyof RowFields>;

/** What a model's files say. */
export interface DescribedFiles {
  readonly description: Description;
  /** the encoder that the library or the sidecar names, whether it is there or not */
  readonly mmprojPath: string | null;
}

export const describedFilesSchema: z.ZodType<DescribedFiles> = z.object({
  description: z.object({
    name: z.string(),
    architecture: z.string(),
    kind: z.enum(['source', 'fitted', 'quantized']),
    bytes: z.number(),
    parameters: z.number(),
    bitsPerWeight: z.number(),
    layers: z.number(),
    trainingContextTokens: z.number(),
    mmproj: z.object({ path: z.string(), bytes: z.number() }).nullable(),
    imageTokens: z.object({ min: z.number(), max: z.number() }).nullable(),
    plan: z
      .object({ lowLayers: z.number(), rungs: z.object({ high: z.string(), low: z.string() }) })
      .nullable(),
    problem: z.string().nullable(),
  }),
  mmprojPath: z.string().nullable(),
});

export const UNREADABLE: Omit<Description, 'name' | 'problem'> = {
  architecture: '',
  kind: 'quantized',
  bytes: 0,
  parameters: 0,
  bitsPerWeight: 0,
  layers: 0,
  trainingContextTokens: 0,
  mmproj: null,
  imageTokens: null,
  plan: null,
};

/** Reads a model's headers; throws when its file is gone, broken or none that Snug knows. */
export function describeFiles(row: Pick<ModelRow, 'path' | 'mmprojPath'>): DescribedFiles {
  const text = readTextModel(row.path);
  const mmprojPath = row.mmprojPath ?? readSidecar(row.path).mmproj ?? null;
  const mmprojBytes = mmprojPath === null ? undefined : statSync(mmprojPath, { throwIfNoEntry: false })?.size;
  const limits = imageLimits(text);
  const weightBytes = text.gguf.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const plan = planOf(text.gguf);
  const description: Description = {
    name: plan ? `${text.name}, ${plan.lowLayers} of ${text.layers} layers ${plan.rungs.low}` : text.name,
    architecture: text.architecture,
    kind: plan ? 'fitted' : mayBeFitted(text) ? 'source' : 'quantized',
    bytes: text.gguf.fileBytes,
    parameters: text.parameters,
    bitsPerWeight: (weightBytes * 8) / text.parameters,
    layers: text.layers,
    trainingContextTokens: text.trainingContextTokens,
    mmproj:
      mmprojPath !== null && mmprojBytes !== undefined ? { path: mmprojPath, bytes: mmprojBytes } : null,
    imageTokens: mmprojBytes === undefined ? null : { min: limits.minTokens, max: limits.maxTokens },
    plan,
    problem: null,
  };
  return { description, mmprojPath };
}

const LONGEST_RUNG = 20;

/** The plan that a fit wrote into its result (luq/facts.ts). */
function planOf(gguf: Gguf): ModelEntry['plan'] {
  const rungs = metadataArray(gguf, 'luq.rungs');
  const lowLayers = metadataArray(gguf, 'luq.low_layers');
  const [high, low] = rungs ?? [];
  if (typeof high !== 'string' || typeof low !== 'string' || !lowLayers) return null;
  return {
    lowLayers: lowLayers.length,
    rungs: { high: visibleLine(high, LONGEST_RUNG), low: visibleLine(low, LONGEST_RUNG) },
  };
}

function metadataArray(gguf: Gguf, key: string): readonly unknown[] | undefined {
  const value = gguf.metadata.get(key)?.value;
  // one value a layer at most: what claims more no fit has written
  return typeof value === 'object' && value.length <= MOST_LAYERS ? value.values() : undefined;
}
