import { describe, expect, it } from 'vitest';
import { orderTrust, undecidedNote } from '../../../src-main/contract/undecided.ts';
import type { FitReport } from '../../../src-main/contract/fit-report.ts';

describe('layers that entropy does not tell apart at the cut', () => {
  const undecidedBy = 'entropy';

  it('are named as each door counts them, with why another machine may choose otherwise', () => {
    const report = { undecided: [1, 2, 5], undecidedBy } as const;
    expect(undecidedNote(report, 0)).toContain('layers 1, 2 and 5 apart at the cut');
    expect(undecidedNote(report, 1)).toContain('layers 2, 3 and 6 apart');
    expect(undecidedNote(report, 0)).toContain('build for another processor');
  });

  it('are low by chance, or for what their outputs lose', () => {
    expect(undecidedNote({ undecided: [1, 2], undecidedBy }, 0)).toContain('which of them are low is chance');
    const settled = undecidedNote({ undecided: [1, 2], undecidedBy: 'errors' }, 0);
    expect(settled).toContain('whose outputs lose least');
    expect(settled).not.toContain('chance');
  });

  it('are not spoken of where there are none', () => {
    expect(undecidedNote({ undecided: [], undecidedBy }, 0)).toBeNull();
  });
});

describe('how far an order can be trusted', () => {
  const calibration: FitReport['calibration'] = {
    ...{ set: 'built-in', alpha: 0.5, seed: 1, sequences: 1, tokens: 1, imageTokens: 0, sampledTokens: 1 },
    ...{
      clusters: 100,
      seeds: 16,
      stability: { kendallTauSeeds: 0.76, kendallTauHalves: null },
      calibratedWith: 'source' as const,
      reused: false,
    },
  };

  it('is told of many seeds by their halves', () => {
    const words = orderTrust(calibration);
    expect(words).toContain('the mean over 16 seeds');
    expect(words).toContain('between halves of the seeds: Kendall τ 0.76');
    expect(words).toContain('between halves of the tokens: not measured');
  });

  it('is told of a report of one seed as it was then', () => {
    expect(orderTrust({ ...calibration, seeds: 1 })).toContain('Order against another seed: Kendall τ 0.76');
  });
});
