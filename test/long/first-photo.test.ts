import { it } from 'vitest';
import { QWEN_7B } from '../fixtures/sparse-models.ts';
import { firstPhoto } from '../helpers/first-photo.ts';

it('a phone photo and a question reach an answer of a whole 7B with every default', () =>
  firstPhoto(QWEN_7B, 'Q8_0'));
