import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { checkPair, readVisionModel, type TextModel } from './model-file.ts';
import { readSidecar } from './sidecar.ts';

/**
 * The vision encoder of a model when none was named: the one kept with it, else the only file in its folder that fits.
 * undefined when there is none; throws when several fit and only a person can choose.
 */
export function findMmproj(text: TextModel): string | undefined {
  const { mmproj } = readSidecar(text.path);
  if (mmproj !== undefined) {
    if (existsSync(mmproj)) return mmproj;
    throw new SnugError('FILE', `the vision encoder of ${text.path} is gone: ${mmproj}`, {
      advice: 'Name another with --mmproj.',
    });
  }
  const folder = dirname(text.path);
  const fitting = readdirSync(folder)
    .filter((name) => name.endsWith('.gguf'))
    .map((name) => join(folder, name))
    .filter((path) => path !== text.path && fits(text, path));
  if (fitting.length > 1) {
    throw new SnugError('BAD_ARGUMENT', `several vision encoders in ${folder} fit ${text.path}`, {
      advice: `Choose one with --mmproj: ${fitting.join(', ')}`,
    });
  }
  return fitting[0];
}

/** Whether a file is a vision encoder made for this text model. */
export function fits(text: TextModel, path: string): boolean {
  try {
    checkPair(text, readVisionModel(path));
    return true;
  } catch (error) {
    // other models lie in the folder too; that one is not an encoder for this model is no failure
    if (error instanceof SnugError) return false;
    throw error;
  }
}
