import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageLimits, limitsIn, mostPixels } from '../../../src-main/models/image-limits.ts';
import { readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { sidecarPath } from '../../../src-main/models/sidecar.ts';
import { number, writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const inFile = [number('luq.image_tokens.min', 2), number('luq.image_tokens.max', 48)];

function model(options: { entries?: typeof inFile; sidecar?: unknown } = {}) {
  const path = writeTextModel(temporaryFolder(), { entries: options.entries ?? [] });
  if (options.sidecar !== undefined) writeFileSync(sidecarPath(path), JSON.stringify(options.sidecar));
  return readTextModel(path);
}

describe('the tokens a picture may take', () => {
  const sidecar = { imageTokens: { min: 3, max: 80 } };

  it('are what the fitted file says', () => {
    expect(imageLimits(model({ entries: inFile, sidecar }), undefined)).toEqual({
      minTokens: 2,
      maxTokens: 48,
    });
  });

  it('else what stands beside it', () => {
    expect(imageLimits(model({ sidecar }), undefined)).toEqual({ minTokens: 3, maxTokens: 80 });
  });

  it("else Qwen's range up to what llama.cpp advises", () => {
    expect(imageLimits(model(), undefined)).toEqual({ minTokens: 4, maxTokens: 4096 });
  });

  it('are at most what a person chose, and never fewer at least than at most', () => {
    expect(imageLimits(model(), undefined, 256)).toEqual({ minTokens: 4, maxTokens: 256 });
    expect(imageLimits(model(), undefined, 1)).toEqual({ minTokens: 1, maxTokens: 1 });
  });

  it.each([0, -5, 1.5, Number.NaN, Infinity])('cannot be %d', (chosen) => {
    expect(thrown(() => imageLimits(model(), undefined, chosen)).code).toBe('BAD_ARGUMENT');
  });
});

describe('an encoder that scales every picture to a size of its own', () => {
  const gemma = () =>
    readVisionModel(
      writeVisionModel(temporaryFolder(), {
        projector: 'gemma3',
        entries: [number('clip.vision.patch_size', 14), number('clip.vision.image_size', 896)],
      }),
    );

  it('takes as many tokens for each, whatever was chosen or kept', () => {
    const limits = { minTokens: 256, maxTokens: 256, floor: 256 };
    expect(imageLimits(model({ entries: inFile }), gemma())).toEqual(limits);
    expect(imageLimits(model(), gemma(), 64)).toEqual(limits);
    expect(mostPixels(gemma(), limits)).toBe(896 * 896);
  });

  it('is not made smaller for a short context, which it would not heed', () => {
    expect(limitsIn(300, imageLimits(model(), gemma())).maxTokens).toBe(256);
    expect(limitsIn(300, imageLimits(model(), undefined)).maxTokens).toBe(225);
  });
});

describe('the largest picture', () => {
  const vision = (...entries: typeof inFile) =>
    readVisionModel(writeVisionModel(temporaryFolder(), { entries }));

  it('has two by two patches a token', () => {
    const encoder = vision(number('clip.vision.patch_size', 14), number('clip.vision.image_size', 336));
    expect(mostPixels(encoder, { minTokens: 4, maxTokens: 1000 })).toBe(1000 * 28 * 28);
  });

  it('is at least what an encoder of one size wants', () => {
    const encoder = vision(number('clip.vision.patch_size', 14), number('clip.vision.image_size', 560));
    expect(mostPixels(encoder, { minTokens: 1, maxTokens: 4 })).toBe(560 * 560);
  });
});
