import { existsSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rung } from '../../../src-main/contract/rungs.ts';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { tensorTypeName } from '../../../src-main/gguf/tensor-types.ts';
import { bytesWithTypes, mixtureOf } from '../../../src-main/luq/plan/mixture.ts';
import { measureOverhead } from '../../../src-main/luq/plan/memory.ts';
import { checkEncoderLayout } from '../../../src-main/models/encoder-layout.ts';
import { imageLimits } from '../../../src-main/models/image-limits.ts';
import { openMetadata, type OpenModel } from '../../../src-main/models/open-model.ts';
import { readSource } from '../../../src-main/models/source.ts';
import { PUBLISHED, writePublished } from '../../fixtures/families/real-layouts.ts';
import { newFolder } from '../../helpers/family-checks.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// Published models in their real shapes: what they are said to be, and what llama-quantize makes of them.

const MiB = 2 ** 20;
const { addon } = loadAddon();
const folder = sharedFolder();
const dryRun = join(import.meta.dirname, '..', '..', '..', '.cache', 'peers', 'llama-quantize');
const anyImatrix = join(import.meta.dirname, '..', '..', 'fixtures', 'peers', 'imatrix.gguf');

/** What `llama-quantize --dry-run` prints as "quant size" for these layouts, in MiB with two digits. */
const RECORDED_MIB: Readonly<Record<string, Partial<Record<Rung, number>>>> = {
  'llava-v1.5-7b': { Q4_K_M: 3891.24, Q2_K: 2414.82 },
  'llava-v1.5-13b': { Q4_K_M: 7500.85, Q2_K: 4628.68 },
  'SmolVLM2-256M-Video-Instruct': { Q4_K_M: 98.94, Q2_K: 82.49 },
  'SmolVLM2-500M-Video-Instruct': { Q4_K_M: 256.48, Q2_K: 206.96 },
  'SmolVLM2-2.2B-Instruct': { Q4_K_M: 1059.35, Q2_K: 673.42 },
  'InternVL3-1B-Instruct': { Q4_K_M: 462.57, Q2_K: 389.91 },
  'InternVL3-2B-Instruct': { Q4_K_M: 1059.35, Q2_K: 711.89 },
  'InternVL3-8B-Instruct': { Q4_K_M: 4458.61, Q2_K: 2869.02 },
  'MiniCPM-V-4': { Q4_K_M: 2086.8, Q2_K: 1335.63 },
};

describe.each(PUBLISHED)('the layout of $name', (layout) => {
  let source: ReturnType<typeof readSource>;
  let metadata: OpenModel;

  beforeAll(async () => {
    const files = writePublished(newFolder(folder, layout.name), layout);
    source = readSource(files.model, files.mmproj);
    metadata = await openMetadata(addon, files.model);
  });
  afterAll(() => {
    metadata.close();
    rmSync(join(folder, layout.name), { recursive: true });
  });

  it('is read for what it is, and its encoder is whole', () => {
    const { text, vision } = source;
    expect(text.layers).toBe(layout.text.layers);
    expect(text.tiedOutput).toBe(layout.text.tied);
    expect(((text.parameters + (vision?.parameters ?? 0)) / 1e9 / layout.billions).toFixed(2)).toBe('1.00');
    const { minTokens, maxTokens } = imageLimits(text, vision);
    expect([minTokens, maxTokens]).toEqual(layout.pictureTokens);
    if (vision) checkEncoderLayout(vision);
  });

  it.each(['Q4_K_M', 'Q2_K'] as const)('has the size of llama-quantize’s %s', (rung) => {
    const { tensors } = source.text.gguf;
    const size = bytesWithTypes(tensors, mixtureOf(addon, metadata, tensors, rung)) / MiB;
    expect(size.toFixed(2)).toBe(RECORDED_MIB[layout.name]?.[rung]?.toFixed(2));
  });

  it.runIf(existsSync(dryRun)).each(['Q4_K_M', 'Q2_K', 'IQ1_M'] as const)(
    'has llama-quantize’s type for every tensor in %s',
    (rung) => {
      const { gguf, path } = source.text;
      const mixture = mixtureOf(addon, metadata, gguf.tensors, rung);
      const ours = new Map([...mixture].map(([name, type]) => [name, tensorTypeName(type)]));
      const args = ['--dry-run', '--imatrix', anyImatrix, path, `${path}.never`, rung];
      const { stderr } = spawnSync(dryRun, args, { encoding: 'utf8' });
      const lines = stderr.matchAll(/^\[ *\d+\/ *\d+\] (\S+) .*type = +(\w+),(?:.*\((\w+)\))?/gm);
      const theirs = [...lines].map(
        ([, name = '', from = '', to]) => [name, (to ?? from).toUpperCase()] as const,
      );
      expect(ours).toEqual(new Map(theirs));
    },
  );

  it('has the KV cache of its heads in F16, and scratch for text and a picture', async () => {
    const { text, vision } = source;
    const limits = imageLimits(text, vision);
    const memory = await measureOverhead(addon, metadata, { contextTokens: 2048, vision, limits });
    const { layers, keyValueHeads, width, heads, headWidth = width / heads } = layout.text;
    expect(memory.kvCacheBytes).toBe(2 * 2 * layers * keyValueHeads * headWidth * 2048);
    expect(memory.computeBytes).toBeGreaterThan(10 * MiB);
    expect(memory.computeBytes).toBeLessThan(512 * MiB);
    expect(memory.visionComputeBytes).toBeGreaterThan(5 * MiB);
    expect(memory.visionComputeBytes).toBeLessThan(512 * MiB);
  });
});
