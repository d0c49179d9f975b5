import { expect, it } from 'vitest';
import { pictureTokenChoices } from '../../../../../src-renderer/state/fit/picture-tokens.ts';

it.each([
  ['Qwen2.5-VL, any number', { min: 4, max: 4096 }, null, [256, 512, 1024, 2048]],
  ['MiniCPM-V 4, slices of 64', { min: 64, max: 640 }, null, [256, 512]],
  ['LLaVA-1.5, always as many', { min: 576, max: 576 }, null, []],
  ['a limit that a remedy asked for', { min: 4, max: 4096 }, 300, [256, 300, 512, 1024, 2048]],
  ['a model without eyes', null, null, []],
])('limits on a picture that can be chosen: %s', (_, limits, chosen, choices) => {
  expect(pictureTokenChoices(limits, chosen)).toEqual(choices);
});
