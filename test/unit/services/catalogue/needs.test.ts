import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../../src-main/models/catalogue.ts';
import { estimatedSizes, needsOf } from '../../../../src-main/services/catalogue/needs.ts';
import { judge } from '../../../../src-main/services/catalogue/verdict.ts';
import { GiB, machine } from './machines.ts';

const entryOf = (id: string) => {
  const entry = readCatalogue().find((one) => one.id === id);
  if (!entry) throw new Error(`no ${id}`);
  return entry;
};

// as the planner has them for files of these shapes in F16, on a processor that arranges no weights anew; a context of 4096
it.each([
  [
    'qwen2.5-vl-3b',
    { unfitted: 8_937_125_920, most: 4_688_711_712, least: 3_650_162_720, files: 7_515_111_552 },
  ],
  [
    'qwen2.5-vl-7b',
    { unfitted: 18_157_627_424, most: 7_602_847_776, least: 5_162_086_432, files: 16_590_383_712 },
  ],
])('%s is estimated to a few percent', (id, exact) => {
  const { unfittedBytes, fit, downloadBytes } = estimatedSizes(entryOf(id), 'F16', 4096);
  const near = (estimated: number | undefined, bytes: number) =>
    expect(Math.abs((estimated ?? 0) / bytes - 1)).toBeLessThan(0.03);
  near(unfittedBytes, exact.unfitted);
  near(fit?.mostBytes, exact.most);
  near(fit?.leastBytes, exact.least);
  near(downloadBytes, exact.files);
});

describe('what a model needs', () => {
  const sizes = {
    exact: true,
    downloadBytes: 16 * GiB,
    parameters: 8e9,
    unfittedBytes: 18 * GiB,
    fit: { leastBytes: 5 * GiB, mostBytes: 8 * GiB, workBytes: 9 * GiB, resultBytes: 5 * GiB },
  };

  it('of disk is most when the fit ends: download, work and result', () => {
    expect(needsOf(sizes, machine(16, 50)).disk).toEqual({
      freeBytes: 50 * GiB,
      peakBytes: 30 * GiB,
      work: null,
    });
  });

  it('of two disks is told of each', () => {
    const disk = { freeBytes: 50 * GiB, workFreeBytes: 10 * GiB };
    expect(needsOf(sizes, machine(16, 50, { disk })).disk).toEqual({
      freeBytes: 50 * GiB,
      peakBytes: 21 * GiB,
      work: { freeBytes: 10 * GiB, peakBytes: 9 * GiB },
    });
  });

  it('of time is told once the network was measured', () => {
    expect(needsOf(sizes, machine(16, 50)).downloadSeconds).toBeNull();
    const measured = needsOf(sizes, machine(16, 50, { bytesPerSecond: 16 * 2 ** 20 }));
    expect(measured.downloadSeconds).toBe(1024);
    expect(measured.fitTime?.seconds).toBeGreaterThan(60);
  });
});

describe('the verdict', () => {
  const verdict = (id: string, memory: number, disk = 200) =>
    judge(needsOf(estimatedSizes(entryOf(id), 'F16', 4096), machine(memory, disk)));

  it.each([
    ['qwen2.5-vl-3b', 16, 'fits', 'needs no fit'],
    ['qwen2.5-vl-7b', 32, 'fits', 'needs no fit'],
    ['qwen2.5-vl-7b', 16, 'fits-with-fit', 'Fitted it takes about 7.'],
    ['qwen2.5-vl-3b', 8, 'fits-with-fit', 'Fitted it takes about 4.'],
    ['qwen2.5-vl-7b', 8, 'fits-with-fit', 'with some layers ultra-low'],
    ['qwen2.5-vl-3b', 5.5, 'fits-with-fit', 'close other programs'],
    ['qwen2.5-vl-7b', 4, 'too-large', 'even with all layers ultra-low'],
  ] as const)('on %s with %s GiB of memory is “%s”', (id, memory, kind, words) => {
    const { reason, ...told } = verdict(id, memory);
    expect(told).toEqual({ kind });
    expect(reason).toContain(words);
  });

  it('is for the disk before the button is pressed, too', () => {
    expect(verdict('qwen2.5-vl-7b', 16, 10)).toMatchObject({
      kind: 'too-large',
      reason: expect.stringContaining('The download takes about 15') as string,
    });
    expect(verdict('qwen2.5-vl-7b', 16, 20)).toMatchObject({
      kind: 'too-large',
      reason: expect.stringContaining('Download and fit take about 2') as string,
    });
    // what runs as it is needs no room for a fit
    expect(verdict('qwen2.5-vl-7b', 32, 20).kind).toBe('fits');
  });

  it('of what cannot be fitted is for its file alone', () => {
    const sizes = { exact: true, downloadBytes: GiB, parameters: 1e9, fit: null };
    const of = (gibibytes: number) =>
      judge(needsOf({ ...sizes, unfittedBytes: gibibytes * GiB }, machine(16, 100)));
    expect(of(11)).toMatchObject({ kind: 'fits' });
    expect(of(13).reason).toContain('close other programs');
    expect(of(15)).toMatchObject({
      kind: 'too-large',
      reason:
        'It takes 15.00 GiB of memory, and it cannot be fitted; this laptop can spare 14.00 GiB at most.',
    });
  });
});
