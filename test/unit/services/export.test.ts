import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExportProgress } from '../../../src-main/contract/export.ts';
import type { FitJob } from '../../../src-main/contract/fit-job.ts';
import { readPair } from '../../../src-main/export/read-pair.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { Exports } from '../../../src-main/services/export.ts';
import { writeFitted } from '../../helpers/fitted-files.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';

function open(jobs: readonly Pick<FitJob, 'outputId' | 'report'>[] = []) {
  const { model, mmproj } = writeFitted(temporaryFolder());
  const events = new EventBus();
  const told: (ExportProgress | null)[] = [];
  untilTestEnds(
    events.listen((event) => {
      if (event.name === 'exports.changed') told.push(event.data);
    }),
  );
  const activity = new Activity(events);
  const exports = new Exports({
    library: { usable: (id) => ({ id, path: model, mmprojPath: mmproj, name: 'Small', builtIn: false }) },
    reader: { pairFacts: ({ path, mmprojPath }) => Promise.resolve(readPair(path, mmprojPath ?? undefined)) },
    jobs: { list: () => jobs as FitJob[] },
    activity,
    events,
  });
  return { exports, activity, told, folder: temporaryFolder() };
}

describe('a model that leaves', () => {
  it('lies in a folder of its own, and the window hears how far it is', async () => {
    const { exports, folder, told } = open();
    const { folder: made, files } = await exports.write({ id: 'm', folder });
    expect(made).toBe(join(folder, 'Small-LUQ'));
    expect(readdirSync(made).sort()).toEqual([...files].sort());
    expect(told[0]).toMatchObject({ modelId: 'm', folder: made });
    expect(told.at(-1)).toBeNull();
    expect(await exports.running()).toBeNull();
  });

  it('tells what an earlier fit measured', async () => {
    const none = { tokens: 1, meanKld: 0.5, medianKld: 0, p90Kld: 0, p99Kld: 0, topAgreement: 0.5 };
    const image = { ...none, perplexity: null, sourcePerplexity: null };
    const report = {
      check: { image, text: null, answers: null },
      files: { luq: { tokensPerSecond: 3, promptTokensPerSecond: null, peakMemoryBytes: null } },
      profile: { cpu: { brand: 'Some CPU' } },
    } as unknown as FitJob['report'];
    const { exports, folder } = open([{ outputId: 'm', report }]);
    const { folder: made } = await exports.write({ id: 'm', folder });
    expect(readFileSync(join(made, 'README.md'), 'utf8')).toContain('0.5000 nats');
  });

  it('does not when it is stopped, and leaves nothing behind', async () => {
    const { exports, folder } = open();
    const work = rejected(exports.write({ id: 'm', folder }));
    await exports.cancel();
    expect((await work).code).toBe('CANCELLED');
    expect(existsSync(join(folder, 'Small-LUQ'))).toBe(false);
  });

  it('goes one at a time, and not while the models move', async () => {
    const { exports, activity, folder } = open();
    const first = exports.write({ id: 'm', folder });
    expect((await rejected(exports.write({ id: 'm', folder: join(folder, 'b') }))).code).toBe('BUSY');
    await first;
    using _move = activity.use('move');
    expect((await rejected(exports.write({ id: 'm', folder: join(folder, 'c') }))).code).toBe('BUSY');
  });

  it('goes to a folder that is named in full', async () => {
    const { exports } = open();
    expect((await rejected(exports.write({ id: 'm', folder: 'here' }))).message).toContain('part of a path');
  });
});
