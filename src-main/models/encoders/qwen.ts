import { implausible } from '../refusal.ts';
import { checkHeads, checkLayers, type EncoderShape, type Layout } from './layout.ts';

/** What models/qwen2vl.cpp and models/qwen3vl.cpp of llama.cpp's tools/mtmd assume. */

/** A quarter of each head turns with every direction. */
const TURNED_PARTS = 4;

function checkKernels(layout: Layout, { width, patch }: EncoderShape): void {
  for (const name of ['v.patch_embd.weight', 'v.patch_embd.weight.1'])
    layout.hasKernel(name, [patch, patch, 3, width]);
  for (const name of ['v.pre_ln', 'v.post_ln']) layout.mayHaveNorm(name, width);
}

export function checkQwen2Vl(layout: Layout, shape: EncoderShape): void {
  const { width, layers } = shape;
  layout.refuseParts(['v.class_embd', 'v.patch_embd.bias']);
  checkHeads(layout, shape, TURNED_PARTS);
  checkKernels(layout, shape);
  checkLayers(layout, layers, { width, biased: true, maySwap: true });
  const produced = layout.chain(['mm.0', 'mm.2'], 4 * width);
  // with windows the graph goes by what the file says
  const stated = layout.number('projection_dim');
  if ((layout.number('n_wa_pattern') ?? 0) > 0 && stated !== produced)
    throw implausible(layout.gguf, `its projection_dim is ${stated}, and it produces ${produced}`);
}

export function checkQwen3Vl(layout: Layout, shape: EncoderShape): void {
  const { width, layers } = shape;
  layout.refuseParts(['v.class_embd']);
  checkHeads(layout, shape, TURNED_PARTS);
  checkKernels(layout, shape);
  layout.has('v.patch_embd.bias', [width]);
  const positions = layout.shape('v.position_embd.weight')?.[1] ?? 1;
  // they are a square, which is stretched to the size of a picture
  if (!Number.isInteger(Math.sqrt(positions)))
    throw implausible(layout.gguf, `its ${positions} positions are no square`);
  layout.hasStored('v.position_embd.weight', [width, positions], ['F32']);
  checkLayers(layout, layers, { width, fused: true });
  const produced = layout.chain(['mm.0', 'mm.2'], 4 * width);
  for (let layer = 0; layer < layers; layer++) {
    const name = `v.deepstack.${layer}`;
    if (!layout.shape(`${name}.fc1.weight`)) continue;
    layout.mayHaveNorm(`${name}.norm`, 4 * width);
    const given = layout.chain([`${name}.fc1`, `${name}.fc2`], 4 * width);
    if (given !== produced)
      throw implausible(layout.gguf, `${name} produces ${given} values a token, and mm.2 ${produced}`);
  }
}
