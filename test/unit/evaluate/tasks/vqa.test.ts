import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { textvqa } from '../../../../src-main/evaluate/tasks/textvqa.ts';
import { evalAiAnswer, vqaAccuracy, vqaAnswer } from '../../../../src-main/evaluate/tasks/vqa-answer.ts';
import { vqav2 } from '../../../../src-main/evaluate/tasks/vqav2.ts';
import { answersTo, folderOf, readingError } from './folder.ts';

describe('an answer to VQA is made alike', () => {
  it.each([
    ['the two dogs', '2 dogs'],
    ['A cat and an apple', 'cat and apple'],
    ['none', '0'],
    ['Ten', '10'],
    ['dont', "don't"],
    ['couldntve', 'couldntve'],
    ["couldn'tve", "couldn't've"],
    ["couldnt've", "couldn't've"],
    ["yall'd've", "y'all'd've"],
    ['oclock', "o'clock"],
    ["somebody'd", 'somebodyd'],
    // not in the official list
    ['shes', 'shes'],
    // words that every object has as properties
    ['constructor', 'constructor'],
    ['1,000', '1000'],
    ['1,000-dollar', '1000dollar'],
    ['ice-cream', 'ice cream'],
    ['red, white', 'red white'],
    ['red,white', 'red white'],
    ['3.5', '3.5'],
    ['5.', '5'],
    ['U.S.A.', 'usa'],
    ['.5', '.5'],
    ['  yes\tsir\n', 'yes sir'],
    ['why?', 'why'],
  ])('%j is %j', (answer, processed) => {
    expect(vqaAnswer(answer)).toBe(processed);
  });

  it('with no more than 32 periods taken out', () => {
    expect(vqaAnswer(`x${'.'.repeat(32)}`)).toBe('x');
    expect(vqaAnswer(`x${'.'.repeat(35)}`)).toBe('x...');
  });

  it('for TextVQA with commas, question marks and the genitive dealt with first', () => {
    expect(evalAiAnswer("The Dog's Bowl")).toBe("dog 's bowl");
    expect(vqaAnswer("The Dog's Bowl")).toBe("dog's bowl");
    expect(evalAiAnswer('red,white')).toBe('redwhite');
    // no comma is left that would take the hyphen away without a space
    expect(evalAiAnswer('1,000-dollar')).toBe('1000 dollar');
  });
});

describe('VQA accuracy leaves one annotator out at a time', () => {
  it.each([
    [0, 0],
    [1, 0.3],
    [2, 0.6],
    [3, 0.9],
    [4, 1],
    [10, 1],
  ])('%i of ten agreeing is %f', (matches, accuracy) => {
    const golds = Array.from({ length: 10 }, (_, i) => (i < matches ? 'cat' : `other ${i}`));
    expect(vqaAccuracy('cat', golds)).toBeCloseTo(accuracy, 10);
  });
});

const golds = (...answers: string[]) => [...answers, ...Array<string>(10 - answers.length).fill('zebra')];

describe('TextVQA', () => {
  const entry = (id: number, answers: string[]) => ({
    ...{ image_id: 'ab12', question: 'what is it?', question_id: id, answers },
  });

  it('is read and scored', () => {
    const folder = folderOf({
      'val.json': { data: [entry(1, golds('The 2 Dogs', '2 dogs', 'two dogs')), entry(2, golds())] },
      'ab12.jpg': '',
    });
    const questions = textvqa.read(join(folder, 'val.json'));
    expect(questions[0]).toMatchObject({
      id: '1',
      prompt: 'what is it?\nAnswer the question using a single word or phrase.',
      picture: join(folder, 'ab12.jpg'),
    });
    const score = textvqa.score(questions, answersTo(questions, 'Two dogs.'));
    expect(score.value).toBeCloseTo(45, 10);
    expect(score.details).toEqual({ questions: 2, answered: 1 });
  });

  it('that is broken is refused with entry and field', () => {
    const error = (content: unknown) =>
      readingError(textvqa, join(folderOf({ 'val.json': content, 'ab12.jpg': '' }), 'val.json'));
    expect(error('{"data": [\n{"question": }\n]}').message).toMatch(/val\.json, line 2: this is not JSON/);
    expect(error([]).message).toMatch(/val\.json: /);
    expect(error({ questions: [] }).message).toMatch(/field data/);
    expect(
      error({ data: [entry(1, golds()), { ...entry(2, golds()), answers: undefined }] }).message,
    ).toMatch(/data\[1\]: field answers/);
    expect(error({ data: [entry(1, golds()), entry(1, golds())] }).message).toMatch(
      /question 1 is there twice/,
    );
    expect(error({ data: [{ ...entry(1, golds()), image_id: 'zz' }] })).toMatchObject({
      message: expect.stringMatching(/data\[0\]: there is no picture .*zz\.jpg/) as string,
      remedies: [{ kind: 'choose-pictures-folder' }],
    });
    expect(error({ data: [] })).toMatchObject({
      code: 'BAD_ARGUMENT',
      advice: expect.stringContaining('question_id') as string,
    });
  });
});

describe('VQAv2', () => {
  const questionsName = 'v2_OpenEnded_mscoco_val2014_questions.json';
  const annotationsName = 'v2_mscoco_val2014_annotations.json';
  const asked = {
    data_subtype: 'val2014',
    questions: [{ image_id: 42, question: 'how many?', question_id: 420 }],
  };
  const annotation = {
    question_id: 420,
    answer_type: 'number',
    answers: golds('2', '2').map((answer, i) => ({ answer, answer_id: i + 1 })),
  };

  it('is read from its two files and scored, by type of answer too', () => {
    const folder = folderOf({
      [questionsName]: asked,
      [annotationsName]: { annotations: [annotation] },
      'COCO_val2014_000000000042.jpg': '',
    });
    const questions = vqav2.read(join(folder, questionsName));
    expect(questions[0]?.picture).toBe(join(folder, 'COCO_val2014_000000000042.jpg'));
    const score = vqav2.score(questions, new Map([['420', 'Two']]));
    expect(score.value).toBeCloseTo(60, 10);
    expect(score.details).toMatchObject({
      questions: 1,
      answered: 1,
      number: expect.closeTo(60, 10) as number,
    });
  });

  it('without its annotations is refused', () => {
    const alone = folderOf({ [questionsName]: asked });
    expect(readingError(vqav2, join(alone, questionsName)).message).toMatch(
      /there is no v2_mscoco_val2014_annotations\.json beside it/,
    );
    const other = folderOf({
      [questionsName]: asked,
      [annotationsName]: { annotations: [{ ...annotation, question_id: 1 }] },
    });
    expect(readingError(vqav2, join(other, questionsName)).message).toMatch(
      /questions\[0\]: field question_id: 420 is not among the annotations/,
    );
    const broken = folderOf({
      [questionsName]: asked,
      [annotationsName]: { annotations: [{ ...annotation, answers: ['2'] }] },
    });
    expect(readingError(vqav2, join(broken, questionsName)).message).toMatch(
      /v2_mscoco_val2014_annotations\.json, annotations\[0\]: field answers\.0/,
    );
  });
});
