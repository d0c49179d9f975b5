import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { lookForVision, type LookedAt } from './look-for-vision.ts';
import {
  belongsTogether,
  checkPair,
  expectsVision,
  readVisionModel,
  type TextModel,
  type VisionModel,
} from './model-file.ts';
import { byPrecision, isSameEncoder } from './same-encoder.ts';
import { readSidecar } from './sidecar.ts';

/** What there is to see with beside a model. */
export interface VisionSearch {
  /** different encoders that fit, each in its most precise file; where there are several a person has to choose */
  readonly fitting: readonly {
    readonly path: string;
    readonly weightType: string;
    readonly copies: readonly string[];
  }[];
  /** vision files of this model that nobody could use: cut off, empty, not allowed to be read, … */
  readonly damaged: readonly Unused[];
  /** what is not for this model, or what nobody can say that of */
  readonly others: readonly Unused[];
}

interface Unused {
  readonly path: string;
  readonly error: SnugError;
}

/**
 * The vision file of a model when none was named: the one kept with it, else the only one in its folder that fits, in its most precise
 * copy. undefined when there is none; throws when several different ones fit and only a person can choose.
 */
export function findMmproj(text: TextModel): string | undefined {
  return keptMmproj(text) ?? onlyFitting(text, searchMmproj(text));
}

/** The one kept with the model, by a fit or by the person. */
export function keptMmproj(text: TextModel): string | undefined {
  const { mmproj } = readSidecar(text.path);
  if (mmproj === undefined || existsSync(mmproj)) return mmproj;
  throw new SnugError('FILE', `the vision file of ${text.path} is gone: ${mmproj}`, {
    advice: 'Bring it back to where it was, or choose another.',
    remedies: [{ kind: 'add-vision-file' }],
  });
}

export function onlyFitting(text: TextModel, { fitting }: VisionSearch): string | undefined {
  if (fitting.length > 1) {
    throw new SnugError('BAD_ARGUMENT', `several different vision files fit ${text.path}`, {
      advice: 'Choose the one that was published together with this model.',
      remedies: [{ kind: 'choose-vision-file', paths: fitting.map(({ path }) => path) }],
    });
  }
  return fitting[0]?.path;
}

/** Throws where a model's only vision file is one that nobody could use: going on would be going on blind. */
export function refuseDamaged({ fitting, damaged: [first] }: VisionSearch): void {
  if (fitting.length > 0 || !first) return;
  const { error } = first;
  throw new SnugError(
    error.code,
    `beside the model lies a vision file that cannot be used: ${error.message}`,
    {
      advice: `${error.advice ?? 'Download it again.'} To go on without pictures, move it to another folder.`,
      remedies: [{ kind: 'add-vision-file' }],
      cause: error,
    },
  );
}

const MOST_NOTES = 3;

/** What a person should know of a search, in sentences: which copy is taken, and why a file that lies there is not. */
export function searchNotes(text: TextModel, { fitting, damaged, others }: VisionSearch): string[] {
  const [chosen, second] = fitting;
  if (second) return [];
  const unused = damaged.map(
    ({ error }) => `A vision file beside the model cannot be used: ${error.message}.`,
  );
  if (chosen) return [...copyNotes(chosen), ...unused.slice(0, MOST_NOTES)];
  const told = [...unused, ...others.map(({ error }) => `${error.message}.`)].slice(0, MOST_NOTES);
  if (told.length === 0 && !expectsVision(text)) return [];
  return [...told, `${basename(text.path)} has no vision file, so it cannot see pictures.`];
}

function copyNotes({ path, weightType, copies }: VisionSearch['fitting'][number]): string[] {
  if (copies.length === 0) return [];
  const names = copies.map((copy) => basename(copy)).join(', ');
  return [
    `${basename(path)} (${weightType}) is the vision file, the most precise of ${copies.length + 1} copies of it; not used: ${names}.`,
  ];
}

/** Looks through a model's folder. */
export function searchMmproj(text: TextModel): VisionSearch {
  const fitting: VisionModel[] = [];
  const damaged: Unused[] = [];
  const others: Unused[] = [];
  for (const found of lookForVision(dirname(text.path), basename(text.path))) {
    const error = found.vision ? misfit(text, found.vision) : found.error;
    if (found.vision && !error) fitting.push(found.vision);
    if (!error) continue;
    if (isItsOwn(text, found, error)) damaged.push({ path: found.path, error });
    else if (mayConcern(text, found)) others.push({ path: found.path, error });
  }
  return { fitting: grouped(fitting), damaged, others };
}

function misfit(text: TextModel, vision: VisionModel): SnugError | undefined {
  try {
    checkPair(text, vision);
    return undefined;
  } catch (error) {
    if (error instanceof SnugError) return error;
    throw error;
  }
}

/** Whether a file that can't be used is this model's: as far as it still says, else where the model needs one. */
function isItsOwn(text: TextModel, { declared }: LookedAt, error: SnugError): boolean {
  if (error.code === 'WRONG_PAIR' || error.code === 'UNSUPPORTED_MODEL') return false;
  if (declared.projector === undefined) return expectsVision(text);
  // LLaVA's files say CLIP's own width
  const width = declared.projector === 'mlp' ? undefined : declared.projectionLength;
  return (
    belongsTogether(text.architecture, declared.projector) &&
    (width === undefined || width === text.embeddingLength)
  );
}

/** A folder may hold many models and their vision files: most are no concern of a model that does without. */
function mayConcern(text: TextModel, { declared }: LookedAt): boolean {
  return (
    expectsVision(text) ||
    declared.projector === undefined ||
    belongsTogether(text.architecture, declared.projector)
  );
}

/** Copies of one encoder together, the most precise first. */
function grouped(found: readonly VisionModel[]): VisionSearch['fitting'] {
  const groups: VisionModel[][] = [];
  for (const vision of found.toSorted(byPrecision)) {
    const group = groups.find(([first]) => first && isSameEncoder(first, vision));
    if (group) group.push(vision);
    else groups.push([vision]);
  }
  return groups.flatMap(([first, ...copies]) =>
    first ? [{ path: first.path, weightType: first.weightType, copies: copies.map(({ path }) => path) }] : [],
  );
}

/** Whether a file is a vision file made for this text model. */
export function fits(text: TextModel, path: string): boolean {
  try {
    return misfit(text, readVisionModel(path)) === undefined;
  } catch (error) {
    if (error instanceof SnugError) return false;
    throw error;
  }
}
