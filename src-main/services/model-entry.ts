import { statSync } from 'node:fs';
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

export const UNREADABLE: Omit<ModelEntry, keyof RowFields | 'name' | 'problem'> = {
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

/** Changes when a file does; null for none. */
export function stampOf(path: string | null): string {
  if (path === null) return 'none';
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${path} ${found.size} ${found.mtimeMs}` : `${path} gone`;
}

/** Reads a model's headers; throws when its file is gone, broken or none that Snug knows. */
export function describeFiles(row: ModelRow): Omit<ModelEntry, keyof RowFields> {
  const text = readTextModel(row.path);
  const mmprojPath = row.mmprojPath ?? readSidecar(row.path).mmproj ?? null;
  const mmprojBytes = mmprojPath === null ? undefined : statSync(mmprojPath, { throwIfNoEntry: false })?.size;
  const limits = imageLimits(text);
  const weightBytes = text.gguf.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const plan = planOf(text.gguf);
  return {
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
