import { arch, platform } from 'node:os';
import { expect, it, vi } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { sizeUp } from '../../../src-main/fit/size-up.ts';
import { tensorDataBytes } from '../../../src-main/luq/plan/memory.ts';
import { openModel } from '../../../src-main/models/open-model.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { BESIDE_THE_MODEL, measureInChat, writeFullSizeModel } from '../../fixtures/measured-full-size.ts';
import { QWEN_3B } from '../../fixtures/sparse-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

// Snug's own kernels keep the lowest types in a layout of their own, which takes more than the file says: plans count it.

const { addon, backends } = loadAddon();

const CONTEXT_TOKENS = 1024;
/** A few layers of the 3B and few words: what is predicted for llama.cpp's layout would be a quarter less where all are low. */
const layout = {
  ...{ ...QWEN_3B, name: 'Low-Layers', layers: 3, vocabulary: 8192 },
  vision: { ...QWEN_3B.vision, layers: 2 },
};

/** Layers low, or all in one file type, and the least share of the bytes that layouts add. ARM has no wide ones of IQ2 and IQ3. */
const CASES = [
  { what: 'in IQ1_M', plan: layout.layers, added: 0.2 },
  ...(arch() === 'x64'
    ? ([
        { what: 'in IQ2_XXS', plan: 'IQ2_XXS', added: 0.2 },
        { what: 'in IQ3_XXS', plan: 'IQ3_XXS', added: 0.2 },
      ] as const)
    : []),
];

it.runIf(backends.ownKernels !== '').each(CASES)(
  'weights and a chat $what take what a plan says',
  async ({ plan: wanted, added }) => {
    vi.stubEnv('SNUG_KERNELS', 'own');
    const { plan, request } = await writeFullSizeModel(
      { layout, plan: wanted, contextTokens: CONTEXT_TOKENS, pictureTokens: 64, threads: 2 },
      temporaryFolder(),
    );
    const { weightsBytes, rearrangedBytes, totalBytes } = plan.memory;
    const { text, loaded, mapped } = await weightsOf(request.modelPath);
    expect(weightsBytes).toBe(text);
    expect(rearrangedBytes).toBeGreaterThan(added * text);
    expect(loaded / (weightsBytes + rearrangedBytes)).toBeGreaterThan(0.95);
    expect(loaded / (weightsBytes + rearrangedBytes)).toBeLessThan(1.05);
    expect(mapped).toBeLessThan(1.01 * text);
    const home = temporaryFolder();
    const sized = await sizeUp({ modelPath: request.modelPath, home, contextTokens: CONTEXT_TOKENS });
    expect(sized.source.memory).toMatchObject({ weightsBytes, rearrangedBytes, wide: true });
    if (platform() !== 'linux') return;
    const { peakMemoryBytes } = await measureInChat(request);
    expect(peakMemoryBytes).toBeGreaterThan(0.95 * totalBytes);
    expect(peakMemoryBytes).toBeLessThan(1.05 * totalBytes + BESIDE_THE_MODEL);
  },
);

/** Bytes of a model's weights: in its file, and in the buffers of the model once it was read into memory, or mapped. */
async function weightsOf(path: string): Promise<{ text: number; loaded: number; mapped: number }> {
  const text = tensorDataBytes(readTextModel(path).gguf.tensors);
  return { text, loaded: await buffersOf(path, false), mapped: await buffersOf(path, true) };
}

/** Also runs a prompt and an answer, with llama.cpp's kernels where it is mapped. */
async function buffersOf(path: string, mapped: boolean): Promise<number> {
  using model = await openModel(addon, { path, mapped, limits: { minTokens: 4, maxTokens: 64 }, threads: 2 });
  const chat = new addon.Chat(model, { contextTokens: CONTEXT_TOKENS, batchTokens: 64, threads: 2 });
  try {
    await chat.prompt({ tokens: Int32Array.of(1, 2, 3) });
    expect((await chat.answer({ maxTokens: 2, ignoreEnd: true })).tokens).toBe(2);
  } finally {
    chat.close();
  }
  return (await model.memory({ contextTokens: CONTEXT_TOKENS, batchTokens: 64, threads: 2 })).weightsBytes;
}
