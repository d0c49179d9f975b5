import { describe, expect, it } from 'vitest';
import { coresOf } from '../../../src-main/profile/laptop.ts';

/** What systeminformation 5.33 answers, by machine: threads, cores, "performance cores". */
describe('cores as systeminformation tells them', () => {
  it.each([
    ['Windows, 4 cores with 8 threads', { cores: 8, physicalCores: 4, performanceCores: 8 }, 4, 4],
    ['Windows, i7-12700 (8 fast, 4 slow)', { cores: 20, physicalCores: 12, performanceCores: 20 }, 12, 8],
    [
      'Windows, Core Ultra without a second thread',
      { cores: 8, physicalCores: 8, performanceCores: 8 },
      8,
      8,
    ],
    ['Intel Mac, 6 cores with 12 threads', { cores: 12, physicalCores: 6, performanceCores: 12 }, 6, 6],
    ['Linux, 4 cores with 8 threads', { cores: 8, physicalCores: 4, performanceCores: 4 }, 4, 4],
    ['Linux, i7-12700', { cores: 20, physicalCores: 12, performanceCores: 8 }, 12, 8],
    ['Apple M2', { cores: 8, physicalCores: 8, performanceCores: 4, efficiencyCores: 4 }, 8, 4],
    ['a virtual Mac, which tells no kinds', { cores: 4, physicalCores: 4, performanceCores: 0 }, 4, 4],
    ['a virtual machine with one core told', { cores: 4, physicalCores: 1, performanceCores: 4 }, 1, 1],
    ['more cores than threads', { cores: 2, physicalCores: 8, performanceCores: 8 }, 2, 2],
  ])('%s', (_, answer, physical, fast) => {
    const cores = coresOf(answer, 16);
    expect(cores).toEqual({ logicalCores: answer.cores, physicalCores: physical, performanceCores: fast });
  });

  it.each([
    {},
    { cores: 0, physicalCores: 0, performanceCores: 0 },
    { cores: NaN, physicalCores: NaN, performanceCores: NaN },
    { cores: -1, physicalCores: Infinity, performanceCores: undefined },
  ])('%j says nothing: one for each processor that this process may use', (answer) => {
    expect(coresOf(answer, 3)).toEqual({ logicalCores: 3, physicalCores: 3, performanceCores: 3 });
  });
});
