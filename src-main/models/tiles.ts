import { metadataNumber, type Gguf } from '../gguf/gguf.ts';

/** How encoders cut pictures into tiles, from the metadata of their files (tools/mtmd/clip.cpp, mtmd-image.cpp). */
export interface Tiles {
  /** pixels a side */
  readonly side: number;
  /** of each tile */
  readonly tokens: number;
  /** tiles that any picture becomes, and that none has more of: its own, and the whole of it as one more */
  readonly least: number;
  readonly most: number;
  /**
   * "own": the encoder cuts by a picture's shape alone, and llama.cpp takes a limit on tokens; "pictures": fewer pixels make fewer tiles;
   * "limit": the same as "own", and without a limit there is no end of tiles
   */
  readonly cutBy: 'own' | 'limit' | 'pictures';
  /** whether the sides of a tile follow the picture, so that its patches may be a few more than those of a square */
  readonly isElastic?: boolean;
}

type Vision = Pick<Gguf, 'metadata'>;

const number = ({ metadata }: Vision, name: string): number | undefined =>
  metadataNumber({ metadata }, `clip.vision.${name}`);

function square(vision: Vision, mostDefault: number): { side: number; patch: number; merge: number } {
  return {
    side: number(vision, 'image_size') ?? mostDefault,
    patch: number(vision, 'patch_size') ?? 14,
    merge: number(vision, 'projector.scale_factor') ?? 1,
  };
}

/** Rounded as clip_n_output_tokens does. */
function tokensOf({ side, patch, merge }: ReturnType<typeof square>): number {
  return Math.max(1, Math.floor(Math.floor(side / patch) ** 2 / merge ** 2));
}

/** The longer side of every picture becomes so many tiles where a file does not say how long it is: what the model's own code does. */
const IDEFICS_TILES_A_SIDE = 4;

export function idefics3Tiles(vision: Vision): Tiles {
  const tile = square(vision, 512);
  const longest = number(vision, 'preproc_image_size') ?? 0;
  const columns = longest > 0 ? Math.ceil(longest / tile.side) : IDEFICS_TILES_A_SIDE;
  return {
    side: tile.side,
    tokens: tokensOf(tile),
    least: 2,
    most: columns ** 2 + 1,
    cutBy: longest > 0 ? 'own' : 'limit',
  };
}

/** What llama.cpp takes for files of an old converter. */
const INTERN_MOST_TILES = 12;

export function internVlTiles(vision: Vision): Tiles {
  const tile = square(vision, 448);
  const most = number(vision, 'preproc_max_tiles') ?? INTERN_MOST_TILES;
  return { side: tile.side, tokens: tokensOf(tile), least: 1, most: most + 1, cutBy: 'pictures' };
}

const MINICPM_MOST_SLICES = 9;
/** Of MiniCPM-V 2.6 and later; before, 96. */
const MINICPM_QUERIES = 64;
const FIRST_QUERIES = 96;

export function resamplerTiles(vision: Vision): Tiles {
  const version = metadataNumber(vision, 'clip.minicpmv_version') ?? 0;
  const queries = metadataNumber(vision, 'clip.minicpmv_query_num') ?? 0;
  return {
    side: square(vision, 448).side,
    tokens: queries > 0 ? queries : version >= 3 ? MINICPM_QUERIES : FIRST_QUERIES,
    least: 1,
    most: MINICPM_MOST_SLICES + 1,
    cutBy: 'pictures',
    isElastic: true,
  };
}

/** LLaVA-1.6's: the largest of the sizes that its file lists; undefined for LLaVA-1.5, which cuts nothing. */
export function anyResTiles(vision: Vision): Tiles | undefined {
  const listed = vision.metadata.get('clip.vision.image_grid_pinpoints')?.value;
  if (typeof listed !== 'object') return undefined;
  const tile = square(vision, 336);
  const sides = listed.values().map(Number);
  const areas = Array.from({ length: Math.floor(sides.length / 2) }, (_, i) =>
    Math.ceil(((sides[2 * i] ?? 0) * (sides[2 * i + 1] ?? 0)) / tile.side ** 2),
  );
  const most = areas.reduce((largest, area) => Math.max(largest, area), 0);
  return { side: tile.side, tokens: tokensOf(tile), least: 1, most: most + 1, cutBy: 'pictures' };
}
