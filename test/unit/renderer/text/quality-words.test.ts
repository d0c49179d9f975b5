import { describe, expect, it } from 'vitest';
import { qualityAt } from '../../../../src-renderer/text/quality-words.ts';

const checked = [
  { lowLayers: 8, agreement: 0.8 },
  { lowLayers: 4, agreement: 0.9 },
];

describe('the quality of a plan', () => {
  it.each([
    [4, '90 %'],
    [8, '80 %'],
    [6, '≈ 85 %'],
    [5, '≈ 88 %'],
    [2, '≥ 90 %'],
    [12, '≤ 80 %'],
  ])('%i ultra-low layers: %s', (lowLayers, value) => {
    expect(qualityAt(lowLayers, checked).value.replaceAll(/[\u00a0\u202f]/g, ' ')).toBe(value);
  });

  it('is not guessed before anything was checked', () => {
    expect(qualityAt(4, [])).toEqual({ value: '–', note: 'known after a check' });
  });
});
