import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { counted } from '../contract/counted.ts';
import { addressRefusal, pictureAddressRefusal } from '../models/hub-address.ts';
import { ownFiles } from '../gguf/own-files.ts';
import { oncePerModel } from '../gguf/part-names.ts';
import { givenPath } from '../files/pasted-paths.ts';
import { statsOf } from '../files/stats.ts';

/** A file or folder named on the command line, to read or to write; whether it is there is for whoever opens it to say. */
export function givenFile(text: string): string {
  return resolve(givenPath(text));
}

/** The same of one that may be left out. */
export function optionalFile(text: string | undefined): string | undefined {
  return text === undefined ? undefined : givenFile(text);
}

/** A model's file, or of a folder the only one in it; of a split model the first part, whichever was named. */
export function givenModel(text: string): string {
  const path = givenMmproj(text);
  const file = statsOf(path)?.isDirectory() ? onlyModelIn(path) : path;
  return ownFiles(file)[0] ?? file;
}

export function givenMmproj(text: string): string {
  const address = addressRefusal(text);
  if (address) throw address;
  return givenFile(text);
}

export function givenPicture(text: string): string {
  const address = pictureAddressRefusal(text);
  if (address) throw address;
  return givenFile(text);
}

const MOST_NAMED = 10;

function onlyModelIn(folder: string): string {
  const models = oncePerModel(
    namesIn(folder).filter((name) => /\.gguf$/i.test(name) && !name.startsWith('.') && !/mmproj/i.test(name)),
  );
  const [only, second] = models;
  if (only !== undefined && second === undefined) return join(folder, only);
  const held = models.length === 0 ? 'no GGUF models' : counted(models.length, 'model');
  throw new SnugError('FILE', `${folder} is a folder, and holds ${held}`, {
    advice:
      models.length === 0
        ? 'Name a model’s file.'
        : `Name one of them: ${models.slice(0, MOST_NAMED).join(', ')}${models.length > MOST_NAMED ? ', …' : ''}`,
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new SnugError('FILE', `the folder ${folder} cannot be read`, {
      advice: 'Change its permissions, or name a model’s file.',
      cause: error,
    });
  }
}
