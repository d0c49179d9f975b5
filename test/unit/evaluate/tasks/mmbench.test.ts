import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mmbench } from '../../../../src-main/evaluate/tasks/mmbench.ts';
import { choicesOf, inferOption } from '../../../../src-main/evaluate/tasks/option.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

describe('the option meant by an answer', () => {
  const choices = choicesOf(['cat', 'dog', 'horse', 'fish']);
  it.each([
    ['B', 'B'],
    ['B.', 'B'],
    ['(B) dog', 'B'],
    ['**B**: a dog', 'B'],
    ['The answer is B', 'B'],
    ['The answer is B, as the animal that is seen barks at the man', 'B'],
    ['dog', 'B'],
    ['It is a Dog.', 'B'],
    // "A" far from the end is an article
    ['A dog is running there', 'B'],
    // two letters alone, two texts: for the GPT of the leaderboard
    ['A or B', undefined],
    ['a dog and a cat', undefined],
    ['The answer is between two of them', undefined],
    ['a bird', undefined],
    ['Cannot determine the answer, but B', undefined],
    // longer than twice all the choices together
    ['I see many things here, and one of them is a dog', undefined],
  ])('%j is %s', (answer, letter) => {
    expect(inferOption(answer, choices)).toBe(letter);
  });

  it('is none of the letters that are no choice', () => {
    expect(inferOption('D', choicesOf(['cat', 'dog']))).toBeUndefined();
  });
});

const jpeg = Buffer.from('a picture that is longer than an index is, in bytes of some file format');
const image = jpeg.toString('base64');
const header = 'index\tquestion\thint\tA\tB\tC\tD\tanswer\tcategory\tl2-category\timage\n';
const table = (text: string) => join(folderOf({ 'mmbench.tsv': text }), 'mmbench.tsv');

it('a question without its rotations is rotated, the right choice with the others', () => {
  const questions = mmbench.read(
    table(`${header}7\tWhich animal?\t\tcat\tdog\tfish\t\tB\tnature\tperception\t${image}\n`),
  );
  expect(questions.map(({ id, gold, group, unrotated }) => [id, gold, group, unrotated])).toEqual([
    ['7', 'B', '7', true],
    ['1000007', 'A', '7', false],
    ['2000007', 'C', '7', false],
  ]);
  expect(questions.map(({ choices }) => [...choices.values()].join(' '))).toEqual([
    'cat dog fish',
    'dog fish cat',
    'fish cat dog',
  ]);
  expect(questions[1]?.prompt).toBe(
    "Which animal?\nA. dog\nB. fish\nC. cat\nAnswer with the option's letter from the given choices directly.",
  );
  expect(questions[0]?.picture).toEqual(new Uint8Array(jpeg));
});

it('a question counts only when it is right under all rotations', () => {
  const rows = [
    `1\tq\ta hint\tcat\tdog\t\t\tA\tx\tnature\t${image}`,
    `2\tq\tnan\tcat\tdog\t\t\tB\tx\tnature\t${image}`,
    `3\tq\t\tcat\tdog\t\t\tB\tx\tlogic\t${image}`,
  ];
  const questions = mmbench.read(table(header + rows.join('\n')));
  expect(questions[0]?.prompt).toMatch(/^a hint\nq\nA\. cat/);
  expect(questions[2]?.prompt).toMatch(/^q\nA\. cat/);
  // always "A" is right once of two rotations; the third question is right both times
  const score = mmbench.score(questions, answersTo(questions, 'A', 'B', 'A', 'A', 'dog', 'A'));
  expect(score.value).toBeCloseTo(200 / 3, 10);
  expect(score.details).toEqual({
    groups: 3,
    questions: 6,
    answered: 6,
    'accuracy without rotation': expect.closeTo(200 / 3, 10) as number,
    nature: 50,
    logic: 100,
  });
  const oneMissing = mmbench.score(questions, answersTo(questions, 'A', 'B', 'B', 'A', 'B'));
  expect(oneMissing.value).toBeCloseTo(200 / 3, 10);
  expect(oneMissing.details).toMatchObject({ answered: 5, nature: 100, logic: 0 });
});

it('rotations that the file holds are taken as they are, with the picture of the row they name', () => {
  const questions = mmbench.read(
    table(`${header}5\tq\t\tcat\tdog\t\t\tA\tx\ty\t${image}\n1000005\tq\t\tdog\tcat\t\t\tB\tx\ty\t5\n`),
  );
  expect(questions.map(({ id, gold, group }) => [id, gold, group])).toEqual([
    ['5', 'A', '5'],
    ['1000005', 'B', '5'],
  ]);
  expect(questions[1]?.picture).toEqual(new Uint8Array(jpeg));
});

it('pictures may be named by their path', () => {
  const folder = folderOf({
    'm.tsv': 'index\tquestion\tA\tB\tanswer\timage_path\n1\tq\tx\ty\tA\timg/1.jpg\n',
    'img/1.jpg': '',
  });
  expect(mmbench.read(join(folder, 'm.tsv'))[0]?.picture).toBe(join(folder, 'img', '1.jpg'));
  expect(readingError(mmbench, join(folder, 'm.tsv'), join(folder, 'img')).message).toMatch(
    /line 2: there is no picture .*img\/img\/1\.jpg/,
  );
});

it('broken tables are refused with line and field', () => {
  const error = (...rows: string[]) => readingError(mmbench, table(header + rows.join('\n'))).message;
  const good = `1\tq\t\tcat\tdog\t\t\tA\tx\ty\t${image}`;
  expect(error(good, `one\tq\t\tcat\tdog\t\t\tA\tx\ty\t${image}`)).toMatch(/line 3: field index/);
  expect(error(`1\tq\t\tcat\tdog\t\t\t\tx\ty\t${image}`)).toMatch(/line 2: field answer/);
  expect(error(`1\tq\t\tcat\tdog\t\t\tC\tx\ty\t${image}`)).toMatch(/line 2: field answer: C is none/);
  expect(error(`1\tq\t\tcat\tdog\t\tfish\tA\tx\ty\t${image}`)).toMatch(/line 2: field C/);
  expect(error('1\tq\t\tcat\tdog\t\t\tA\tx\ty\t')).toMatch(/line 2: field image/);
  expect(error('1\tq\t\tcat\tdog\t\t\tA\tx\ty\t99')).toMatch(/line 2: field image: neither base64/);
  expect(error(good, good)).toMatch(/the question 1 is there twice/);
});
