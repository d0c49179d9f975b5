import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { drawPicture, readVqaTest } from './recipe.ts';

/**
 * Writes the held-out test as pictures and a list of questions that `snug evaluate --task own` and `snug compare --task own` read:
 * `node tools/demo-model/questions.ts FOLDER`. Follow-ups are left out: every question of a task stands alone.
 */

const folder = resolve(process.argv[2] ?? '');
if (process.argv[2] === undefined) throw new Error('Say where to: node tools/demo-model/questions.ts FOLDER');
const test = readVqaTest(join(import.meta.dirname, '../../resources/demo-model/vqa-test/test.json'));
mkdirSync(folder, { recursive: true });
const questions = [];
for (const [index, recipe] of test.pictures.entries()) {
  const picture = `${index}.png`;
  writeFileSync(join(folder, picture), await drawPicture(recipe, test.glyphs));
  for (const [first] of recipe.conversations) {
    if (first) questions.push({ picture, question: first.question, answer: first.answer, kind: first.skill });
  }
}
writeFileSync(join(folder, 'questions.json'), `${JSON.stringify(questions, null, 1)}\n`);
console.log(`${questions.length} questions about ${test.pictures.length} pictures in ${folder}`);
