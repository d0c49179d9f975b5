import { implausible } from '../refusal.ts';
import { checkHeads, checkLayers, type EncoderShape, type Layout } from './layout.ts';

/** What models/siglip.cpp of llama.cpp's tools/mtmd assumes of Gemma 3's encoder. */
export function checkGemma3(layout: Layout, shape: EncoderShape): void {
  const { width, layers, patch } = shape;
  checkHeads(layout, shape, 1);
  layout.hasKernel('v.patch_embd.weight', [patch, patch, 3, width]);
  layout.mayHave('v.patch_embd.bias', [width]);
  const side = layout.number('image_size');
  if (side !== undefined) {
    const columns = Math.floor(side / patch);
    // added as they are
    layout.hasStored('v.position_embd.weight', [width, columns ** 2], ['F32']);
    const pooled = layout.number('projector.scale_factor') ?? 4;
    if (columns % pooled !== 0)
      throw implausible(layout.gguf, `its ${columns} columns of patches cannot be pooled by ${pooled}`);
  }
  for (const name of ['v.pre_ln', 'v.post_ln']) layout.mayHaveNorm(name, width);
  checkLayers(layout, layers, { width, maySwap: true });
  layout.has('mm.soft_emb_norm.weight', [width]);
  // it lies on its side: a row for each value of the encoder, and is turned before it is multiplied with
  const produced = layout.shape('mm.input_projection.weight')?.[0] ?? 1;
  layout.hasStored('mm.input_projection.weight', [produced, width], ['F32', 'F16', 'BF16']);
}
