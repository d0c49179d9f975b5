import { describe, expect, it } from 'vitest';
import { RUNGS } from '../../../../src-main/contract/rungs.ts';
import { DEFAULT_RUNGS, fileTypeId, parseRungs } from '../../../../src-main/luq/plan/rungs.ts';
import { thrown } from '../../../helpers/thrown.ts';

it.each([
  ['Q4_K_M,IQ1_M', { high: 'Q4_K_M', low: 'IQ1_M' }],
  [' q5_k_m , iq2_xxs ', { high: 'Q5_K_M', low: 'IQ2_XXS' }],
])('"%s" is a pair of rungs', (text, rungs) => {
  expect(parseRungs(text)).toEqual(rungs);
});

describe('refused, with the names there are', () => {
  it.each([
    '',
    'Q4_K_M',
    'Q4_K_M,IQ1_M,Q2_K',
    'Q4_K_M,',
    'Q4_K_M;IQ1_M',
    'Q4_K_M,IQ9',
    'toString,valueOf',
    'F16,IQ1_M',
  ])('"%s"', (text) => {
    const error = thrown(() => parseRungs(text));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.advice).toContain('Q4_K_M');
  });

  it('twice the same', () => {
    const error = thrown(() => parseRungs('Q4_K_M,q4_k_m'));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.message).toContain('the same');
  });
});

it("ids are llama.cpp's (llama.h, llama_ftype)", () => {
  expect(fileTypeId(DEFAULT_RUNGS.high)).toBe(15);
  expect(fileTypeId(DEFAULT_RUNGS.low)).toBe(31);
  expect(fileTypeId('Q8_0')).toBe(7);
  expect(fileTypeId('IQ2_XXS')).toBe(19);
  expect(new Set(RUNGS.map(fileTypeId)).size).toBe(RUNGS.length);
});
