import { metadataNumber, type Gguf } from '../gguf/gguf.ts';
import { hasTokens } from './marks.ts';
import { anyResTiles, idefics3Tiles, internVlTiles, resamplerTiles, type Tiles } from './tiles.ts';

/**
 * The families of models that Snug runs, by what llama.cpp calls their parts: general.architecture of the text model (src/llama-arch.cpp)
 * and clip.projector_type of the vision file (tools/mtmd/clip-impl.h). Families share architectures of text models; projectors they don't.
 */
export interface Family {
  /** as its publisher calls it */
  readonly name: string;
  readonly architectures: readonly string[];
  readonly projectors: readonly string[];
  /** what its encoder makes of a picture, from the metadata of its vision file */
  readonly pictures: (vision: Pick<Gguf, 'metadata'>) => Pictures;
  /** the matrix whose output goes to the text model, and which of its lengths that is; without: the last of mm.0, mm.2, … */
  readonly projection?: { readonly tensor: string; readonly dimension: 0 | 1 };
  /** tokens that llama.cpp puts around and between the parts of a picture: a text model of its architecture without them is another's */
  readonly marks?: readonly string[];
  /** whether a text model of its architecture was made to see; left out where its marks or only names tell */
  readonly sees?: (text: { readonly layers: number }) => boolean;
}

export interface Pictures {
  /**
   * any: a picture keeps its shape and takes tokens by its size, within the limits; one: each is scaled to the same square; tiles: it is
   * cut into squares, as many as its shape asks for
   */
  readonly sizes: 'any' | 'one' | 'tiles';
  /** pixels a side that one token covers */
  readonly tokenSide: number;
  /** of an encoder of tiles that Snug knows */
  readonly tiles?: Tiles;
}

const number = ({ metadata }: Pick<Gguf, 'metadata'>, name: string) =>
  metadataNumber({ metadata }, `clip.vision.${name}`);
const patchSize = (vision: Pick<Gguf, 'metadata'>) => number(vision, 'patch_size') ?? 14;

/** Qwen's mergers turn 2 × 2 patches into one token, whatever a file says (clip_n_output_tokens). */
const qwenPictures: Family['pictures'] = (vision) => ({ sizes: 'any', tokenSide: 2 * patchSize(vision) });

function tiled(tilesOf: (vision: Pick<Gguf, 'metadata'>) => Tiles): Family['pictures'] {
  return (vision) => ({
    sizes: 'tiles',
    tokenSide: patchSize(vision) * (number(vision, 'projector.scale_factor') ?? 1),
    tiles: tilesOf(vision),
  });
}

const FAMILIES: readonly Family[] = [
  {
    name: 'Qwen2.5-VL',
    architectures: ['qwen2vl'],
    projectors: ['qwen2.5vl_merger'],
    pictures: qwenPictures,
    sees: () => true,
  },
  {
    name: 'Qwen2-VL',
    architectures: ['qwen2vl'],
    projectors: ['qwen2vl_merger'],
    pictures: qwenPictures,
    sees: () => true,
  },
  {
    name: 'Qwen3-VL',
    architectures: ['qwen3vl'],
    projectors: ['qwen3vl_merger'],
    pictures: qwenPictures,
    sees: () => true,
  },
  {
    name: 'Gemma 3',
    architectures: ['gemma3'],
    projectors: ['gemma3'],
    // pooled 4 × 4, which no published file says
    pictures: (vision) => ({
      sizes: 'one',
      tokenSide: (number(vision, 'projector.scale_factor') ?? 4) * patchSize(vision),
    }),
    // it lies on its side (clip_n_mmproj_embd)
    projection: { tensor: 'mm.input_projection.weight', dimension: 0 },
    // 270M and 1B have 18 and 26 layers and no eyes
    sees: ({ layers }) => layers >= 34,
  },
  {
    name: 'LLaVA',
    architectures: ['llama', 'qwen2'],
    projectors: ['mlp'],
    pictures: (vision) => {
      const tiles = anyResTiles(vision);
      return { sizes: tiles ? 'tiles' : 'one', tokenSide: patchSize(vision), ...(tiles ? { tiles } : {}) };
    },
  },
  {
    name: 'SmolVLM2',
    architectures: ['llama'],
    projectors: ['idefics3'],
    pictures: tiled(idefics3Tiles),
    projection: { tensor: 'mm.model.fc.weight', dimension: 1 },
    marks: ['<fake_token_around_image>', '<global-img>'],
  },
  {
    name: 'InternVL3',
    architectures: ['qwen2', 'llama'],
    projectors: ['internvl'],
    pictures: tiled(internVlTiles),
    projection: { tensor: 'mm.model.mlp.3.weight', dimension: 1 },
    marks: ['<img>', '</img>'],
  },
  {
    name: 'MiniCPM-V',
    architectures: ['llama', 'qwen2'],
    projectors: ['resampler'],
    pictures: tiled(resamplerTiles),
    // its file says that it projects to nothing
    projection: { tensor: 'resampler.proj.weight', dimension: 0 },
    marks: ['<image>', '</image>', '<slice>', '</slice>'],
  },
];

/** Architectures of text models without eyes. */
const TEXT_ONLY = ['qwen2', 'llama'] as const;

/** What a text model may be: llama.cpp's graphs of these name what leaves a layer "l_out", which the calibration reads. */
export const TEXT_ARCHITECTURES: ReadonlySet<string> = new Set([
  ...FAMILIES.flatMap(({ architectures }) => architectures),
  ...TEXT_ONLY,
]);

export const WHAT_SNUG_TAKES = `Snug takes ${FAMILIES.map(
  ({ name, architectures }) => `${name} (${architectures.join(', ')})`,
).join(', ')}, and text models of ${TEXT_ONLY.join(' and ')}.`;

/** undefined for a projector that Snug does not know, which is left to llama.cpp to judge. */
export function familyOfProjector(projector: string): Family | undefined {
  return FAMILIES.find(({ projectors }) => projectors.includes(projector));
}

/** Whether a text model was made to see, as far as its architecture and its vocabulary tell. */
export function seesByItself(text: {
  readonly architecture: string;
  readonly layers: number;
  readonly gguf: Pick<Gguf, 'metadata'>;
}): boolean {
  return FAMILIES.some(
    ({ architectures, sees, marks }) =>
      architectures.includes(text.architecture) &&
      (sees?.(text) ?? (marks !== undefined && hasTokens(text.gguf, marks))),
  );
}
