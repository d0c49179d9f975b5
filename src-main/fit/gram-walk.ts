import { selectSequences } from '../luq/calibrate/calibrate.ts';
import type { WalkOptions } from '../luq/gram/walk.ts';
import type { OpenModel } from '../models/open-model.ts';
import { BATCH_TOKENS, openToCalibrate, sequencesFor } from './calibration.ts';
import type { FitContext } from './context.ts';

/**
 * What a picture's token counts in the grams that errors are fed on by, where a text's counts 1. Another weight was measured for choosing
 * types alone (local-errors.ts), so tokens of both kinds count the same.
 */
export const WEIGHT_OF_PICTURES = 1;

/** A walk over the layers of a source with the sequences of its calibration. */
export async function calibrationWalk(
  context: FitContext,
  weightOfPictures: number = WEIGHT_OF_PICTURES,
): Promise<Omit<WalkOptions, 'folder' | 'inputs' | 'onProgress'>> {
  const { addon, source, request, signal } = context;
  const { text } = source;
  const { threads, calibration } = request;
  const openSource = (): Promise<OpenModel> => openToCalibrate({ ...context, onProgress: undefined });
  using model = await openSource();
  const planned = await sequencesFor(model, context, false);
  const { sequences } = selectSequences(planned, calibration);
  const longest = sequences.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  return {
    addon,
    source: text.gguf,
    layers: text.layers,
    width: text.embeddingLength,
    sequences,
    openSource,
    weightOfPictures,
    batchTokens: Math.max(longest, BATCH_TOKENS),
    threads,
    signal,
  };
}
