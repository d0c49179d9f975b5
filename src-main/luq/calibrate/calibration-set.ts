import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { SnugError } from '../../contract/errors.ts';
import { PICTURE_EXTENSIONS } from '../../contract/picture-kinds.ts';
import { isInside } from '../../files/paths.ts';
import { readRegularFile, regularFilesBelow } from '../../files/regular-file.ts';
import { unpackedRoot } from '../../root.ts';
import { decodeText } from '../../text/text-encoding.ts';

/**
 * Pictures with questions and answers, texts, and conversations without a picture, to calibrate with; the held-out part is only ever used
 * for checking.
 */
export interface CalibrationSet {
  readonly name: string;
  /** changes when any file of the set does */
  readonly id: string;
  readonly pictures: readonly CalibrationPicture[];
  readonly texts: readonly CalibrationText[];
  readonly conversations: readonly CalibrationConversation[];
}

export type CalibrationTurn = z.infer<typeof turnSchema>;

export interface CalibrationPicture {
  readonly path: string;
  readonly turns: readonly CalibrationTurn[];
  readonly heldOut: boolean;
  /** from a person's folder, where files may be broken or no pictures at all: such are left out */
  readonly isOwn?: boolean;
}

export interface CalibrationText {
  readonly path: string;
  readonly heldOut: boolean;
  readonly isOwn?: boolean;
}

/** A model is asked these through its chat template, as it was trained; of a text it reads every token as it stands. */
export interface CalibrationConversation {
  readonly turns: readonly CalibrationTurn[];
  readonly heldOut: boolean;
}

const turnSchema = z.object({ question: z.string(), answer: z.string() });
const turns = z.array(turnSchema).min(1);
const manifestSchema = z.object({
  version: z.literal(1),
  pictures: z.array(z.object({ file: z.string(), heldOut: z.boolean(), turns })),
  texts: z.array(z.object({ file: z.string(), heldOut: z.boolean() })),
  conversations: z.array(z.object({ heldOut: z.boolean(), turns })).default([]),
});

export const BUILT_IN_SET = 'built-in';
export const MODEL_SET = "the model's own";

export const builtInCalibrationFolder = join(unpackedRoot, 'resources', 'calibration');

/** Asked of a person's own pictures, which come without questions. */
const OWN_PICTURE_QUESTIONS = [
  'Describe this picture in detail.',
  'What is shown here?',
  'What text can you read in this picture?',
  'What is the most striking thing in this picture, and where is it?',
];

export function loadBuiltInCalibration(): CalibrationSet {
  return loadSet(builtInCalibrationFolder, BUILT_IN_SET);
}

/**
 * The set that a model brings. @param named the file that names it, for what a person can do
 * @throws SnugError NO_CALIBRATION where it is missing, broken, or names files outside its folder
 */
export function loadModelCalibration(folder: string, named: string): CalibrationSet {
  try {
    return loadSet(folder, MODEL_SET);
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new SnugError('NO_CALIBRATION', `${named} names a calibration set that cannot be used: ${reason}`, {
      advice: `Put the whole set into ${folder}, or delete "calibration" from ${named}: then the built-in set is used.`,
      cause: error,
    });
  }
}

/** Some thousand pictures with their questions. */
const MOST_MANIFEST_BYTES = 16 * 1024 * 1024;

function loadSet(folder: string, name: string): CalibrationSet {
  const written = readRegularFile(join(folder, 'manifest.json'), { mostBytes: MOST_MANIFEST_BYTES });
  const manifest = manifestSchema.parse(JSON.parse(written.toString('utf8')));
  const pathOf = (file: string) => {
    const path = resolve(folder, file);
    if (isInside(folder, path)) return path;
    throw new SnugError('NO_CALIBRATION', `${file} lies outside ${folder}`);
  };
  const pictures = manifest.pictures.map(({ file, ...rest }) => ({ ...rest, path: pathOf(file) }));
  const texts = manifest.texts.map(({ file, heldOut }) => ({ path: pathOf(file), heldOut }));
  return identified(name, { pictures, texts, conversations: manifest.conversations });
}

/**
 * A person's own pictures (and .txt files) from a folder, with the other set's texts, conversations and held-out part. They are read where
 * they are; nothing of them is copied but what the importance matrix sums up.
 */
export function loadOwnCalibration(folder: string, other: CalibrationSet): CalibrationSet {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new SnugError('NO_CALIBRATION', `there is no folder ${folder}`, {
      advice: 'Choose a folder with pictures.',
      remedies: [{ kind: 'choose-calibration' }, { kind: 'built-in-calibration' }],
    });
  }
  const files = filesBelow(folder).sort();
  const own = files.filter((path) => PICTURE_EXTENSIONS.includes(extname(path).toLowerCase()));
  if (own.length === 0) {
    throw new SnugError('NO_CALIBRATION', `${folder} holds no pictures`, {
      advice: `Put pictures (${PICTURE_EXTENSIONS.join(', ')}) into it, or choose another folder.`,
      remedies: [{ kind: 'choose-calibration' }, { kind: 'built-in-calibration' }],
    });
  }
  const pictures = [
    ...own.map((path, i) => ({
      path,
      heldOut: false,
      isOwn: true,
      turns: [{ question: OWN_PICTURE_QUESTIONS[i % OWN_PICTURE_QUESTIONS.length] ?? '', answer: '' }],
    })),
    ...other.pictures.filter((picture) => picture.heldOut),
  ];
  const ownTexts = files
    .filter((path) => extname(path).toLowerCase() === '.txt')
    .map((path) => ({ path, heldOut: false, isOwn: true }));
  const texts = [...ownTexts, ...other.texts];
  return identified(basename(folder), { pictures, texts, conversations: other.conversations });
}

/** No photograph has more. */
const MOST_PICTURE_BYTES = 256 * 1024 * 1024;
/** Some ten million tokens: a calibration takes a few ten thousand. */
const MOST_TEXT_BYTES = 64 * 1024 * 1024;

/** @throws SnugError FILE for one that can't be read, or is no text */
export function readCalibrationText({ path }: CalibrationText): string {
  const text = decodeText(readRegularFile(path, { mostBytes: MOST_TEXT_BYTES }));
  if (text === undefined) throw new SnugError('FILE', `${path} is not a text`);
  return text;
}

function filesBelow(folder: string): string[] {
  try {
    return regularFilesBelow(folder);
  } catch (error) {
    throw new SnugError('NO_CALIBRATION', `the folder ${folder} cannot be read`, {
      advice: 'Change its permissions, or choose another folder.',
      remedies: [{ kind: 'choose-calibration' }, { kind: 'built-in-calibration' }],
      cause: error,
    });
  }
}

/** The bytes of a file; for one that is left out, as it can't be read, what it is called. */
function contentOf(
  { path, isOwn }: CalibrationPicture | CalibrationText,
  mostBytes: number,
): Buffer | string {
  try {
    return readRegularFile(path, { mostBytes });
  } catch (error) {
    if (isOwn) return path;
    throw error;
  }
}

function identified(name: string, content: Omit<CalibrationSet, 'name' | 'id'>): CalibrationSet {
  const { pictures, texts, conversations } = content;
  const hash = createHash('sha256');
  for (const picture of pictures)
    hash.update(contentOf(picture, MOST_PICTURE_BYTES)).update(JSON.stringify(picture.turns));
  for (const text of texts) hash.update(contentOf(text, MOST_TEXT_BYTES));
  for (const { turns } of conversations) hash.update(JSON.stringify(turns));
  return { name, id: hash.digest('hex'), ...content };
}
