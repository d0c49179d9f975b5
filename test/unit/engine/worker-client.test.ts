import { join } from 'node:path';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { chatContract, type ChatWorker } from '../../../src-main/contract/workers/chat.ts';
import { pictureContract } from '../../../src-main/contract/workers/picture.ts';
import { readContract } from '../../../src-main/contract/workers/read.ts';
import {
  defineMethod,
  defineWorker,
  type WorkerServer,
} from '../../../src-main/contract/workers/worker-contract.ts';
import { startWorker } from '../../../src-main/engine/worker-client.ts';
import { LOAD_GRACE_MILLISECONDS, startChatWorker } from '../../../src-main/engine/workers.ts';
import { FakeWorkers, type FakeCall } from '../../helpers/fake-workers.ts';
import { rejected } from '../../helpers/thrown.ts';
import { until } from '../../helpers/until.ts';
import { answeringContract } from '../../helpers/workers/answering-contract.ts';

const answering = join(import.meta.dirname, '../../helpers/workers/answering.ts');

/** The process that answers, asked by a contract that may not be its own. */
function asked<Contract extends typeof answeringContract>(contract: Contract) {
  const worker = startWorker(contract, answering);
  onTestFinished(() => worker.close());
  return worker;
}

const statistics = {
  promptTokens: 1,
  reusedTokens: 0,
  encodedImages: 0,
  encodeSeconds: 0,
  promptSeconds: 1,
  answerTokens: 1,
  answerSeconds: 1,
  contextTokens: 512,
};
const answer = { text: 'A mug', reason: 'end', statistics, pictures: [] };
const question = { text: 'What is it?', pictures: [], maxTokens: 8, temperature: 0, seed: 0 };

function chatThat(play: (call: FakeCall<typeof chatContract>) => unknown): ChatWorker {
  const worker = startChatWorker(new FakeWorkers<typeof chatContract>(play).start);
  onTestFinished(() => worker.close());
  return worker;
}

describe('a worker by its contract', () => {
  it('is asked by its methods, and answers and tells what they say', async () => {
    const worker = asked(answeringContract);
    const heard: number[] = [];
    expect(await worker.count(3, { onEvent: (event) => heard.push(event) })).toBe('counted');
    expect(heard).toEqual([1, 2, 3]);
    expect(await worker.pid()).toBeGreaterThan(0);
    expectTypeOf(worker.double).parameter(0).toEqualTypeOf<number>();
    expectTypeOf(worker.pid).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf<WorkerServer<typeof answeringContract>['double']>().parameter(0).toEqualTypeOf<number>();
  });

  it('that is asked what does not fit refuses it, and says where', async () => {
    // a caller of another version, to whom a word can be doubled
    const wrong = defineWorker('answering', {
      ...answeringContract.methods,
      double: defineMethod({ argument: z.unknown(), result: z.number() }),
    });
    const worker = startWorker(wrong, answering);
    onTestFinished(() => worker.close());
    expect(await rejected(worker.double('two'))).toMatchObject({
      code: 'BUG',
      message: expect.stringMatching(
        /^the argument of answering\.double is not as agreed: .*number/,
      ) as string,
    });
    expect(await worker.double(2)).toBe(4);
  });

  it('that is asked what it cannot do says so', async () => {
    const contract = defineWorker('answering', {
      toString: defineMethod({ argument: z.undefined(), result: z.undefined() }),
      fly: defineMethod({ argument: z.undefined(), result: z.undefined() }),
    });
    const worker = startWorker(contract, answering);
    onTestFinished(() => worker.close());
    expect((await rejected(worker.fly())).message).toBe('the answering worker has no method fly');
    expect((await rejected(worker.toString())).code).toBe('BUG');
  });

  it('names the path of what is wrong in an argument, and not its value', async () => {
    const { start } = new FakeWorkers<typeof chatContract>(() => answer);
    const worker = startWorker(
      defineWorker('chat', { send: defineMethod({ argument: z.unknown(), result: z.unknown() }) }),
      'chat',
      (entry) => start(entry, chatContract),
    );
    onTestFinished(() => worker.close());
    const sentAs = [{ width: 28, height: 'a secret' }];
    const { code, message } = await rejected(worker.send({ ...question, sentAs }));
    expect(code).toBe('BUG');
    expect(message).toContain('the argument of chat.send is not as agreed: sentAs.0.height: ');
    expect(message).not.toContain('secret');
  });
});

describe('what a worker answers', () => {
  it('is not believed when it does not fit', async () => {
    const worker = chatThat(() => ({ ...answer, statistics: { ...statistics, answerTokens: 'many' } }));
    expect(await rejected(worker.send(question))).toMatchObject({
      code: 'BUG',
      message: expect.stringMatching(
        /^the result of chat\.send is not as agreed: statistics\.answerTokens: .*number/,
      ) as string,
    });
    expect(worker.isOver).toBe(false);
  });

  it('comes without what nobody agreed on', async () => {
    const worker = chatThat(() => ({ ...answer, surplus: 1 }));
    expect(await worker.send(question)).toEqual(answer);
  });

  it('and tells on the way is not believed either: the call ends, and its work with it', async () => {
    let stopped = false;
    const worker = chatThat(({ method, emit, signal }) => {
      if (method !== 'send') return undefined;
      signal.addEventListener('abort', () => (stopped = true));
      emit({ kind: 'text', text: 'A ' });
      // @ts-expect-error -- what no worker of ours says
      emit({ kind: 'text', text: 7 });
      return new Promise(() => undefined);
    });
    const heard: unknown[] = [];
    const error = await rejected(worker.send(question, { onEvent: (event) => heard.push(event) }));
    expect(error).toMatchObject({
      code: 'BUG',
      message: expect.stringMatching(/^an event of chat\.send is not as agreed: text: /) as string,
    });
    expect(heard).toEqual([{ kind: 'text', text: 'A ' }]);
    await until(() => stopped);
  });

  it('tells nothing where nothing was agreed', async () => {
    const worker = chatThat(({ method, emit }) => {
      if (method === 'restore') (emit as (event: unknown) => void)('what?');
      return undefined;
    });
    const call = worker.restore({ systemPrompt: '', turns: [] }, { onEvent: () => undefined });
    expect((await rejected(call)).message).toContain('an event of chat.restore');
  });

  it('is a bug of whoever listens when a listener fails, and nobody else hears it', async () => {
    const worker = asked(answeringContract);
    const failing = () => {
      throw new TypeError('no ears');
    };
    await expect(worker.count(3, { onEvent: failing })).rejects.toThrow('no ears');
    expect(await worker.double(1)).toBe(2);
  });
});

describe('contracts', () => {
  it('pass bytes on as they are, however many', () => {
    const { argument, result } = pictureContract.methods.prepare;
    const bytes = new Uint8Array(64 * 2 ** 20);
    expect(argument.parse({ bytes, name: 'a' }).bytes).toBe(bytes);
    expect(result.parse({ width: 1, height: 1, converted: bytes, notes: [] }).converted).toBe(bytes);
    expect(argument.safeParse({ bytes: [1, 2, 3], name: 'a' }).success).toBe(false);
  });

  it('say which files a call reads, and which model it loads', () => {
    const { open, openToCount } = chatContract.methods;
    const request = { modelPath: '/a.gguf', mmprojPath: '/m.gguf', contextTokens: 512, threads: 1 };
    expect(open.reads?.(request)).toEqual(['/a.gguf', '/m.gguf']);
    expect(open.loads?.(request)).toBe('/a.gguf');
    expect(openToCount).not.toHaveProperty('loads');
    expect(readContract.methods.fits.reads?.({ path: '/a.gguf', mmprojPath: '/m.gguf' })).toEqual([
      '/a.gguf',
      '/m.gguf',
    ]);
  });
});

it('a model that does not hear that its loading was stopped is ended after its grace', async () => {
  const workers = new FakeWorkers<typeof chatContract>(() => new Promise(() => undefined));
  const abort = new AbortController();
  const worker = startChatWorker(workers.start);
  const opened = worker.open(
    { modelPath: '/a.gguf', contextTokens: 512, threads: 1 },
    { signal: abort.signal, grace: () => LOAD_GRACE_MILLISECONDS },
  );
  abort.abort();
  expect((await rejected(opened)).code).toBe('CANCELLED');
  expect(workers.alive).toEqual([]);
});
