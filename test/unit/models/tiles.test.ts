import { describe, expect, it } from 'vitest';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import {
  imageLimits,
  limitedTo,
  limitsIn,
  mostPixels,
  openingLimits,
} from '../../../src-main/models/image-limits.ts';
import { readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { number, writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const key = (name: string, value: number) => number(`clip.vision.${name}`, value);

function encoder(projector: string, entries: readonly ReturnType<typeof number>[]) {
  const tensors = [
    { name: 'mm.model.fc.weight', shape: [64, 32] },
    { name: 'mm.model.mlp.3.weight', shape: [64, 32] },
    { name: 'resampler.proj.weight', shape: [32, 32] },
  ];
  return readVisionModel(writeVisionModel(temporaryFolder(), { projector, entries, tensors }));
}

// as the published files say it
const smol500M = [
  key('image_size', 512),
  key('patch_size', 16),
  key('projector.scale_factor', 4),
  key('preproc_image_size', 2048),
];
const smol2B = [
  key('image_size', 384),
  key('patch_size', 14),
  key('projector.scale_factor', 3),
  key('preproc_image_size', 1536),
];
const intern = [key('image_size', 448), key('patch_size', 14), key('projector.scale_factor', 2)];
const minicpm = (version: number, queries: number) => [
  key('image_size', 448),
  key('patch_size', 14),
  key('projection_dim', 0),
  ggufEntry('clip.minicpmv_version', GgufType.int32, version),
  number('clip.minicpmv_query_num', queries),
];

describe('the tokens of a picture that is cut into tiles', () => {
  const text = () => readTextModel(writeTextModel(temporaryFolder(), { architecture: 'llama' }));

  it.each([
    ['SmolVLM2 256M and 500M', () => encoder('idefics3', smol500M), 128, 1088],
    ['SmolVLM2 2.2B', () => encoder('idefics3', smol2B), 162, 1377],
    ['InternVL3', () => encoder('internvl', [...intern, key('preproc_max_tiles', 12)]), 256, 3328],
    ['InternVL2.5, which does not say how many tiles', () => encoder('internvl', intern), 256, 3328],
    ['MiniCPM-V 4', () => encoder('resampler', minicpm(5, 64)), 64, 640],
    [
      'MiniCPM-V 2.6, which does not say how many queries',
      () => encoder('resampler', minicpm(3, 0)),
      64,
      640,
    ],
    ['MiniCPM-V 2.5', () => encoder('resampler', minicpm(2, 0)), 96, 960],
  ])('of %s', (_, made, min, max) => {
    const vision = made();
    expect(imageLimits(text(), vision)).toEqual({ minTokens: min, maxTokens: max, floor: min });
    // a limit that was chosen lies within what the encoder can do
    expect(imageLimits(text(), vision, 1)).toEqual({ minTokens: min, maxTokens: min, floor: min });
    expect(imageLimits(text(), vision, 16_384).maxTokens).toBe(max);
  });

  it('are not fewer for a short context than the encoder can make', () => {
    const limits = imageLimits(text(), encoder('internvl', intern));
    expect(limitsIn(4096, limits)).toEqual({ minTokens: 256, maxTokens: 3072, floor: 256 });
    expect(limitsIn(64, limits)).toEqual({ minTokens: 256, maxTokens: 256, floor: 256 });
    expect(limitedTo(1000, limits)).toEqual({ minTokens: 256, maxTokens: 1000, floor: 256 });
  });
});

describe('what llama.cpp is told of a limit', () => {
  const smol = () => encoder('idefics3', smol2B);
  const limits = (maxTokens: number) => ({ minTokens: 162, maxTokens, floor: 162 });

  it('is nothing where a picture may be as large as its encoder makes it', () => {
    expect(openingLimits(smol(), limits(1377))).toEqual({});
  });

  it('is the pixels of whole tiles, without the one for the whole of the picture', () => {
    // 11 tiles of 81 fit 1,000 tokens beside the whole: 11 × 384² pixels in tokens of 42²
    expect(openingLimits(smol(), limits(1000))).toEqual({
      imageMaxTokens: Math.ceil((11 * 384 ** 2) / 42 ** 2),
    });
    expect(openingLimits(smol(), limits(162))).toEqual({ imageMaxTokens: 84 });
  });

  it('is always told for a file that does not say how long a picture becomes', () => {
    const old = encoder('idefics3', smol2B.slice(0, 3));
    expect(openingLimits(old, limits(1377))).toEqual({
      imageMaxTokens: Math.ceil((16 * 384 ** 2) / 42 ** 2),
    });
  });

  it('is nothing where it goes by the pixels of a picture', () => {
    expect(openingLimits(encoder('internvl', intern), limits(1000))).toEqual({});
    expect(openingLimits(encoder('resampler', minicpm(5, 64)), limits(100))).toEqual({});
  });

  it('is both limits for other encoders', () => {
    expect(openingLimits(undefined, { minTokens: 4, maxTokens: 64 })).toEqual({
      imageMinTokens: 4,
      imageMaxTokens: 64,
    });
  });
});

it('a picture has as many pixels as the most tiles', () => {
  const limits = { minTokens: 64, maxTokens: 640, floor: 64 };
  expect(mostPixels(encoder('resampler', minicpm(5, 64)), limits)).toBe(10 * 448 ** 2);
});
