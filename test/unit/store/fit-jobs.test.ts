import { describe, expect, it } from 'vitest';
import type { FitReport } from '../../../src-main/contract/fit-report.ts';
import { fitStart, runningJob, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

describe('a fit', () => {
  it('is read back as it was saved last, with what it was started with', () => {
    const folder = temporaryFolder();
    const store = temporaryStore(folder);
    const running = runningJob('one');
    store.fitJobs.save(running, fitStart);
    expect(store.fitJobs.get('one')).toEqual({ job: running, start: fitStart });
    const failed = {
      ...running,
      state: 'failed',
      progress: null,
      share: 1,
      secondsLeft: null,
      lowLayers: 12,
      error: {
        name: 'SnugError',
        code: 'DISK_FULL',
        message: 'the disk is full',
        advice: 'Free some space.',
      },
      // its form is the contract's, and tested there; here only that it comes back
      report: { version: 1, warnings: ['on battery'] } as unknown as FitReport,
      outputId: 'fitted',
      endedAt: '2026-05-01T11:00:00.000Z',
    } as const;
    store.fitJobs.save(failed, { ...fitStart, compare: false });
    store.close();
    const { fitJobs } = temporaryStore(folder);
    expect(fitJobs.get('one')).toEqual({ job: failed, start: { ...fitStart, compare: false } });
    expect(fitJobs.list()).toEqual([failed]);
  });

  it('is listed newest first', () => {
    const { fitJobs } = temporaryStore();
    for (const [id, day] of [
      ['second', '02'],
      ['third', '03'],
      ['first', '01'],
    ] as const) {
      fitJobs.save(runningJob(id, `2026-05-${day}T10:00:00.000Z`), fitStart);
    }
    expect(fitJobs.list().map(({ id }) => id)).toEqual(['third', 'second', 'first']);
  });

  it('that was running when the app ended is paused at what it had reached', () => {
    const { fitJobs } = temporaryStore();
    const done = { ...runningJob('done'), state: 'done' } as const;
    fitJobs.save(runningJob('cut'), fitStart);
    fitJobs.save(done, fitStart);
    const paused = { ...runningJob('cut'), state: 'paused', secondsLeft: null };
    expect(fitJobs.interrupted()).toEqual([paused]);
    expect(fitJobs.get('cut').job).toEqual(paused);
    expect(fitJobs.get('done').job).toEqual(done);
    expect(fitJobs.interrupted()).toEqual([]);
  });

  it('that is not there is said to be missing', () => {
    const { fitJobs } = temporaryStore();
    expect(thrown(() => fitJobs.get('none')).message).toBe('there is no such fit');
  });
});
