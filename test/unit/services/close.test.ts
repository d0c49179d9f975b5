import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readContract } from '../../../src-main/contract/workers/read.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { forkWorker } from '../../../src-main/engine/fork-worker.ts';
import { Chat } from '../../../src-main/services/chat.ts';
import { errorsIn, WorkingParts } from '../../../src-main/services/closing.ts';
import { FitJobs } from '../../../src-main/services/fit-jobs.ts';
import { ModelReader } from '../../../src-main/services/model-reader.ts';
import { ModelsFolder } from '../../../src-main/services/folder.ts';
import { Library } from '../../../src-main/services/library.ts';
import { PictureProcess } from '../../../src-main/services/picture-process.ts';
import { openServices } from '../../../src-main/services/services.ts';
import { ConversationRepository } from '../../../src-main/store/conversations.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { DraftRepository } from '../../../src-main/store/drafts.ts';
import { FitJobRepository } from '../../../src-main/store/fit-jobs.ts';
import { PictureRepository } from '../../../src-main/store/pictures.ts';
import { FakeWorker, FakeWorkers } from '../../helpers/fake-workers.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { until } from '../../helpers/until.ts';

/** A process that takes no notice of anything but being killed. */
class DeafWorker extends FakeWorker {
  override post(): void {
    // hears nothing
  }
}

afterEach(() => vi.restoreAllMocks());

const heardErrors = () => process.listenerCount('uncaughtExceptionMonitor');
/** Throws when it is still open here. */
const opensAgain = (home: string) => openStore(home).close();
const fails = (what: string) => () => {
  throw new SnugError('CANNOT_WRITE', `${what} failed`);
};

it('Snug ends soon whatever runs, with processes that hear nothing, and leaves none behind', async () => {
  const workers: DeafWorker[] = [];
  const services = await openServices({
    home: temporaryFolder(),
    door: 'browser',
    start: (entry, contract) => {
      // models are chosen from what was read of them
      if (contract === readContract) return forkWorker(entry);
      const worker = new DeafWorker(contract, () => undefined);
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

describe('an opening that fails', () => {
  it.each([
    ['the folder of the models', () => vi.spyOn(ModelsFolder.prototype, 'prepare')],
    ['the list of fits', () => vi.spyOn(FitJobRepository.prototype, 'interrupted')],
    ['answers that were cut', () => vi.spyOn(ConversationRepository.prototype, 'recoverInterrupted')],
    ['removed conversations', () => vi.spyOn(ConversationRepository.prototype, 'purgeRemoved')],
    ['drafts', () => vi.spyOn(DraftRepository.prototype, 'purge')],
    ['pictures', () => vi.spyOn(PictureRepository.prototype, 'sweep')],
    ['a move that was cut', () => vi.spyOn(ModelsFolder.prototype, 'finishInterrupted')],
    ['removed models', () => vi.spyOn(Library.prototype, 'emptyTrash')],
    ['the model that Snug comes with', () => vi.spyOn(Library.prototype, 'register')],
    ['a fit that goes on', () => vi.spyOn(FitJobs.prototype, 'resumeClosed')],
  ])('at %s leaves nothing open', async (what, spy) => {
    const home = temporaryFolder();
    const before = heardErrors();
    const workers = new FakeWorkers(() => new Promise(() => undefined));
    spy().mockImplementation(fails(what));
    const opened = openServices({ home, door: 'browser', start: workers.start });
    await expect(opened).rejects.toMatchObject({ code: 'CANNOT_WRITE', message: `${what} failed` });
    expect(heardErrors()).toBe(before);
    expect(workers.alive).toEqual([]);
    opensAgain(home);
  });

  it('at the store leaves nothing open', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'no folder');
    const before = heardErrors();
    await expect(openServices({ home: file, door: 'browser' })).rejects.toBeInstanceOf(SnugError);
    expect(heardErrors()).toBe(before);
  });

  it('and then to close says why it failed first', async () => {
    vi.spyOn(FitJobs.prototype, 'resumeClosed').mockImplementation(fails('opening'));
    vi.spyOn(Chat.prototype, 'close').mockImplementation(fails('closing'));
    const home = temporaryFolder();
    const { start } = new FakeWorkers(() => new Promise(() => undefined));
    const error: unknown = await openServices({ home, door: 'browser', start }).catch((one: unknown) => one);
    expect(errorsIn(error).map((one) => (one as Error).message)).toEqual([
      'opening failed',
      'closing failed',
    ]);
    opensAgain(home);
  });
});

describe('a close that fails', () => {
  const open = async () => {
    const home = temporaryFolder();
    const workers = new FakeWorkers(() => new Promise(() => undefined));
    const services = await openServices({ home, door: 'browser', start: workers.start });
    return { home, workers, services };
  };

  it.each([
    ['the folder', ModelsFolder],
    ['fits', FitJobs],
    ['the chat', Chat],
    ['pictures', PictureProcess],
    ['the reader of models', ModelReader],
  ])('at %s leaves the store closed and no process', async (what, { prototype }) => {
    const before = heardErrors();
    const { home, workers, services } = await open();
    vi.spyOn(prototype, 'close').mockImplementation(fails(what));
    await expect(services.close()).rejects.toMatchObject({ message: `${what} failed` });
    expect(heardErrors()).toBe(before);
    expect(workers.alive).toEqual([]);
    opensAgain(home);
  });

  it('tells of all that failed, each time it is asked', async () => {
    const { home, services } = await open();
    vi.spyOn(Chat.prototype, 'close').mockRejectedValue(new Error('the chat hangs'));
    vi.spyOn(FitJobs.prototype, 'close').mockImplementation(fails('the fit'));
    await expect(services.close()).rejects.toThrow(
      /the fit failed; the chat hangs|the chat hangs; the fit failed/,
    );
    await expect(services.close()).rejects.toThrow(/the fit failed/);
    opensAgain(home);
  });

  it('closes the other parts side by side', async () => {
    const closed: string[] = [];
    const parts = new WorkingParts({ kill: () => closed.push('killed') });
    const slow = Promise.withResolvers<undefined>();
    parts.use({ close: () => slow.promise.then(() => void closed.push('slow')) });
    parts.use({
      close: () => {
        closed.push('quick');
        slow.resolve(undefined);
        return Promise.reject(new Error('no'));
      },
    });
    await expect(parts[Symbol.asyncDispose]()).rejects.toThrow('no');
    expect(closed).toEqual(['quick', 'slow', 'killed']);
  });
});
