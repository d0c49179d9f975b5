import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueEntry } from '../../src-main/contract/catalogue.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { encodeGguf } from '../../src-main/gguf/writer.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { demoModel } from '../fixtures/demo.ts';
import { number } from './small-models.ts';

export const DEMO_REPOSITORY = 'snug-test/Demo-VL-GGUF';

/** A catalogue of one model: a short demo, under a name of its own. */
const DEMO_ENTRY: CatalogueEntry = {
  id: 'demo-vl',
  name: 'Demo-VL 3M',
  description: 'Says what shapes and colours a small picture has; for any laptop.',
  repository: DEMO_REPOSITORY,
  architecture: 'qwen2vl',
  projector: 'qwen2.5vl_merger',
  precisions: ['F16'],
  parameters: 3_000_000,
  visionParameters: 1_500_000,
  layers: 2,
  vocabularyParameters: 500_000,
  cachedNumbers: 256,
  computeBytes: 10_000_000,
  contextTokens: 32_768,
  pictureTokens: { min: 4, max: 64 },
  licence: { name: 'MIT', url: 'https://opensource.org/license/mit', words: 'Free for any use.' },
};

export function writeCatalogue(folder: string): string {
  const path = join(folder, 'catalogue.json');
  writeFileSync(path, JSON.stringify({ models: [DEMO_ENTRY] }));
  return path;
}

const LAYERS = 2;

/** The first layers of the demo, with the limit on its pictures in the file itself: what is downloaded has no sidecar. */
export function demoToDownload(): Uint8Array {
  const { metadata, tensors } = readGguf(demoModel);
  const bytes = readFileSync(demoModel);
  const entries = [...metadata.values()].map((entry) =>
    entry.key.endsWith('.block_count') ? number(entry.key, LAYERS) : entry,
  );
  return encodeGguf(
    [...entries, number('luq.image_tokens.min', 16), number('luq.image_tokens.max', 36)],
    tensors
      .filter(({ name }) => (layerOf(name) ?? 0) < LAYERS)
      .map((tensor) => ({ ...tensor, data: bytes.subarray(tensor.offset, tensor.offset + tensor.bytes) })),
  );
}
