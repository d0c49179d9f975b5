import { readSidecar } from '../models/sidecar.ts';
import { loadBuiltInCalibration } from '../luq/calibrate/calibration-set.ts';

export interface SampleQuestion {
  readonly question: string;
  readonly picture?: string | undefined;
}

/** Questions asked of a model that brings none of its own, from the held-out pictures. */
const BUILT_IN_QUESTIONS = 4;

/** What a model is asked to show how it answers: the questions it came with, else some about held-out pictures. */
export function sampleQuestions(modelPath: string, canSee: boolean): readonly SampleQuestion[] {
  const own = readSidecar(modelPath).samples?.filter((sample) => canSee || sample.picture === undefined);
  if (own && own.length > 0) return own;
  if (!canSee) return [{ question: 'What can you help me with?' }, { question: 'Why is the sky blue?' }];
  return loadBuiltInCalibration()
    .pictures.filter((picture) => picture.heldOut)
    .slice(0, BUILT_IN_QUESTIONS)
    .map((picture) => ({
      question: picture.turns[0]?.question ?? 'What is shown here?',
      picture: picture.path,
    }));
}
