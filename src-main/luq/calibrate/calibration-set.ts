import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { z } from 'zod';
import { SnugError } from '../../contract/errors.ts';
import { PICTURE_EXTENSIONS } from '../../contract/picture-kinds.ts';
import { readRegularFile, regularFilesBelow } from '../../files/regular-file.ts';
import { unpackedRoot } from '../../root.ts';
import { decodeText } from '../../text/text-encoding.ts';

/** Pictures with questions and answers, and texts, to calibrate with; the held-out part is only ever used for checking. */
export interface CalibrationSet {
  readonly name: string;
  /** changes when any file of the set does */
  readonly id: string;
  readonly pictures: readonly CalibrationPicture[];
  readonly texts: readonly CalibrationText[];
}

export interface CalibrationPicture {
  readonly path: string;
  readonly turns: readonly { readonly question: string; readonly answer: string }[];
  readonly heldOut: boolean;
  /** from a person's folder, where files may be broken or no pictures at all: such are left out */
  readonly isOwn?: boolean;
}

export interface CalibrationText {
  readonly path: string;
  readonly heldOut: boolean;
  readonly isOwn?: boolean;
}

const manifestSchema = z.object({
  version: z.literal(1),
  pictures: z.array(
    z.object({
      file: z.string(),
      heldOut: z.boolean(),
      turns: z.array(z.object({ question: z.string(), answer: z.string() })).min(1),
    }),
  ),
  texts: z.array(z.object({ file: z.string(), heldOut: z.boolean() })),
});

export const builtInCalibrationFolder = join(unpackedRoot, 'resources', 'calibration');

/** Asked of a person's own pictures, which come without questions. */
const OWN_PICTURE_QUESTIONS = [
  'Describe this picture in detail.',
  'What is shown here?',
  'What text can you read in this picture?',
  'What is the most striking thing in this picture, and where is it?',
];

export function loadBuiltInCalibration(folder: string = builtInCalibrationFolder): CalibrationSet {
  const manifestPath = join(folder, 'manifest.json');
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(manifestPath, 'utf8')));
  const pictures = manifest.pictures.map(({ file, ...rest }) => ({ ...rest, path: join(folder, file) }));
  const texts = manifest.texts.map(({ file, heldOut }) => ({ path: join(folder, file), heldOut }));
  return { name: 'built-in', id: identify(pictures, texts), pictures, texts };
}

/**
 * A person's own pictures (and .txt files) from a folder, with the built-in texts and the built-in held-out part. They are
 * read where they are; nothing of them is copied but what the importance matrix sums up.
 */
export function loadOwnCalibration(folder: string): CalibrationSet {
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
  const builtIn = loadBuiltInCalibration();
  const pictures = [
    ...own.map((path, i) => ({
      path,
      heldOut: false,
      isOwn: true,
      turns: [{ question: OWN_PICTURE_QUESTIONS[i % OWN_PICTURE_QUESTIONS.length] ?? '', answer: '' }],
    })),
    ...builtIn.pictures.filter((picture) => picture.heldOut),
  ];
  const ownTexts = files
    .filter((path) => extname(path).toLowerCase() === '.txt')
    .map((path) => ({ path, heldOut: false, isOwn: true }));
  const texts = [...ownTexts, ...builtIn.texts];
  return { name: basename(folder), id: identify(pictures, texts), pictures, texts };
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

function identify(pictures: readonly CalibrationPicture[], texts: readonly CalibrationText[]): string {
  const hash = createHash('sha256');
  for (const picture of pictures)
    hash.update(contentOf(picture, MOST_PICTURE_BYTES)).update(JSON.stringify(picture.turns));
  for (const text of texts) hash.update(contentOf(text, MOST_TEXT_BYTES));
  return hash.digest('hex');
}
