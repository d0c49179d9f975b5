import { implausible } from '../refusal.ts';
import { resamplerTiles } from '../tiles.ts';
import { checkHeads, checkLayers, type EncoderShape, type Layout } from './layout.ts';

/** What models/siglip.cpp, models/internvl.cpp and models/minicpmv.cpp of llama.cpp's tools/mtmd assume, for encoders of tiles. */

function checkPatches(layout: Layout, { width, patch }: EncoderShape): void {
  layout.hasKernel('v.patch_embd.weight', [patch, patch, 3, width]);
  layout.mayHave('v.patch_embd.bias', [width]);
  for (const name of ['v.pre_ln', 'v.post_ln']) layout.mayHaveNorm(name, width);
}

/** Throws unless a tile's patches merge to whole tokens; returns how many there are a side, and how many merge. */
function checkMerge(layout: Layout, patch: number, least: number): { columns: number; merge: number } {
  const columns = Math.floor((layout.number('image_size') ?? 0) / patch);
  const merge = layout.number('projector.scale_factor') ?? 1;
  if (merge < least || columns === 0 || columns % merge !== 0)
    throw implausible(
      layout.gguf,
      `its tiles of ${columns} × ${columns} patches cannot be merged ${merge} by ${merge}`,
    );
  return { columns, merge };
}

/** What build_vit takes where it is there. */
function checkVit(layout: Layout, layers: number, of: Parameters<typeof checkLayers>[2]): void {
  checkLayers(layout, layers, of);
  for (let layer = 0; layer < layers; layer++) {
    const name = `v.blk.${layer}`;
    layout.refuseParts([`${name}.attn_qkv.weight`, `${name}.ffn_gate_exps.weight`, `${name}.attn_sinks`]);
    for (const part of ['ls1', 'ls2', 'attn_q_norm', 'attn_k_norm', 'attn_post_norm', 'ffn_post_norm'])
      layout.mayHave(`${name}.${part}.weight`, [of.width]);
  }
}

/** SigLIP with Idefics3's projector, a single matrix. */
export function checkIdefics3(layout: Layout, shape: EncoderShape): void {
  const { width, layers, patch } = shape;
  layout.refuseParts(['v.class_embd']);
  checkHeads(layout, shape, 1);
  checkPatches(layout, shape);
  const { columns, merge } = checkMerge(layout, patch, 2);
  // added as they are
  layout.hasStored('v.position_embd.weight', [width, columns ** 2], ['F32']);
  checkVit(layout, layers, { width, maySwap: true });
  const produced = layout.shape('mm.model.fc.weight')?.[1] ?? 1;
  layout.has('mm.model.fc.weight', [width * merge ** 2, produced]);
}

/** InternViT, and a norm and two matrices behind it. */
export function checkInternVl(layout: Layout, shape: EncoderShape): void {
  const { width, layers, patch } = shape;
  checkHeads(layout, shape, 1);
  checkPatches(layout, shape);
  const { columns, merge } = checkMerge(layout, patch, 1);
  layout.has('v.class_embd', [width]);
  layout.hasStored('v.position_embd.weight', [width, columns ** 2 + 1], ['F32']);
  checkVit(layout, layers, { width });
  const merged = width * merge ** 2;
  for (const part of ['weight', 'bias']) layout.has(`mm.model.mlp.0.${part}`, [merged]);
  layout.chain(['mm.model.mlp.1', 'mm.model.mlp.3'], merged);
  const [least, most] = [layout.number('preproc_min_tiles') ?? 1, layout.number('preproc_max_tiles') ?? 12];
  if (least < 1 || least > most)
    throw implausible(layout.gguf, `it cuts pictures into ${least} to ${most} tiles`);
}

/** Buckets a side that clip.cpp deals the patches of a tile out over, whatever its size. */
const MINICPM_PLACES = 70;
const MINICPM_HEAD = 128;

/** SigLIP, and MiniCPM-V's resampler. */
export function checkResampler(layout: Layout, shape: EncoderShape): void {
  const { width, layers } = shape;
  layout.refuseParts(['v.class_embd']);
  checkHeads(layout, shape, 1);
  checkPatches(layout, shape);
  layout.has('v.position_embd.weight', [width, MINICPM_PLACES ** 2]);
  checkVit(layout, layers, { width, maySwap: true });
  const produced = layout.shape('resampler.proj.weight')?.[0] ?? 1;
  layout.has('resampler.proj.weight', [produced, produced]);
  if (produced % MINICPM_HEAD !== 0)
    throw implausible(
      layout.gguf,
      `its resampler of width ${produced} has no whole heads of ${MINICPM_HEAD}`,
    );
  layout.has('resampler.kv.weight', [width, produced]);
  for (const part of ['q', 'k', 'v', 'out']) {
    layout.has(`resampler.attn.${part}.weight`, [produced, produced]);
    layout.has(`resampler.attn.${part}.bias`, [produced]);
  }
  for (const part of ['q', 'kv', 'post'])
    for (const kind of ['weight', 'bias']) layout.has(`resampler.ln_${part}.${kind}`, [produced]);
  layout.hasStored('resampler.query', [produced, resamplerTiles(layout.gguf).tokens], ['F32']);
}
