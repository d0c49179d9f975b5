import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../../../../src-main/contract/model.ts';
import {
  contextChoices,
  pictureLimitOf,
  pictureDetail,
} from '../../../../../src-renderer/state/chat/chat-options.ts';

const model = {
  trainingContextTokens: 8192,
  mmproj: { path: 'x', bytes: 1 },
  imageTokens: { min: 4, max: 1024 },
} as ModelEntry;

describe('options', () => {
  it('offer contexts up to what the model was trained for', () => {
    expect(contextChoices(model)).toEqual([1024, 2048, 4096, 8192]);
  });

  it('leave the picture limit to the model at the slider’s right end', () => {
    expect(pictureDetail(model, { imageMaxTokens: null })).toEqual({ min: 4, max: 1024, value: 1024 });
    expect(pictureLimitOf(1024, model)).toBeNull();
    expect(pictureLimitOf(300, model)).toBe(300);
    expect(pictureDetail({ ...model, mmproj: null }, { imageMaxTokens: null })).toBeNull();
    const fixed = { ...model, imageTokens: { min: 576, max: 576 } };
    expect(pictureDetail(fixed, { imageMaxTokens: null })).toBeNull();
  });
});
