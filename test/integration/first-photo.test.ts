import { it } from 'vitest';
import { SLIM_QWEN_7B } from '../fixtures/sparse-models.ts';
import { firstPhoto } from '../helpers/first-photo.ts';

// test/long/first-photo.test.ts has a whole 7B
it('a phone photo and a question reach an answer with every default', () => firstPhoto(SLIM_QWEN_7B, 'F16'));
