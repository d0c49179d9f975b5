import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { drawPicture, readVqaTest, type VqaTest } from './recipe.ts';

/**
 * Writes the held-out test as pictures and a list of questions that `snug evaluate --task own` and `snug compare --task own` read:
 * `node tools/demo-model/questions.ts FOLDER`. Follow-ups are left out: every question of a task stands alone.
 * Those without a picture are spread among the others, so that the first so many are a fair part of all.
 */

const folder = resolve(process.argv[2] ?? '');
if (process.argv[2] === undefined) throw new Error('Say where to: node tools/demo-model/questions.ts FOLDER');
const test = readVqaTest(join(import.meta.dirname, '../../resources/demo-model/vqa-test/test.json'));
mkdirSync(folder, { recursive: true });

interface Question {
  readonly picture?: string;
  readonly question: string;
  readonly answer: string;
  readonly kind: string;
}

const asQuestions = (conversations: VqaTest['text'], picture?: string): Question[] =>
  conversations.flatMap(([first]) =>
    first
      ? [
          {
            ...(picture === undefined ? {} : { picture }),
            question: first.question,
            answer: first.answer,
            kind: first.skill,
          },
        ]
      : [],
  );

/** Both lists in their order, every stretch with as large a share of each. */
function interleaved<T>(a: readonly T[], b: readonly T[]): T[] {
  const placed = [a, b].flatMap((list) => list.map((item, i) => ({ item, at: (i + 0.5) / list.length })));
  return placed.sort((one, other) => one.at - other.at).map(({ item }) => item);
}

const about: Question[] = [];
for (const [index, recipe] of test.pictures.entries()) {
  const picture = `${index}.png`;
  writeFileSync(join(folder, picture), await drawPicture(recipe, test.glyphs));
  about.push(...asQuestions(recipe.conversations, picture));
}
const questions = interleaved(about, asQuestions(test.text));
writeFileSync(join(folder, 'questions.json'), `${JSON.stringify(questions, null, 1)}\n`);
console.log(`${questions.length} questions about ${test.pictures.length} pictures in ${folder}`);
