import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueEntry } from '../../src-main/contract/catalogue.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { encodeGguf } from '../../src-main/gguf/writer.ts';
import { shortModel } from '../fixtures/short-demo.ts';
import { number } from './small-models.ts';

export const DEMO_REPOSITORY = 'snug-test/Demo-VL-GGUF';

/** A catalogue of one model: the short demo, under a name of its own. */
export const DEMO_ENTRY: CatalogueEntry = {
  id: 'demo-vl',
  name: 'Demo-VL 3M',
  description: 'Says what shapes and colours a small picture has; for any laptop.',
  repository: DEMO_REPOSITORY,
  architecture: 'qwen2vl',
  projector: 'qwen2.5vl_merger',
  precisions: ['F16'],
  parameters: 3_000_000,
  visionParameters: 1_500_000,
  layers: 5,
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

/** The short demo with its limit on pictures in the file itself: what is downloaded has no sidecar. */
export function shortModelAlone(): Uint8Array {
  const { metadata, tensors } = readGguf(shortModel);
  const bytes = readFileSync(shortModel);
  return encodeGguf(
    [...metadata.values(), number('luq.image_tokens.min', 4), number('luq.image_tokens.max', 64)],
    tensors.map((tensor) => ({
      ...tensor,
      data: bytes.subarray(tensor.offset, tensor.offset + tensor.bytes),
    })),
  );
}
