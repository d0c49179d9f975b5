import { describe, expect, it } from 'vitest';
import { choose } from '../../../../src-main/services/catalogue/choice.ts';
import { GiB, machine } from './machines.ts';

const candidate = (precision: string, gibibytes: number) => ({
  precision,
  mayBeFitted: /^(B?F16|Q8_0)$/.test(precision),
  bytes: gibibytes * GiB,
  parameters: 7.6e9,
});
const of7B = [candidate('F16', 15.5), candidate('Q8_0', 8.9), candidate('Q4_K_M', 5.6), candidate('Q2_K', 4)];

describe('the file that is taken', () => {
  it('is the best to fit from', () => {
    expect(choose(of7B, machine(16, 100))).toMatchObject({
      model: { precision: 'F16' },
      why: 'F16 is the best to fit from; Q8_0 is smaller and has lost a little.',
    });
  });

  it('is Q8_0 where the disk is short', () => {
    expect(choose(of7B, machine(16, 25))).toMatchObject({
      model: { precision: 'Q8_0' },
      why: 'F16 and its fit would take more disk than is free.',
    });
  });

  it('is Q8_0 where the network is slow', () => {
    expect(choose(of7B, machine(16, 100, { bytesPerSecond: 3e6 }))).toMatchObject({
      model: { precision: 'Q8_0' },
      why: 'F16 would take about 1.5 hours to download.',
    });
  });

  it('is the smallest to fit from where none finds room', () => {
    expect(choose(of7B, machine(16, 2))?.model.precision).toBe('Q8_0');
  });

  it('is the only one where there is one', () => {
    expect(choose(of7B.slice(1), machine(16, 100))?.why).toBe('Q8_0 is the best file there is to fit from.');
  });

  it('is the largest that runs where none may be fitted', () => {
    const quantized = of7B.slice(2);
    expect(choose(quantized, machine(16, 100))).toMatchObject({
      model: { precision: 'Q4_K_M' },
      why: 'There is no F16, BF16 or Q8_0 file to fit from; Q4_K_M is the largest that this laptop has room for.',
    });
    expect(choose(quantized, machine(9, 100))?.model.precision).toBe('Q2_K');
    expect(choose(quantized, machine(4, 100))?.why).toContain('Q2_K is the smallest');
    expect(choose([], machine(16, 100))).toBeUndefined();
  });
});
