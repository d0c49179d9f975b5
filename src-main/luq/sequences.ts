import { decodePicture } from '../chat/pictures.ts';
import { ChatTemplate, type ChatMessage } from '../chat/template.ts';
import { nativeError, type NativeModel, type NativeSequence } from '../engine/addon.ts';
import type { TextModel } from '../models/model-file.ts';
import {
  readCalibrationText,
  type CalibrationPicture,
  type CalibrationSet,
  type CalibrationText,
} from './calibration-set.ts';

/** One sequence to run: its tokens by kind, known before it is run, and how to get it ready. */
export interface PlannedSequence {
  readonly kind: 'picture' | 'text';
  readonly name: string;
  readonly tokens: number;
  /** for each token whether it is a picture's */
  readonly imageTokens: readonly { readonly first: number; readonly count: number }[];
  /** [tokens] as numbers; -1 for a picture's */
  readonly ids: Int32Array;
  /** the span of tokens that predict the answer (a picture sequence's last assistant turn, else the whole text) */
  readonly answer: { readonly first: number; readonly count: number };
  prepare(): Promise<NativeSequence>;
  /** a picture sequence without its last answer */
  ask?(): Promise<NativeSequence>;
  /** a picture sequence with another last answer; the span reaches to the token after it, where the answer ends */
  withAnswer?(answer: string): PlannedSequence;
}

export interface SequenceOptions {
  readonly model: NativeModel;
  readonly text: TextModel;
  readonly maxPixels: number;
  readonly heldOut: boolean;
  /** text is cut into pieces of this many tokens */
  readonly textTokens: number;
  /** longer sequences are left out */
  readonly longest: number;
}

/** The set's picture and text sequences as this model sees them, through its own chat template and vision encoder. */
export async function planSequences(
  set: CalibrationSet,
  options: SequenceOptions,
): Promise<PlannedSequence[]> {
  const { canSee, mediaMarker } = options.model.describe();
  const sequences: PlannedSequence[] = [];
  if (canSee) {
    using template = new ChatTemplate(options.text, mediaMarker);
    for (const picture of set.pictures) {
      if (picture.heldOut !== options.heldOut) continue;
      sequences.push(await planPicture(picture, template, options));
    }
  }
  const texts = set.texts.filter(({ heldOut }) => heldOut === options.heldOut);
  const all = [...sequences, ...texts.flatMap((text) => planText(text, options))];
  return all.filter((sequence) => sequence.tokens <= options.longest);
}

async function planPicture(
  picture: CalibrationPicture,
  template: ChatTemplate,
  { model, maxPixels }: SequenceOptions,
): Promise<PlannedSequence> {
  const { width, height } = await decodePicture(picture.path, { maxPixels });
  const messages = picture.turns.flatMap((turn, i): ChatMessage[] => [
    { role: 'user', text: turn.question, pictures: i === 0 ? 1 : 0 },
    ...(turn.answer ? [{ role: 'assistant' as const, text: turn.answer }] : []),
  ]);
  const answered = messages.at(-1)?.role === 'assistant';
  const seen = { path: picture.path, width, height, maxPixels };
  return pictureSequence(model, template, seen, {
    question: await template.render(answered ? messages.slice(0, -1) : messages, { forAnswer: true }),
    text: await template.render(messages, { forAnswer: !answered }),
  });
}

interface SeenPicture {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly maxPixels: number;
}

/** The sequence of a rendered conversation; `question` is its start up to where the last answer begins. */
function pictureSequence(
  model: NativeModel,
  template: ChatTemplate,
  { path, width, height, maxPixels }: SeenPicture,
  { question, text }: { question: string; text: string },
): PlannedSequence {
  const pieces = layOut(model, { text, images: [{ width, height }] });
  const ids = Int32Array.from(
    pieces.flatMap((piece) => [...(piece.ids ?? new Int32Array(piece.tokens).fill(-1))]),
  );
  const tokens = ids.length;
  let at = 0;
  const imageTokens = pieces.flatMap((piece) => {
    const first = at;
    at += piece.tokens;
    return piece.kind === 'image' ? [{ first, count: piece.tokens }] : [];
  });
  const beforeAnswer = layOut(model, { text: question, images: [{ width, height }] });
  const questionTokens = beforeAnswer.reduce((sum, piece) => sum + piece.tokens, 0);
  const seen = async (words: string): Promise<NativeSequence> => {
    const { data, id } = await decodePicture(path, { maxPixels });
    return { text: words, images: [{ width, height, data, id }] };
  };
  return {
    kind: 'picture',
    name: path,
    tokens,
    imageTokens,
    ids,
    // the token before the answer predicts its first token; the last token predicts nothing that is known
    answer: { first: questionTokens - 1, count: Math.max(0, tokens - questionTokens) },
    prepare: () => seen(text),
    ask: () => seen(question),
    withAnswer: (answer) => {
      const other = pictureSequence(
        model,
        template,
        { path, width, height, maxPixels },
        { question, text: question + template.plain(answer) },
      );
      return { ...other, answer: { ...other.answer, count: other.answer.count + 1 } };
    },
  };
}

function layOut(model: NativeModel, sequence: NativeSequence) {
  try {
    return model.layout(sequence);
  } catch (error) {
    throw nativeError(error);
  }
}

function planText(text: CalibrationText, { model, textTokens }: SequenceOptions): PlannedSequence[] {
  const tokens = model.tokenize(readCalibrationText(text).toString('utf8'), true, false);
  const sequences: PlannedSequence[] = [];
  // a last short piece is kept when it is long enough to have a context worth measuring
  for (let start = 0; start + textTokens / 4 <= tokens.length; start += textTokens) {
    const piece = tokens.slice(start, start + textTokens);
    sequences.push({
      kind: 'text',
      name: text.path,
      tokens: piece.length,
      imageTokens: [],
      ids: piece,
      answer: { first: 0, count: piece.length - 1 },
      prepare: () => Promise.resolve({ tokens: piece }),
    });
  }
  return sequences;
}
