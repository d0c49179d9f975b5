import { execFileSync } from 'node:child_process';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSparseGemma3 } from '../../fixtures/families/gemma3.ts';
import { SOME_OF_MINICPM_V4, writePublished } from '../../fixtures/families/real-layouts.ts';
import { writeSparseQwen3Vl } from '../../fixtures/families/qwen3-vl.ts';
import { BESIDE_THE_MODEL, measureInChat, writeFullSizeModel } from '../../fixtures/measured-full-size.ts';
import { QWEN_3B } from '../../fixtures/sparse-models.ts';
import { sharedFolder, temporaryFolder } from '../../helpers/temporary-folder.ts';

const MiB = 2 ** 20;
const script = join(import.meta.dirname, '..', '..', 'fixtures', 'quantize-in-child.ts');
const folder = sharedFolder();

function growth(rows: number): number {
  return Number(execFileSync(process.execPath, [script, folder, String(rows)], { encoding: 'utf8' }));
}

// Quantizing holds a slab of rows per thread, whatever the size of the tensor. bench/quantize.ts shows the same on 2 GB.
// Only Linux tells a process's own memory from mapped files this simply.
describe.runIf(platform() === 'linux')('anonymous memory while quantizing', () => {
  it('stays under a bound that does not grow with the tensor', () => {
    const ofSixteenMiB = growth(1024);
    const ofQuarterGiB = growth(16384);
    expect(ofSixteenMiB).toBeLessThan(32 * MiB);
    expect(ofQuarterGiB).toBeLessThan(32 * MiB);
  });
});

// A few layers of the 3B's with a small vision encoder; bench/predictions.ts does the same with the whole 3B and 7B.
const layout = {
  ...QWEN_3B,
  name: 'Some-Layers',
  layers: 4,
  vocabulary: 20_000,
  vision: { ...QWEN_3B.vision, layers: 2 },
};

// elsewhere what counts as resident is the system's own idea, and was never compared
describe.runIf(platform() === 'linux')('the memory that a plan is said to need', () => {
  // Q4_K is what llama.cpp arranges anew for the CPU; it must not stay in memory as it was, too
  it.each(['Q4_K_M', 'Q8_0', 2] as const)('is what a chat with a picture takes: %s', async (plan) => {
    const { plan: said, request } = await writeFullSizeModel(
      { layout, plan, contextTokens: 2048, pictureTokens: 256, threads: 2 },
      folder,
    );
    const measured = await measureInChat(request);
    const { totalBytes } = said.memory;
    expect(totalBytes).toBeGreaterThan(300 * MiB);
    expect(measured.peakMemoryBytes).toBeGreaterThan(0.95 * totalBytes);
    expect(measured.peakMemoryBytes).toBeLessThan(1.05 * totalBytes + BESIDE_THE_MODEL);
  });

  // of Gemma 3 most layers keep a window of what was said, and its pictures are all of one size
  it.each([
    ['Qwen3-VL', writeSparseQwen3Vl, 200],
    ['Gemma 3', writeSparseGemma3, 400],
    ['MiniCPM-V 4', (folder: string) => writePublished(folder, SOME_OF_MINICPM_V4), 250],
  ] as const)('is what a chat with a picture takes: %s', async (_, write, atLeast) => {
    const { plan: said, request } = await writeFullSizeModel(
      { layout: write, plan: 'Q4_K_M', contextTokens: 8192, pictureTokens: 256, threads: 2 },
      temporaryFolder(),
    );
    const measured = await measureInChat(request);
    const { totalBytes } = said.memory;
    expect(totalBytes).toBeGreaterThan(atLeast * MiB);
    expect(measured.peakMemoryBytes).toBeGreaterThan(0.95 * totalBytes);
    expect(measured.peakMemoryBytes).toBeLessThan(1.05 * totalBytes + BESIDE_THE_MODEL);
  });

  it('is what a chat with an unquantized model takes: its weights are the pages of its file and nothing beside them', async () => {
    const { context, unquantized, request } = await writeFullSizeModel(
      { layout, plan: 2, contextTokens: 2048, pictureTokens: 256, threads: 2 },
      folder,
    );
    const { text } = context.source;
    const { totalBytes } = unquantized.memory;
    const measured = await measureInChat({ ...request, modelPath: text.path });
    expect(totalBytes).toBeGreaterThan(700 * MiB);
    expect(measured.peakMemoryBytes).toBeGreaterThan(0.95 * totalBytes);
    expect(measured.peakMemoryBytes).toBeLessThan(1.05 * totalBytes + BESIDE_THE_MODEL);
  });
});
