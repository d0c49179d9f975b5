import { checkGemma3 } from './encoders/gemma.ts';
import { Layout, type EncoderShape } from './encoders/layout.ts';
import { checkLlava } from './encoders/llava.ts';
import { checkQwen2Vl, checkQwen3Vl } from './encoders/qwen.ts';
import { checkIdefics3, checkInternVl, checkResampler } from './encoders/tiles.ts';
import type { VisionModel } from './model-file.ts';

const CHECKS: ReadonlyMap<string, (layout: Layout, shape: EncoderShape) => void> = new Map(
  Object.entries({
    'qwen2.5vl_merger': checkQwen2Vl,
    qwen2vl_merger: checkQwen2Vl,
    qwen3vl_merger: checkQwen3Vl,
    gemma3: checkGemma3,
    mlp: checkLlava,
    idefics3: checkIdefics3,
    internvl: checkInternVl,
    resampler: checkResampler,
  }),
);

/**
 * Refuses an encoder of a kind that Snug knows which lacks a tensor or has one of another shape, where it is about to be opened: llama.cpp
 * takes the tensors that it finds, and its graphs end the process for the others (tools/mtmd/clip.cpp). What the graphs don't use may be
 * there.
 */
export function checkEncoderLayout({ gguf, projector }: VisionModel): void {
  const check = CHECKS.get(projector);
  if (!check) return;
  const layout = new Layout(gguf);
  const [width, layers, heads, patch] = [
    layout.number('embedding_length'),
    layout.number('block_count'),
    layout.number('attention.head_count'),
    layout.number('patch_size'),
  ];
  // llama.cpp says what is missing
  if (width === undefined || layers === undefined || heads === undefined || patch === undefined) return;
  check(layout, { width, layers, heads, patch });
}
