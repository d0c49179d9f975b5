import { expect, it } from 'vitest';
import { workerEntries } from '../../../src-main/worker-entries.ts';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import { openServices } from '../../../src-main/services/services.ts';
import { FakeWorker } from '../../helpers/fake-workers.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { until } from '../../helpers/until.ts';

/** A process that takes no notice of anything but being killed. */
class DeafWorker extends FakeWorker {
  override post(): void {
    // hears nothing
  }
}

it('Snug ends soon whatever runs, with processes that hear nothing, and leaves none behind', async () => {
  const workers: DeafWorker[] = [];
  const services = openServices({
    home: temporaryFolder(),
    door: 'browser',
    start: (entry) => {
      // models are chosen from what was read of them
      if (entry === workerEntries.read) return forkWorker(entry);
      const worker = new DeafWorker(entry, () => undefined);
      workers.push(worker);
      return worker;
    },
  });
  const { library, conversations, chat, fits, laptop, settings } = services.api;
  await settings.set({ threads: 1 });
  const [demo] = await library.list({});
  const modelId = demo?.id ?? '';
  const { id: conversationId } = await conversations.create({ modelId });
  const { answer } = await chat.send({ conversationId, text: 'What is it?', pictures: [] });
  await fits.start({ modelId, budgetBytes: 2 ** 30, contextTokens: 1024 });
  const waiting = [laptop.read({}), fits.preview({ modelId, contextTokens: 1024 })];
  const ends = Promise.allSettled(waiting);
  expect(answer.state).toBe('streaming');
  await until(() => workers.length === 4);
  expect(workers.filter(({ alive }) => alive)).toHaveLength(4);
  await services.close();
  expect(workers.filter(({ alive }) => alive)).toEqual([]);
  await ends;
}, 10_000);
