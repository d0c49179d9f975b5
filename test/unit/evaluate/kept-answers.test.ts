import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AnsweredBy, answersPath, KeptAnswers } from '../../../src-main/evaluate/kept-answers.ts';
import type { TaskQuestion } from '../../../src-main/evaluate/tasks/task.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected, thrown } from '../../helpers/thrown.ts';

const answer = (text: string) => ({ answer: text, cut: false });

/** Questions 1, 2 … about pictures of their own, and where their answers go. */
function someQuestions(count: number): { path: string; questions: TaskQuestion[] } {
  const folder = temporaryFolder();
  const questions = Array.from({ length: count }, (_, i) => {
    const picture = join(folder, `${i + 1}.png`);
    writeFileSync(picture, `picture ${i + 1}`);
    return { id: String(i + 1), prompt: 'What is this?', picture };
  });
  return { path: join(folder, 'evaluate', 'answers.jsonl'), questions };
}

async function keep(path: string, questions: readonly TaskQuestion[], texts: readonly string[]) {
  using kept = KeptAnswers.open(path);
  for (const [i, text] of texts.entries()) await kept.add(questions[i] as TaskQuestion, answer(text));
}

async function found(path: string, questions: readonly TaskQuestion[]) {
  using kept = KeptAnswers.open(path);
  const answers = await kept.find(questions);
  return Object.fromEntries([...answers].map(([id, { answer: text }]) => [id, text]));
}

it('answers are found again', async () => {
  const { path, questions } = someQuestions(3);
  await keep(path, questions, ['a dog', 'two\nlines']);
  expect(await found(path, questions)).toEqual({ 1: 'a dog', 2: 'two\nlines' });
});

it('that an answer was cut is kept with it', async () => {
  const { path, questions } = someQuestions(1);
  const cut = { answer: 'and then', cut: true };
  using kept = KeptAnswers.open(path);
  await kept.add(questions[0] as TaskQuestion, cut);
  expect((await kept.find(questions)).get('1')).toEqual(cut);
});

it('a last line that was cut off is dropped, and what comes next is not written behind it', async () => {
  const { path, questions } = someQuestions(3);
  await keep(path, questions, ['one', 'zwei €']);
  const whole = readFileSync(path);
  // in the middle of a character that takes three bytes
  writeFileSync(path, whole.subarray(0, whole.indexOf('€') + 1));
  expect(await found(path, questions)).toEqual({ 1: 'one' });
  expect(readFileSync(path, 'utf8')).toBe(`${whole.toString().split('\n')[0]}\n`);
  await keep(path, questions.slice(1), ['two', 'three']);
  expect(await found(path, questions)).toEqual({ 1: 'one', 2: 'two', 3: 'three' });
});

it('a whole last answer that lacks only its line break is asked again', async () => {
  const { path, questions } = someQuestions(2);
  await keep(path, questions, ['one', 'two']);
  writeFileSync(path, readFileSync(path, 'utf8').trimEnd());
  expect(await found(path, questions)).toEqual({ 1: 'one' });
});

it.each(['', '\0\0\0\0', '{"id":"1"', '{"id":"1","answer":7}'])(
  'a line of rubbish costs no answer but its own: %j',
  async (rubbish) => {
    const { path, questions } = someQuestions(2);
    await keep(path, questions, ['one']);
    appendFileSync(path, `${rubbish}\n`);
    await keep(path, questions.slice(1), ['two']);
    expect(await found(path, questions)).toEqual({ 1: 'one', 2: 'two' });
  },
);

it('an answer belongs to the prompt and the picture that it was given to, not to the id alone', async () => {
  const { path, questions } = someQuestions(3);
  await keep(path, questions, ['one', 'two', 'three']);
  const [first, second, third] = questions as [TaskQuestion, TaskQuestion, TaskQuestion];
  writeFileSync(second.picture as string, 'another picture');
  const now = [{ ...first, prompt: 'How many?' }, second, third];
  expect(await found(path, now)).toEqual({ 3: 'three' });
});

it('a picture is the same whether a file or its bytes, and bytes are told apart', async () => {
  const { path, questions } = someQuestions(1);
  await keep(path, questions, ['one']);
  const bytes = (text: string) => [{ ...questions[0], picture: Buffer.from(text) } as TaskQuestion];
  expect(await found(path, bytes('picture 1'))).toEqual({ 1: 'one' });
  expect(await found(path, bytes('picture 2'))).toEqual({});
});

it('what is asked again is answered by its last answer', async () => {
  const { path, questions } = someQuestions(1);
  await keep(path, questions, ['first']);
  await keep(path, questions, ['last']);
  expect(await found(path, questions)).toEqual({ 1: 'last' });
});

it('a fresh start forgets what was kept', async () => {
  const { path, questions } = someQuestions(1);
  await keep(path, questions, ['one']);
  KeptAnswers.open(path, { fresh: true })[Symbol.dispose]();
  expect(await found(path, questions)).toEqual({});
});

it('two runs do not write one file', () => {
  const { path } = someQuestions(0);
  using _first = KeptAnswers.open(path);
  expect(thrown(() => KeptAnswers.open(path)).code).toBe('BUSY');
});

it('a folder that cannot be is told, and the lock is let go', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  expect(thrown(() => KeptAnswers.open(join(folder, 'file', 'answers.jsonl'))).code).toBe('CANNOT_WRITE');
});

it('a picture that is gone is named', async () => {
  const { path } = someQuestions(0);
  using kept = KeptAnswers.open(path);
  const error = await rejected(kept.add({ id: '1', prompt: '', picture: '/gone.png' }, answer('')));
  expect(error).toMatchObject({ code: 'FILE', message: expect.stringContaining('/gone.png') as string });
});

it.skipIf(platform() === 'win32')(
  'a picture that is a FIFO is told so, without waiting for a writer',
  async () => {
    const { path } = someQuestions(0);
    using kept = KeptAnswers.open(path);
    const picture = join(temporaryFolder(), 'cat.jpg');
    execFileSync('mkfifo', [picture]);
    const error = await rejected(kept.add({ id: '1', prompt: '', picture }, answer('')));
    expect(error).toMatchObject({ code: 'FILE', message: `${picture} is a pipe, not a file` });
  },
);

it('each model, encoder, task, picture size and longest answer has a file of its own', () => {
  const by: AnsweredBy = {
    modelSha256: 'a',
    mmprojSha256: 'b',
    task: 'pope',
    imageTokens: { minTokens: 4, maxTokens: 1024 },
    maxTokens: 128,
  };
  const others: Partial<AnsweredBy>[] = [
    {},
    { modelSha256: 'c' },
    { mmprojSha256: 'c' },
    { modelSha256: 'b', mmprojSha256: 'a' },
    { task: 'mme' },
    { imageTokens: { minTokens: 8, maxTokens: 1024 } },
    { imageTokens: { minTokens: 4, maxTokens: 512 } },
    { maxTokens: 64 },
  ];
  const paths = others.map((other) => answersPath('/home', { ...by, ...other }));
  expect(new Set(paths).size).toBe(others.length);
  expect(answersPath('/home', { ...by })).toBe(paths[0]);
  expect(paths[0]).toMatch(/[/\\]home[/\\]work[/\\]evaluate[/\\]\w+\.jsonl$/);
});
