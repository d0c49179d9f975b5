import { implausible } from '../refusal.ts';
import { checkHeads, checkLayers, type EncoderShape, type Layout } from './layout.ts';

/** What models/llava.cpp of llama.cpp's tools/mtmd assumes. */
export function checkLlava(layout: Layout, shape: EncoderShape): void {
  const { width, layers, patch } = shape;
  checkHeads(layout, shape, 1);
  layout.hasKernel('v.patch_embd.weight', [patch, patch, 3, width]);
  checkPositions(layout, shape);
  for (const name of ['v.pre_ln', 'v.post_ln']) layout.mayHaveNorm(name, width);
  checkLayers(layout, layers, { width, maySwap: true });
  checkProjector(layout, width * (checkFeatureLayers(layout, layers) || 1));
}

function checkPositions(layout: Layout, { width, patch }: EncoderShape): void {
  const side = layout.number('image_size');
  if (side === undefined) return;
  const classes = layout.shape('v.class_embd') ? 1 : 0;
  layout.has('v.position_embd.weight', [width, Math.floor(side / patch) ** 2 + classes]);
  layout.mayHave('v.class_embd', [width]);
  layout.mayHave('v.patch_embd.bias', [width]);
}

/** LLaVA's two matrices, or with norms between them as Yi has them. */
function checkProjector(layout: Layout, columns: number): void {
  if (!layout.shape('mm.3.weight')) {
    layout.chain(['mm.0', 'mm.2'], columns);
    return;
  }
  const middle = layout.chain(['mm.0'], columns);
  const produced = layout.chain(['mm.3'], middle);
  for (const [name, width] of [
    ['mm.1', middle],
    ['mm.4', produced],
  ] as const)
    for (const part of ['weight', 'bias']) layout.has(`${name}.${part}`, [width]);
}

/** How many layers' outputs the projector takes beside each other; 0 for the usual one. */
function checkFeatureLayers({ gguf }: Layout, layers: number): number {
  const value = gguf.metadata.get('clip.vision.feature_layer')?.value;
  if (typeof value !== 'object') return 0;
  const taken = new Set(
    value
      .values()
      .map(Number)
      .filter((layer) => layer >= 0),
  );
  const deepest = Math.max(-1, ...taken);
  if (deepest > layers)
    throw implausible(gguf, `it takes the output of layer ${deepest}, and has ${layers} layers`);
  return taken.size;
}
