import { describe, expect, it, onTestFinished } from 'vitest';
import type { OpenChatRequest } from '../../../src-main/contract/chat.ts';
import type { LoadedModelView } from '../../../src-main/contract/conversation.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { LoadedModel } from '../../../src-main/services/loaded-model.ts';
import type { chatContract } from '../../../src-main/contract/workers/chat.ts';
import { FakeWorkers, openedAs, type FakeCall } from '../../helpers/fake-workers.ts';
import { rejected } from '../../helpers/thrown.ts';
import { until } from '../../helpers/until.ts';

const request = (modelPath: string): OpenChatRequest => ({ modelPath, contextTokens: 512, threads: 1 });

const scaled = { pictures: [{ width: 28, height: 28, tokens: 1 }], dropped: 0 };
const scaling = { usual: scaled, more: scaled };

function setUp(
  idleMilliseconds?: number,
  play: (call: FakeCall<typeof chatContract>) => unknown = () => undefined,
) {
  const workers = new FakeWorkers<typeof chatContract>(async (call) => {
    const played = await play(call);
    if (played !== undefined || call.method === 'restore') return played;
    return call.method === 'scalePictures' ? scaling : openedAs({ memoryBytes: 7 });
  });
  const told: (LoadedModelView | null)[] = [];
  const model = new LoadedModel(workers.start, (loaded) => told.push(loaded), idleMilliseconds);
  onTestFinished(() => model.close());
  const open = (path: string, signal?: AbortSignal) =>
    model.use((used) => used.open(request(path), signal ? { signal } : {}));
  return { model, workers, told, open };
}

describe('the model in memory', () => {
  it('leaves it when nobody has used it for a while', async () => {
    const { workers, told, open } = setUp(5);
    await open('/a.gguf');
    await until(() => told.at(-1) === null);
    expect(workers.alive).toEqual([]);
    expect(told).toEqual([{ path: '/a.gguf', memoryBytes: 7 }, null]);
  });

  it('is ended when it does not hear that its loading was stopped, and nothing stays', async () => {
    const abort = new AbortController();
    const { model, workers, told, open } = setUp(undefined, ({ method }) => {
      if (method !== 'open') return undefined;
      abort.abort();
      // as a process that waits for its disk
      return new Promise(() => undefined);
    });
    expect((await rejected(open('/a.gguf', abort.signal))).code).toBe('CANCELLED');
    expect(workers.alive).toEqual([]);
    expect(model.loaded).toBeNull();
    expect(told).toEqual([]);
  });

  it('is none after one that could not be loaded', async () => {
    const { workers, told, open } = setUp(undefined, ({ method, argument }) => {
      if (method === 'open' && argument.modelPath === '/broken.gguf')
        throw new SnugError('MODEL_LOAD', 'it is broken');
      return undefined;
    });
    await open('/a.gguf');
    await rejected(open('/broken.gguf'));
    expect(workers.alive).toEqual([]);
    expect(told.at(-1)).toBeNull();
  });

  it('is counted with where it is the one asked for, and stays where it is not', async () => {
    const { model, workers, open } = setUp();
    await open('/a.gguf');
    const { signal } = new AbortController();
    const count = (path: string) =>
      model.use(async (used) => {
        await used.openToCount(request(path), { signal });
        await used.remember('so far', () => ({ systemPrompt: '', turns: [] }));
        return used.scalePictures({ text: '', pictures: ['/picture.png'] });
      });
    expect(await count('/a.gguf')).toEqual(scaling);
    expect(workers.all.map(({ asked }) => asked)).toEqual([['open', 'restore', 'scalePictures']]);
    expect(await count('/b.gguf')).toEqual(scaling);
    expect(await count('/b.gguf')).toEqual(scaling);
    expect(workers.alive.map(({ asked }) => asked)).toEqual([
      ['open', 'restore', 'scalePictures'],
      ['openToCount', 'restore', 'scalePictures', 'scalePictures'],
    ]);
    expect(model.loaded?.path).toBe('/a.gguf');
    await open('/b.gguf');
    expect(workers.alive.map(({ asked }) => asked)).toEqual([['open']]);
  });
});
