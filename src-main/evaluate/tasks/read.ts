import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { SnugError } from '../../contract/errors.ts';
import { readRegularFile } from '../../files/regular-file.ts';
import type { TaskQuestion } from './task.ts';

/** A file of a benchmark as far as an error has to name it. */
export interface DataFile {
  readonly path: string;
  /** what the file should look like, for the advice */
  readonly layout: string;
}

/** Ids are numbers in some files and texts in others. */
export const idSchema = z.union([z.string(), z.number()]).transform(String);

export function malformed(data: DataFile, where: string, what: string, cause?: unknown): SnugError {
  const place = where === '' ? data.path : `${data.path}, ${where}`;
  return new SnugError('BAD_ARGUMENT', `${place}: ${what}`, { advice: `Expected is ${data.layout}.`, cause });
}

/** JavaScript has no longer texts; the largest file, VQAv2's annotations for training, has 390 MB. */
const MOST_BYTES = 500 * 1024 * 1024;

export function readText(data: DataFile): string {
  if (!existsSync(data.path)) throw malformed(data, '', 'there is no such file');
  const text = readRegularFile(data.path, { mostBytes: MOST_BYTES, refusedAs: 'BAD_ARGUMENT' });
  // pandas and Python's json tools write no byte order mark, spreadsheets do
  return text.toString('utf8').replace(/^\uFEFF/, '');
}

function parse(data: DataFile, text: string, line?: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw malformed(data, `line ${line ?? brokenLine(text)}`, `this is not JSON (${reason})`, error);
  }
}

/** The line where a text stops being JSON: V8 does not always tell, so the longest part that could go on is searched. */
function brokenLine(text: string): number {
  const lines = text.split('\n');
  let [first, last] = [1, lines.length];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (couldGoOn(`${lines.slice(0, middle).join('\n')}\n`)) first = middle + 1;
    else last = middle;
  }
  return first;
}

function couldGoOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as SyntaxError;
    const position = /at position (\d+)/.exec(message)?.[1];
    return (
      message.includes('end of JSON input') || (position !== undefined && Number(position) >= text.length)
    );
  }
}

/** The value as the schema makes it; an error names where it stands and which field is wrong. */
export function check<Schema extends z.ZodType>(
  data: DataFile,
  where: string,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  const what = issue?.message ?? 'of another form';
  throw malformed(data, where, field === '' ? what : `field ${field}: ${what}`);
}

export function readJson<Schema extends z.ZodType>(data: DataFile, schema: Schema): z.output<Schema> {
  return check(data, '', schema, parse(data, readText(data)));
}

export interface Entry<Value> {
  readonly value: Value;
  /** "line 3", "data[2]", "entry 201307251": for errors about it */
  readonly where: string;
}

export function readJsonLines<Schema extends z.ZodType>(
  data: DataFile,
  schema: Schema,
): Entry<z.output<Schema>>[] {
  return readText(data)
    .split('\n')
    .flatMap((text, i) => {
      const where = `line ${i + 1}`;
      return text.trim() === ''
        ? []
        : [{ value: check(data, where, schema, parse(data, text, i + 1)), where }];
    });
}

/** The items of a list that stands under `name` in the file. */
export function checkList<Schema extends z.ZodType>(
  data: DataFile,
  name: string,
  schema: Schema,
  list: readonly unknown[],
): Entry<z.output<Schema>>[] {
  return list.map((item, i) => {
    const where = `${name}[${i}]`;
    return { value: check(data, where, schema, item), where };
  });
}

/** The entries of an object whose keys are the questions' ids. */
export function readEntries<Schema extends z.ZodType>(
  data: DataFile,
  schema: Schema,
): (Entry<z.output<Schema>> & { readonly key: string })[] {
  return Object.entries(readJson(data, z.record(z.string(), z.unknown()))).map(([key, item]) => {
    const where = `entry ${key}`;
    return { key, value: check(data, where, schema, item), where };
  });
}

/** The first of a picture's possible names that exists in the folder of pictures, by default the data file's. */
export function pictureAt(
  data: DataFile,
  where: string,
  folder: string | undefined,
  ...names: readonly string[]
): string {
  const paths = names.map((name) => join(folder ?? dirname(data.path), name));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new SnugError('BAD_ARGUMENT', `${data.path}, ${where}: there is no picture ${paths[0]}`, {
    advice: 'Say which folder holds the pictures.',
    remedies: [{ kind: 'choose-pictures-folder' }],
  });
}

/** The questions, when there are any and no two are alike. */
export function distinct<Q extends TaskQuestion>(data: DataFile, questions: readonly Q[]): readonly Q[] {
  if (questions.length === 0) throw malformed(data, '', 'it holds no questions');
  const ids = new Set<string>();
  for (const { id } of questions) {
    if (ids.has(id)) throw malformed(data, '', `the question ${id} is there twice`);
    ids.add(id);
  }
  return questions;
}
