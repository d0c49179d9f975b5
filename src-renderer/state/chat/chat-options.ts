import type { ChatOptions } from '../../../src-main/contract/conversation.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import { LEAST_OFFERED_CONTEXT_TOKENS } from '../../../src-main/contract/token-limits.ts';

/** Offered where no model says what it was trained for. */
const USUAL_LARGEST = 32_768;

/** Context lengths to choose from: powers of two up to what the model was trained for. */
export function contextChoices(model: ModelEntry | null): readonly number[] {
  const largest = model?.trainingContextTokens ?? USUAL_LARGEST;
  const choices: number[] = [];
  for (let tokens = LEAST_OFFERED_CONTEXT_TOKENS; tokens <= largest; tokens *= 2) choices.push(tokens);
  return choices;
}

/** The picture detail slider: its ends and where it stands. Null where the model takes no pictures, or as many tokens for each. */
export function pictureDetail(
  model: ModelEntry | null,
  options: Pick<ChatOptions, 'imageMaxTokens'>,
): { readonly min: number; readonly max: number; readonly value: number } | null {
  if (!model?.mmproj || !model.imageTokens) return null;
  const { min, max } = model.imageTokens;
  if (min >= max) return null;
  return { min, max, value: Math.min(max, Math.max(min, options.imageMaxTokens ?? max)) };
}

/** The slider's right end is the model's own limit, whatever model comes next. */
export function pictureLimitOf(value: number, model: ModelEntry | null): number | null {
  const max = model?.imageTokens?.max;
  return max === undefined || value >= max ? null : value;
}
