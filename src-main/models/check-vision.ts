import { familyOfProjector } from './families.ts';
import { checkTensorTypes, MOST_LAYERS } from './check-text.ts';
import { metadataNumber, type Gguf, type GgufType } from '../gguf/gguf.ts';
import { checkReal, checkType, implausible, wholeNumberIn, type Range } from './refusal.ts';

/**
 * Refuses a vision encoder whose header would make llama.cpp end its process, write past its buffers or take all memory. It takes the
 * numbers of an mmproj as they are (tools/mtmd/clip.cpp), so what its graphs assume is checked here; of its tensors, encoder-layout.ts.
 */

const NUMBERS: Readonly<Record<string, Range>> = {
  'clip.vision.block_count': { least: 1, most: MOST_LAYERS, reason: 'the deepest encoders have 64' },
  'clip.vision.embedding_length': { least: 1, most: 1 << 14, reason: 'the widest encoders have 5,120' },
  // files of an old converter say 0
  'clip.vision.feed_forward_length': { least: 0, most: 1 << 17, reason: 'the widest encoders have 15,360' },
  'clip.vision.projection_dim': { least: 0, most: 1 << 16, reason: 'the widest models have 16,384' },
  'clip.vision.attention.head_count': { least: 1, most: 256, reason: 'the largest encoders have 32' },
  'clip.vision.attention.head_count_kv': { least: 1, most: 256, reason: 'the largest encoders have 32' },
  'clip.vision.attention.head_dim': { least: 1, most: 1 << 10, reason: 'the largest heads have 128' },
  // a picture's memory grows with the fourth power of its side: 12 GB for patches of 255 pixels
  'clip.vision.patch_size': { least: 4, most: 32, reason: 'encoders have patches of 14, 16 or 32 pixels' },
  'clip.vision.image_size': { least: 32, most: 2048, reason: 'encoders take pictures of up to 1,540 pixels' },
  'clip.vision.spatial_merge_size': { least: 1, most: 4, reason: 'encoders merge 2 × 2 or 4 × 4 patches' },
  'clip.vision.n_wa_pattern': { least: 0, most: MOST_LAYERS, reason: 'there are no more layers' },
  'clip.vision.window_size': { least: 64, most: 2048, reason: 'Qwen2.5-VL has windows of 112 pixels' },
  'clip.vision.projector.scale_factor': { least: 1, most: 8, reason: 'encoders merge up to 4 × 4 patches' },
  'clip.vision.image_min_pixels': { least: 0, most: 1 << 24, reason: 'encoders take up to 12.8 million' },
  'clip.vision.image_max_pixels': { least: 1, most: 1 << 24, reason: 'encoders take up to 12.8 million' },
  'clip.minicpmv_query_num': { least: 0, most: 1 << 10, reason: 'resamplers make up to 96 tokens' },
  'clip.vision.preproc_image_size': { least: 0, most: 1 << 13, reason: 'encoders take up to 4,096' },
  'clip.vision.preproc_min_tiles': { least: 0, most: 64, reason: 'encoders cut pictures into up to 36' },
  'clip.vision.preproc_max_tiles': { least: 0, most: 64, reason: 'encoders cut pictures into up to 36' },
};

/** Entries that clip.cpp reads without looking at their type. */
const TYPES: readonly (readonly [string, keyof typeof GgufType])[] = [
  ...Object.keys(NUMBERS).map((key) => [key, 'uint32'] as const),
  ['clip.vision.attention.layer_norm_epsilon', 'float32'],
  ['clip.has_vision_encoder', 'bool'],
  ['clip.has_audio_encoder', 'bool'],
  ['clip.has_gen_audio_encoder', 'bool'],
  ['clip.use_gelu', 'bool'],
  ['clip.use_silu', 'bool'],
  ['clip.projector_type', 'string'],
  ['clip.vision.projector_type', 'string'],
  ['clip.vision.mm_patch_merge_type', 'string'],
  ['clip.minicpmv_version', 'int32'],
  ...[
    'clip.vision.projector.query_side',
    'clip.vision.projector.window_side',
    'clip.vision.expert_used_count',
    'clip.vision.sam.head_count',
    'clip.vision.sam.block_count',
    'clip.vision.sam.embedding_length',
  ].map((key) => [key, 'uint32'] as const),
  ['general.name', 'string'],
  ['general.description', 'string'],
  ['general.file_type', 'uint32'],
];

/** A picture of fixed size has (side ÷ patch)² patches, and attention takes memory by their square. */
const MOST_FIXED_PATCHES = 64 * 64;

export function checkVisionModel(gguf: Gguf, projector: string): void {
  for (const [key, type] of TYPES) checkType(gguf, key, type);
  for (const [key, range] of Object.entries(NUMBERS)) wholeNumberIn(gguf, key, range);
  checkReal(gguf, 'clip.vision.attention.layer_norm_epsilon', 0, 1);
  checkTensorTypes(gguf);
  const number = (name: string) => metadataNumber(gguf, `clip.vision.${name}`);
  const [width, heads] = [number('embedding_length'), number('attention.head_count')];
  if (width !== undefined && heads !== undefined && width % heads !== 0)
    throw implausible(gguf, `its width of ${width} is no multiple of its ${heads} heads`);
  const isQwen = projector.startsWith('qwen');
  if (isQwen && (number('spatial_merge_size') ?? 2) !== 2)
    throw implausible(gguf, 'an encoder of this kind merges 2 × 2 patches');
  if (isQwen) checkWindows(gguf, projector, number('n_wa_pattern') ?? 0);
  const [side, patch] = [number('image_size') ?? 0, number('patch_size') ?? 1];
  const patches = Math.floor(side / patch) ** 2;
  const sizes = familyOfProjector(projector)?.pictures(gguf).sizes ?? 'unknown';
  if (['one', 'tiles'].includes(sizes) && patches > MOST_FIXED_PATCHES)
    throw implausible(gguf, `its pictures have ${patches} patches, and no encoder has more than 4,096`);
}

/** clip.cpp ends the process over a mask of windows that no layer uses, and never fills that of Qwen2-VL, which has no windows. */
function checkWindows(gguf: Gguf, projector: string, pattern: number): void {
  if (pattern === 1) throw implausible(gguf, 'it has windows, and every layer looks beyond them');
  if (pattern > 0 && projector === 'qwen2vl_merger')
    throw implausible(gguf, 'an encoder of this kind has no windows');
}
