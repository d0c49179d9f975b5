import { it } from 'vitest';
import { QWEN_7B } from '../fixtures/sparse-models.ts';
import { firstPhoto } from '../helpers/first-photo.ts';

/** The 7B's vision tower, limits and contexts with few and narrow layers: test/long/first-photo.test.ts has all of it. */
const SLIM = {
  ...QWEN_7B,
  ...{ layers: 1, width: 1024, heads: 8, keyValueHeads: 2, feedForward: 2048, vocabulary: 4096 },
  vision: { ...QWEN_7B.vision, layers: 2 },
};

it('a phone photo and a question reach an answer with every default', () => firstPhoto(SLIM, 'F16'));
