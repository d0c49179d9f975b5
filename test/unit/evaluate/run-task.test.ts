import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SendRequest, SentAnswer } from '../../../src-main/contract/chat.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { KeptAnswers } from '../../../src-main/evaluate/kept-answers.ts';
import { type Ask, askWorker, runTask } from '../../../src-main/evaluate/run-task.ts';
import type { TaskQuestion } from '../../../src-main/evaluate/tasks/task.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

const sent = (text: string, options: Partial<SentAnswer> = {}): SentAnswer => ({
  text,
  reason: 'end',
  statistics: {
    promptTokens: 10,
    reusedTokens: 0,
    encodedImages: 1,
    encodeSeconds: 0.1,
    promptSeconds: 0.1,
    answerTokens: 3,
    answerSeconds: 0.5,
    contextTokens: 512,
  },
  pictures: [],
  ...options,
});

/** A run over questions with the ids a, b, c …, that can be repeated as a command is. */
function taskOf(ids: string) {
  const folder = temporaryFolder();
  const questions: TaskQuestion[] = [...ids].map((id) => {
    const picture = join(folder, `${id}.png`);
    writeFileSync(picture, id);
    return { id, prompt: 'What is this?', picture };
  });
  const asked: string[] = [];
  const progress: [number, number][] = [];
  let opened = 0;
  const run = async (ask: Ask, some = questions, signal?: AbortSignal) => {
    asked.length = 0;
    progress.length = 0;
    opened = 0;
    using kept = KeptAnswers.open(join(folder, 'answers.jsonl'));
    return await runTask(some, kept, {
      signal,
      onProgress: (done, total) => progress.push([done, total]),
      withModel: async (work) => {
        opened++;
        await work((question) => {
          asked.push(question.id);
          return ask(question);
        });
      },
    });
  };
  return { questions, asked, progress, run, opened: () => opened };
}

const naming: Ask = (question) => Promise.resolve(sent(`it is ${question.id}`));
/** answers until it comes to a question, which goes another way */
const until =
  (id: string, then: () => Promise<SentAnswer>): Ask =>
  (question) =>
    question.id === id ? then() : naming(question);

it('every question gets its own answer', async () => {
  const { run, asked, progress } = taskOf('abc');
  const { answers, ...rest } = await run(naming);
  expect(Object.fromEntries(answers)).toEqual({ a: 'it is a', b: 'it is b', c: 'it is c' });
  expect(asked).toEqual(['a', 'b', 'c']);
  expect(progress).toEqual([
    [0, 3],
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
  expect(rest).toMatchObject({ asked: 3, cut: 0, tokensPerSecond: 6 });
});

it('what the model thought before its answer is not scored', async () => {
  const task = taskOf('a');
  const { answers } = await task.run(() => Promise.resolve(sent('<think>\nA or B?\n</think>\n\nB')));
  expect(answers.get('a')).toBe('B');
});

it('a run that died goes on with what was not answered', async () => {
  const { run, asked, progress } = taskOf('abcd');
  await rejected(run(until('c', () => Promise.reject(new SnugError('WORKER_DIED', 'it died')))));
  const { answers } = await run(naming);
  expect(asked).toEqual(['c', 'd']);
  expect(progress[0]).toEqual([2, 4]);
  expect([...answers.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
});

it('the model is not opened where nothing is left to ask', async () => {
  const { run, opened } = taskOf('ab');
  await run(naming);
  expect(opened()).toBe(1);
  expect(await run(naming)).toMatchObject({ asked: 0, tokensPerSecond: null });
  expect(opened()).toBe(0);
});

it('more questions than before are asked only for what is new', async () => {
  const { run, asked, questions } = taskOf('abcd');
  await run(naming, questions.slice(0, 3));
  await run(naming);
  expect(asked).toEqual(['d']);
});

it('an answer that was stopped half-way is not kept', async () => {
  const { run, asked } = taskOf('ab');
  const stopped = () => Promise.resolve(sent('it i', { reason: 'cancelled' }));
  expect((await rejected(run(until('b', stopped)))).code).toBe('CANCELLED');
  const { answers } = await run(naming);
  expect(asked).toEqual(['b']);
  expect(answers.get('b')).toBe('it is b');
});

it('nothing is asked after Ctrl-C', async () => {
  const { run, asked } = taskOf('abc');
  const controller = new AbortController();
  const pressed = until('b', () => {
    controller.abort();
    return Promise.resolve(sent('it is b'));
  });
  expect((await rejected(run(pressed, undefined, controller.signal))).code).toBe('CANCELLED');
  expect(asked).toEqual(['a', 'b']);
});

it('an answer that the context cut off is an error that names its question, and is not kept', async () => {
  const { run, asked, questions } = taskOf('ab');
  const error = await rejected(run(until('b', () => Promise.resolve(sent('half', { reason: 'context' })))));
  expect(error.code).toBe('CONTEXT_FULL');
  expect(error.message).toBe(
    `question b (${questions[1]?.picture as string}): its answer does not fit the context of 512 tokens`,
  );
  expect(error.remedies).toEqual([{ kind: 'fewer-picture-tokens' }]);
  await run(naming);
  expect(asked).toEqual(['b']);
});

it('a picture that an error names already is not named twice', async () => {
  const { run, questions } = taskOf('a');
  const picture = questions[0]?.picture as string;
  const damaged = new SnugError('BAD_PICTURE', `${picture} is damaged`, {
    advice: 'Mend it.',
    path: picture,
  });
  const error = await rejected(run(() => Promise.reject(damaged)));
  expect(error).toMatchObject({ code: 'BAD_PICTURE', message: `question a: ${picture} is damaged` });
  expect(error.advice).toMatch(/^Mend it\. .*kept/);
});

it('answers that were cut at the most tokens are counted, those of earlier runs too', async () => {
  const { run, questions } = taskOf('abc');
  const long = () => Promise.resolve(sent('and then', { reason: 'length' }));
  expect(await run(until('a', long), questions.slice(0, 1))).toMatchObject({ cut: 1 });
  expect(await run(until('c', long))).toMatchObject({ cut: 2, asked: 2 });
});

it('a worker is asked greedily, each question in a conversation of its own', async () => {
  const calls: [string, unknown][] = [];
  const worker: Parameters<typeof askWorker>[0] = {
    restore: (history) => {
      calls.push(['restore', history]);
      return Promise.resolve();
    },
    send: (request) => {
      calls.push(['send', request]);
      return Promise.resolve(sent('yes'));
    },
  };
  const picture = Buffer.from('bytes of a file');
  const ask = askWorker(worker, { maxTokens: 7 });
  for (const prompt of ['Is it red?', 'Is it blue?']) await ask({ id: '1', prompt, picture });
  const asked = (text: string): [string, unknown][] => [
    ['restore', { systemPrompt: '', turns: [] }],
    [
      'send',
      {
        text,
        pictures: [picture],
        detail: 'full',
        maxTokens: 7,
        temperature: 0,
        seed: 0,
      } satisfies SendRequest,
    ],
  ];
  expect(calls).toEqual([...asked('Is it red?'), ...asked('Is it blue?')]);
});
