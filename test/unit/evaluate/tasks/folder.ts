import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SnugError } from '../../../../src-main/contract/errors.ts';
import type { Task, TaskQuestion } from '../../../../src-main/evaluate/tasks/task.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { thrown } from '../../../helpers/thrown.ts';

/** A folder with these files, gone after the test; what is no text is written as JSON. */
export function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

export const jsonLines = (...lines: unknown[]) => lines.map((line) => JSON.stringify(line)).join('\n') + '\n';

/** The error that reading the data gives; a reader that takes the data fails the test. */
export const readingError = (task: Task, path: string, pictures?: string): SnugError =>
  thrown(() => task.read(path, pictures));

/** Answers by the questions' order; undefined leaves one out. */
export function answersTo(
  questions: readonly TaskQuestion[],
  ...answers: readonly (string | undefined)[]
): Map<string, string> {
  return new Map(
    questions.flatMap((question, i) => {
      const answer = answers[i];
      return answer === undefined ? [] : [[question.id, answer] as const];
    }),
  );
}
