import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../src-main/cli/evaluate-command.ts';
import { KeptAnswers } from '../../src-main/evaluate/kept-answers.ts';
import { chartqa } from '../../src-main/evaluate/tasks/chartqa.ts';
import { mme } from '../../src-main/evaluate/tasks/mme.ts';
import { pope, popeAnswer } from '../../src-main/evaluate/tasks/pope.ts';
import { demoModel } from '../fixtures/demo.ts';
import { commandLine, type Ended } from '../helpers/command-line.ts';

// `snug evaluate` as a person types it. What the demo model answers does not matter: scores are worked out from what it did.

const { folder, start } = commandLine();
let homes = 0;
const newHome = () => join(folder, 'homes', String(homes++));

/** Runs `snug evaluate`; once stderr says `when`, `then` is done to its process group. */
async function evaluate(
  home: string,
  args: readonly string[],
  once?: { when: RegExp; then: (group: number) => void },
): Promise<Ended> {
  const { child, ended, said } = start(['evaluate', ...args, '--threads', '1'], { home });
  if (once) {
    await said(once.when);
    once.then(child.pid ?? 0);
  }
  return ended;
}

async function report(home: string, args: readonly string[]): Promise<EvaluationReport> {
  const { code, stdout, stderr } = await evaluate(home, [...args, '--json']);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as EvaluationReport;
}

const COLOURS = ['red', 'blue', 'green', 'yellow'];

/** A disc of another place and colour for every number. */
async function draw(path: string, number: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const disc = `<circle cx="${30 + (number % 50)}" cy="${30 + ((number * 7) % 50)}" r="24" fill="${COLOURS[number % 4]}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="112" height="112">${disc}</svg>`;
  await sharp(Buffer.from(svg)).flatten({ background: '#fff' }).png().toFile(path);
}

type PopeLine = { question_id: number; image: string; text: string; label: string };

async function popeData(name: string, count: number): Promise<{ file: string; lines: PopeLine[] }> {
  const lines: PopeLine[] = [];
  for (let i = 0; i < count; i++) {
    await draw(join(folder, name, `${i}.png`), i);
    lines.push({
      question_id: i,
      image: `${i}.png`,
      text: 'Is there a red circle?',
      label: i % 2 ? 'yes' : 'no',
    });
  }
  return { file: written(join(name, 'pope.jsonl'), lines), lines };
}

/** Writes lines of JSON below the folder. */
function written(name: string, lines: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

/** The only file of answers of a home. */
function answersFile(home: string): string {
  const where = join(home, 'work', 'evaluate');
  const names = readdirSync(where).filter((name) => name.endsWith('.jsonl'));
  expect(names).toHaveLength(1);
  return join(where, names[0] ?? '');
}

const answerLines = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; answer: string });

const answersIn = (path: string) => new Map(answerLines(path).map(({ id, answer }) => [id, answer]));

describe('a score', () => {
  it('is that of the answers in the file, printed in words and as JSON', async () => {
    const { file } = await popeData('pope', 8);
    const home = newHome();
    const words = await evaluate(home, ['--task', 'pope', '--data', file]);
    expect(words.code).toBe(0);
    const answers = answersIn(answersFile(home));
    const score = pope.score(pope.read(file), answers);
    expect(answers.size).toBe(8);
    expect(words.stdout).toContain(`F1: ${score.value.toFixed(2)} of 100`);
    expect(words.stdout).toMatch(new RegExp(`^accuracy +${score.details['accuracy']?.toFixed(2)}$`, 'm'));
    expect(words.stdout).toMatch(/^questions +8$/m);
    expect(words.stdout).toMatch(/8 questions asked in [\d.]+ s, answers at [\d.]+ tokens\/s/);
    expect(words.stderr).toMatch(/^Ask: 8 of 8 questions$/m);

    const said = await report(home, ['--task', 'pope', '--data', file]);
    expect(said).toMatchObject({
      ...{ task: 'pope', ...score, data: file, questions: 8, questionsInData: 8, maxTokens: 128 },
      ...{ asked: 0, answersFile: answersFile(home), tokensPerSecond: null },
      model: { name: 'Demo-VL', path: demoModel },
    });
    expect(said.model.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('follows the labels: what the model said is right once the labels say so', async () => {
    const { file, lines } = await popeData('labels', 4);
    const home = newHome();
    await report(home, ['--task', 'pope', '--data', file]);
    const answers = answersIn(answersFile(home));
    const said = lines.map((line) => popeAnswer(answers.get(String(line.question_id)) ?? ''));
    // all but the last are right
    const labels = said.map((label, i) => (i < 3 ? label : label === 'yes' ? 'no' : 'yes'));
    const relabelled = written(
      'labels/relabelled.jsonl',
      lines.map((line, i) => ({ ...line, label: labels[i] })),
    );
    const { details, asked } = await report(home, ['--task', 'pope', '--data', relabelled]);
    expect(details['accuracy']).toBe(75);
    expect(asked).toBe(0);
  });

  it('of charts is written with every answer to --output', async () => {
    const entries = [];
    for (const [i, query] of ['How many bars are there?', 'What is this?', 'What color is it?'].entries()) {
      await draw(join(folder, 'charts', `${i}.png`), i);
      entries.push({ imgname: `${i}.png`, query, label: '3' });
    }
    const data = join(folder, 'chartqa.json');
    writeFileSync(data, JSON.stringify(entries));
    const home = newHome();
    const output = join(folder, 'made', 'here', 'score.json');
    const args = ['--task', 'chartqa', '--data', data, '--pictures', 'charts', '--max-tokens', '3'];
    const printed = await report(home, [...args, '--output', output]);
    const answers = answersIn(answersFile(home));
    const questions = chartqa.read(data, join(folder, 'charts'));
    expect(printed).toMatchObject({ ...chartqa.score(questions, answers), maxTokens: 3 });
    expect(JSON.parse(readFileSync(output, 'utf8'))).toEqual({
      ...printed,
      answers: questions.map(({ id, prompt }) => ({ id, question: prompt, answer: answers.get(id) })),
    });
  });

  it('of own questions shows the picture that a question names, and none where it names none', async () => {
    await draw(join(folder, 'own', 'a.png'), 0);
    const question = 'Describe the image.';
    const data = join(folder, 'own', 'own.json');
    const alone = { question, answer: 'There is no picture yet.', kind: 'alone' };
    writeFileSync(data, JSON.stringify([alone, { ...alone, picture: 'a.png', kind: 'shown' }]));
    const { details } = await report(newHome(), ['--task', 'own', '--data', data]);
    expect(details).toMatchObject({ alone: 100, shown: 0 });
  });

  it('of questions without a picture needs no vision encoder', async () => {
    const model = join(folder, 'unseeing', 'model.gguf');
    mkdirSync(dirname(model), { recursive: true });
    copyFileSync(demoModel, model);
    const data = join(folder, 'unseeing', 'own.json');
    writeFileSync(
      data,
      JSON.stringify([{ question: 'Describe the image.', answer: 'There is no picture yet.' }]),
    );
    const { value, mmproj } = await report(newHome(), [model, '--task', 'own', '--data', data]);
    expect(value).toBe(100);
    expect(mmproj).toBeNull();
  });

  it('of MME takes both questions of a picture, though only one was asked for', async () => {
    const data = join(folder, 'mme');
    for (const [i, name] of ['a', 'b'].entries()) {
      await draw(join(data, 'color', `${name}.jpg`), i);
      const pair = ['Is it red? Please answer yes or no.\tYes', 'Is it pink? Please answer yes or no.\tNo'];
      writeFileSync(join(data, 'color', `${name}.txt`), `${pair.join('\n')}\n`);
    }
    const home = newHome();
    const printed = await report(home, ['--task', 'mme', '--data', data, '--limit', '1']);
    const answers = answersIn(answersFile(home));
    expect([...answers.keys()]).toEqual(['color/a#1', 'color/a#2']);
    expect(printed).toMatchObject({ questions: 2, questionsInData: 4, asked: 2, max: 2800 });
    expect(printed.details).toEqual(mme.score(mme.read(data).slice(0, 2), answers).details);
  });

  it('of MMBench asks about pictures that stand in the table itself', async () => {
    const row = async (index: number) => {
      const picture = join(folder, 'mmbench', `${index}.png`);
      await draw(picture, index);
      const cells = [index, 'What color is it?', ...COLOURS, 'A', readFileSync(picture).toString('base64')];
      return cells.join('\t');
    };
    const header = ['index', 'question', 'A', 'B', 'C', 'D', 'answer', 'image'].join('\t');
    const data = join(folder, 'mmbench.tsv');
    writeFileSync(data, `${[header, await row(1), await row(2)].join('\n')}\n`);
    const home = newHome();
    const { details } = await report(home, ['--task', 'mmbench', '--data', data]);
    expect(answersIn(answersFile(home)).size).toBe(details['questions']);

    const broken = Buffer.from('no picture').toString('base64');
    writeFileSync(
      data,
      `${[header, await row(1), `3\tWhat?\t${COLOURS.join('\t')}\tA\t${broken}`].join('\n')}\n`,
    );
    const { code, stderr } = await evaluate(home, ['--task', 'mmbench', '--data', data]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Error: question 3: the picture is not a picture that can be read/);
  });
});

describe('a run that ended early', () => {
  const QUESTIONS = 60;
  let args: readonly string[];

  beforeAll(async () => {
    args = ['--task', 'pope', '--data', (await popeData('long', QUESTIONS)).file];
  });

  it.each(['SIGKILL', 'SIGINT'] as const)('goes on where %s came', async (send) => {
    const home = newHome();
    const stopped = await evaluate(home, args, {
      when: /^Ask: [1-9]/m,
      then: (group) => process.kill(-group, send),
    });
    expect(stopped.stdout).toBe('');
    const path = answersFile(home);
    const kept = readFileSync(path, 'utf8');
    const before = kept.split('\n').length - 1;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(QUESTIONS);
    if (send === 'SIGINT') {
      expect(stopped.code).toBe(130);
      expect(stopped.stderr).toContain(`${before} of ${QUESTIONS} questions have their answers`);
      expect(stopped.stderr).toContain('run the same command again to resume');
      expect(existsSync(`${path}.lock`)).toBe(false);
    } else {
      appendFileSync(path, '{"id":"59","answer":"cut o');
    }

    const { asked } = await report(home, args);
    expect(asked).toBe(QUESTIONS - before);
    expect(readFileSync(path, 'utf8').startsWith(kept)).toBe(true);
    expect(answerLines(path)).toHaveLength(QUESTIONS);
    expect(answersIn(path).size).toBe(QUESTIONS);
  });

  it('asks only what a larger --limit adds, all again with --fresh, and apart with other settings', async () => {
    const home = newHome();
    expect(await report(home, [...args, '--limit', '3'])).toMatchObject({ asked: 3, questions: 3 });
    const path = answersFile(home);
    const three = readFileSync(path, 'utf8');
    expect(await report(home, [...args, '--limit', '5'])).toMatchObject({ asked: 2, questions: 5 });
    expect(await report(home, [...args, '--limit', '3', '--fresh'])).toMatchObject({ asked: 3 });
    // greedy answers do not change
    expect(readFileSync(path, 'utf8')).toBe(three);
    const shorter = await report(home, [...args, '--limit', '3', '--max-tokens', '1']);
    expect(shorter).toMatchObject({ asked: 3, maxTokens: 1 });
    expect(shorter.answersFile).not.toBe(path);
    expect(readFileSync(path, 'utf8')).toBe(three);
  });

  it('is not gone on with by two processes at a time', async () => {
    const home = newHome();
    const { answersFile: path } = await report(home, [...args, '--limit', '1']);
    using _held = KeptAnswers.open(path);
    const { code, stderr } = await evaluate(home, args);
    expect(stderr).toContain(
      `another Snug (process ${process.pid}) is already evaluating this model on this task`,
    );
    expect(code).toBe(1);
    expect(answerLines(path)).toHaveLength(1);
  });
});

describe('a question that cannot be asked', () => {
  it('is named with its broken picture; what came before is kept, and a mended picture lets it go on', async () => {
    const { file } = await popeData('broken', 4);
    const picture = join(folder, 'broken', '2.png');
    const whole = readFileSync(picture);
    writeFileSync(picture, whole.subarray(0, whole.length / 2));
    const home = newHome();
    const args = ['--task', 'pope', '--data', file];
    const { code, stdout, stderr } = await evaluate(home, args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`Error: question 2: ${picture} is damaged and cannot be decoded`);
    expect(stderr).toMatch(/open it in a picture viewer and save it again\. The answers before it are kept/);
    expect([...answersIn(answersFile(home)).keys()]).toEqual(['0', '1']);
    writeFileSync(picture, whole);
    expect(await report(home, args)).toMatchObject({ asked: 2, questions: 4 });
  });

  it('is named when it does not fit the context', async () => {
    const { lines } = await popeData('too-long', 2);
    const [short, long] = lines as [PopeLine, PopeLine];
    const data = written('too-long/long.jsonl', [
      short,
      { ...long, text: 'Is there a circle? '.repeat(1500) },
    ]);
    const { code, stdout, stderr } = await evaluate(newHome(), ['--task', 'pope', '--data', data, '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'CONTEXT_FULL',
        message: expect.stringContaining(`question 1 (${join(folder, 'too-long', '1.png')})`) as string,
      },
    });
    expect(stderr).toMatch(/takes [\d,]+ tokens, and the context holds [\d,]+/);
    expect(stderr).toContain('--image-tokens');
  });
});

describe('bad input', () => {
  it('of an unknown task is answered with those that there are', async () => {
    const { code, stdout, stderr } = await evaluate(newHome(), ['--task', 'nonsense', '--data', 'x']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const name of [
      'mme',
      'mmbench',
      'textvqa',
      'vqav2',
      'gqa',
      'pope',
      'chartqa',
      'docvqa',
      'mathvista',
    ])
      expect(stderr).toContain(name);
  });

  it('of data in another layout is answered with the layout, and asks nothing', async () => {
    const data = written('wrong.jsonl', [{ question: 'What?' }]);
    const home = newHome();
    const { code, stderr } = await evaluate(home, ['--task', 'pope', '--data', data]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${data}, line 1`);
    expect(stderr).toContain(pope.layout);
    expect(existsSync(home)).toBe(false);
  });

  it('of a model without a vision encoder says so before anything is asked', async () => {
    const { file } = await popeData('blind', 1);
    const model = join(folder, 'blind', 'model.gguf');
    copyFileSync(demoModel, model);
    const { code, stderr } = await evaluate(newHome(), [model, '--task', 'pope', '--data', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/model\.gguf has no vision file/);
    expect(stderr).toContain('--mmproj');
  });

  it('lists its options and the layouts with --help', async () => {
    const { code, stdout } = await evaluate(newHome(), ['--help']);
    expect(code).toBe(0);
    for (const option of ['[model]', '--task', '--data', '--pictures', '--limit', '--fresh', '--output'])
      expect(stdout).toContain(option);
    expect(stdout).toContain(chartqa.layout);
  });
});
