import { expect, it, onTestFinished, vi } from 'vitest';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import type { Memory } from '../../../src-main/contract/fit-report.ts';
import { CancelledError, SnugError } from '../../../src-main/contract/errors.ts';
import type { FitEvent } from '../../../src-main/contract/workers/compress.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import type { FitService } from '../../../src-main/services/fit-service.ts';
import { FitJobs } from '../../../src-main/services/fit-jobs.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { fitStart, runningJob, temporaryStore } from '../../helpers/store-parts.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const memory = {} as Memory;
type Parts = ConstructorParameters<typeof FitJobs>[0];

/** Fits of a model that is said to be there, with a store that takes no more once `full` says so. */
function jobsWith(
  full: { now: boolean },
  tellAndEnd: (onEvent: (event: FitEvent) => void) => Promise<never>,
  preview?: FitService['preview'],
  fit: FitService['fit'] = (_request, { onEvent = () => undefined } = {}) => tellAndEnd(onEvent),
) {
  const { fitJobs } = temporaryStore();
  const events = new EventBus();
  const heard: FitJob[] = [];
  untilTestEnds(
    events.listen((event) => {
      if (event.name === 'fits.changed') heard.push(event.data);
    }),
  );
  const model = {
    id: fitStart.modelId,
    name: 'Demo-VL',
    bytes: 1,
    parameters: 1,
    path: '/models/demo.gguf',
    mmprojPath: undefined,
  };
  const done: string[] = [];
  const activity = new Activity(events);
  const release = () => {
    done.push('freed');
    return Promise.reject(new SnugError('BUSY', 'a model is answering'));
  };
  const keeping = activity.keep({ release });
  onTestFinished(() => keeping[Symbol.dispose]());
  const jobs = new FitJobs({
    home: temporaryFolder(),
    fits: {
      fit,
      preview,
    } as unknown as FitService,
    jobs: {
      list: () => fitJobs.list(),
      get: (id: string) => fitJobs.get(id),
      save: (...given: Parameters<typeof fitJobs.save>) => {
        if (full.now) throw new SnugError('DISK_FULL', 'the disk is full');
        fitJobs.save(...given);
      },
    } as Parts['jobs'],
    library: { entry: () => model, usable: () => model } as unknown as Parts['library'],
    folder: { current: '/models', isOwn: true, requireReady: () => undefined },
    laptop: { read: () => Promise.resolve({ laptop: ordinaryLaptop() }) } as unknown as Parts['laptop'],
    settings: { current: { threads: null } } as Parts['settings'],
    events,
    activity,
  });
  return { jobs, heard, fitJobs, done, activity };
}

it('a fit begins with no other model in memory, where that can be had', async () => {
  const began = Promise.withResolvers<undefined>();
  const { jobs, done } = jobsWith({ now: false }, () => {
    began.resolve(undefined);
    return Promise.reject(new SnugError('CANCELLED', 'cancelled'));
  });
  await jobs.start(fitStart);
  await began.promise;
  expect(done).toEqual(['freed']);
});

it('a fit does not begin where the store can keep no note of it', async () => {
  const { jobs, activity } = jobsWith({ now: true }, () => Promise.reject(new Error('it began')));
  await expect(jobs.start(fitStart)).rejects.toMatchObject({ code: 'DISK_FULL' });
  expect(activity.isUsed('fit')).toBe(false);
});

it('a fit whose progress finds no room in the store goes on, and the window hears why', async () => {
  const full = { now: false };
  let said: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (said = resolve));
  const { jobs, heard } = jobsWith(full, async (onEvent) => {
    await Promise.resolve();
    full.now = true;
    // as from a worker's message: what is thrown here nobody catches
    expect(() => onEvent({ kind: 'plan', low: [1, 2, 3], layerRungs: ['Q4_K_M'], memory })).not.toThrow();
    said();
    throw new SnugError('WORKER_DIED', 'it ended');
  });
  await jobs.start(fitStart);
  await ended;
  await jobs.close();
  expect(heard.find(({ lowLayers }) => lowLayers === 3)).toMatchObject({ error: { code: 'DISK_FULL' } });
});

it('previews run one at a time, and the same one once for all who ask', async () => {
  let running = 0;
  let most = 0;
  const asked: (boolean | undefined)[] = [];
  const preview = async (_request: unknown, measure?: boolean) => {
    asked.push(measure);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return {
      rungs: [],
      byLowLayers: [],
      savings: [],
      source: {},
      contextTokens: 1024,
      threads: 2,
      calibration: null,
    } as never;
  };
  const { jobs } = jobsWith({ now: false }, () => Promise.reject(new Error('no fit')), preview);
  const modelId = fitStart.modelId;
  const wanted = [1024, 1024, 2048, 1024, 2048, 4096].map((contextTokens) =>
    jobs.preview({ modelId, contextTokens }),
  );
  expect(await Promise.all(wanted)).toHaveLength(6);
  expect(asked).toHaveLength(3);
  expect(most).toBe(1);
});

it('a failed fit is put away when a person has read why, and stays so', async () => {
  const { jobs, heard } = jobsWith({ now: false }, () => Promise.reject(new SnugError('DOES_NOT_FIT', 'no')));
  const { id } = await jobs.start(fitStart);
  await jobs.close();
  await vi.waitFor(async () => expect((await jobs.list())[0]).toMatchObject({ id, state: 'failed' }));
  expect(await jobs.cancel({ jobId: id })).toMatchObject({ id, state: 'cancelled' });
  expect(heard.at(-1)).toMatchObject({ id, state: 'cancelled' });
  expect((await jobs.list())[0]).toMatchObject({ id, state: 'cancelled' });
});

it('warns before starting where less memory is free than the result takes when it is tried', async () => {
  const { jobs } = jobsWith({ now: false }, () => Promise.reject(new Error('no fit')));
  const { availableBytes } = ordinaryLaptop().memory;
  const warnings = (budgetBytes: number) => jobs.warnings({ ...fitStart, budgetBytes });
  expect(await warnings(availableBytes)).toEqual([]);
  expect((await warnings(availableBytes + 1)).join()).toContain('of memory is free now');
});

it('a fit that Snug is closed over goes on at the next start, and one that was paused does not', async () => {
  let begun = 0;
  const untilStopped: FitService['fit'] = (_, { signal } = {}) => {
    begun++;
    return new Promise((_resolve, reject) => {
      const stop = () => reject(new CancelledError());
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop);
    });
  };
  const { jobs, fitJobs } = jobsWith(
    { now: false },
    () => Promise.reject(new Error('replaced')),
    undefined,
    untilStopped,
  );
  const paused = await jobs.start(fitStart);
  await jobs.pause({ jobId: paused.id });
  const running = await jobs.start(fitStart);
  await jobs.close();
  expect(begun).toBe(2);

  const interrupted = fitJobs.interrupted();
  expect(interrupted.map(({ id }) => id)).toEqual([running.id]);
  await jobs.resumeClosed(interrupted);
  await vi.waitFor(() => expect(begun).toBe(3));
  expect(fitJobs.get(running.id).job.state).toBe('running');
  expect(fitJobs.get(paused.id).job.state).toBe('paused');
  await jobs.close();
});

it('a fit that was running when Snug was killed waits to be resumed', async () => {
  const { jobs, fitJobs } = jobsWith({ now: false }, () => Promise.reject(new Error('it began')));
  const killed = runningJob('killed');
  expect(killed.progress).not.toBeNull();
  fitJobs.save(killed, fitStart);
  await jobs.resumeClosed(fitJobs.interrupted());
  expect(fitJobs.get(killed.id).job.state).toBe('paused');
});
