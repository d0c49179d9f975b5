import { basename } from 'node:path';
import { decodePicture, readPictureSize } from '../../pictures/pictures.ts';
import type { PictureSize } from '../../pictures/picture-size.ts';
import { ChatTemplate } from '../../prompt/template.ts';
import { type ChatMessage } from '../../prompt/turns.ts';
import { hasCode, SnugError } from '../../contract/errors.ts';
import { SUPPORTED_PICTURES } from '../../contract/picture-kinds.ts';
import { tryNative } from '../../engine/native-calls.ts';
import type { NativeModel, NativeSequence } from '../../engine/native-types.ts';
import type { TextModel } from '../../models/model-file.ts';
import {
  readCalibrationText,
  type CalibrationConversation,
  type CalibrationPicture,
  type CalibrationSet,
  type CalibrationText,
  type CalibrationTurn,
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
  /** the span of tokens that predict the last answer; of a text all */
  readonly answer: { readonly first: number; readonly count: number };
  prepare(): Promise<NativeSequence>;
  /** a conversation without its last answer */
  ask?(): Promise<NativeSequence>;
  /** a conversation with another last answer; the span reaches to the token after it, where the answer ends */
  withAnswer?(answer: string): PlannedSequence;
}

export interface SequenceOptions {
  readonly model: NativeModel;
  readonly text: TextModel;
  /** the size at which the model is shown a picture */
  readonly sizeOf: (original: PictureSize) => PictureSize;
  readonly heldOut: boolean;
  /** text is cut into pieces of this many tokens */
  readonly textTokens: number;
  /** longer sequences are left out */
  readonly longest: number;
  /** hears of a person's files that cannot be opened */
  readonly onLeftOut?: ((leftOut: LeftOutFile) => void) | undefined;
}

export interface LeftOutFile {
  readonly path: string;
  /** begins with the file's name */
  readonly reason: string;
}

/**
 * The set's picture and text sequences as this model sees them, through its own chat template and vision encoder.
 * @throws SnugError NO_CALIBRATION when none of a person's pictures opens
 */
export async function planSequences(
  set: CalibrationSet,
  options: SequenceOptions,
): Promise<PlannedSequence[]> {
  const { canSee, mediaMarker } = options.model.describe();
  const inPart = <T extends { heldOut: boolean }>(all: readonly T[]) =>
    all.filter(({ heldOut }) => heldOut === options.heldOut);
  const pictures = canSee ? inPart(set.pictures) : [];
  const conversations = inPart(set.conversations);
  const sequences: PlannedSequence[] = [];
  if (pictures.length > 0 || conversations.length > 0) {
    using template = new ChatTemplate(options.text, mediaMarker);
    sequences.push(...(await planPictures(set, pictures, template, options)));
    for (const conversation of conversations)
      sequences.push(await planConversation(conversation, template, options));
  }
  for (const text of inPart(set.texts)) {
    try {
      // a long one has more pieces than a function takes arguments
      for (const piece of planText(text, options)) sequences.push(piece);
    } catch (error) {
      const one = whyLeftOut(text, error);
      options.onLeftOut?.(one);
    }
  }
  return sequences.filter((sequence) => sequence.tokens <= options.longest);
}

async function planPictures(
  set: CalibrationSet,
  pictures: readonly CalibrationPicture[],
  template: ChatTemplate,
  options: SequenceOptions,
): Promise<PlannedSequence[]> {
  const sequences: PlannedSequence[] = [];
  const leftOut: LeftOutFile[] = [];
  for (const picture of pictures) {
    try {
      sequences.push(await planPicture(picture, template, options));
    } catch (error) {
      leftOut.push(whyLeftOut(picture, error));
    }
  }
  if (pictures.length > 0 && leftOut.length === pictures.length) throw noneOpens(set, leftOut);
  for (const one of leftOut) options.onLeftOut?.(one);
  return sequences;
}

/** Throws what is no fault of a person's own file. */
function whyLeftOut({ path, isOwn }: CalibrationPicture | CalibrationText, error: unknown): LeftOutFile {
  const isOfFile = hasCode(error, 'BAD_PICTURE', 'FILE');
  if (!isOwn || !isOfFile) throw error;
  return { path, reason: error.message.replace(path, basename(path)) };
}

function noneOpens({ name }: CalibrationSet, leftOut: readonly LeftOutFile[]): SnugError {
  const reasons = namedReasons(leftOut);
  return new SnugError('NO_CALIBRATION', `no picture in ${name} can be opened: ${reasons}`, {
    advice: SUPPORTED_PICTURES,
    remedies: [{ kind: 'choose-calibration' }, { kind: 'built-in-calibration' }],
  });
}

const MOST_NAMED = 3;

/** The first few reasons, and how many more there are. */
export function namedReasons(leftOut: readonly LeftOutFile[]): string {
  const more = leftOut.length - MOST_NAMED;
  const named = leftOut.slice(0, MOST_NAMED).map(({ reason }) => reason);
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

async function planPicture(
  picture: CalibrationPicture,
  template: ChatTemplate,
  { model, sizeOf }: SequenceOptions,
): Promise<PlannedSequence> {
  const size = sizeOf(await readPictureSize(picture.path));
  // only to see that it can be
  await decodePicture(picture.path, { size });
  const seen = { path: picture.path, size };
  return conversationSequence(model, template, await rendered(picture.turns, template, 1), seen);
}

/** Nothing in it is a picture's, so it counts as text. */
async function planConversation(
  { turns }: CalibrationConversation,
  template: ChatTemplate,
  { model }: SequenceOptions,
): Promise<PlannedSequence> {
  return conversationSequence(model, template, await rendered(turns, template, 0));
}

interface Rendered {
  /** the start of the text up to where the last answer begins, and up to where it ends */
  readonly question: string;
  readonly answered: string;
  readonly text: string;
}

/** Turns in the model's own template, the first one with that many pictures. */
async function rendered(
  turns: readonly CalibrationTurn[],
  template: ChatTemplate,
  pictures: number,
): Promise<Rendered> {
  const messages = turns.flatMap((turn, i): ChatMessage[] => [
    { role: 'user', text: turn.question, pictures: i === 0 ? pictures : 0 },
    ...(turn.answer ? [{ role: 'assistant' as const, text: turn.answer }] : []),
  ]);
  const last = messages.at(-1);
  const isAnswered = last?.role === 'assistant';
  const question = await template.render(isAnswered ? messages.slice(0, -1) : messages, { forAnswer: true });
  const text = await template.render(messages, { forAnswer: !isAnswered });
  const answered = question + template.plain(isAnswered ? last.text : '');
  // a template may write an answer in another way than it was given
  return { question, text, answered: text.startsWith(answered) ? answered : text };
}

interface SeenPicture {
  readonly path: string;
  readonly size: PictureSize;
}

function conversationSequence(
  model: NativeModel,
  template: ChatTemplate,
  { question, answered, text }: Rendered,
  picture?: SeenPicture,
): PlannedSequence {
  const images = picture ? [picture.size] : [];
  const pieces = layOut(model, { text, images });
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
  const lengthOf = (start: string) =>
    layOut(model, { text: start, images }).reduce((sum, piece) => sum + piece.tokens, 0);
  const questionTokens = lengthOf(question);
  // a model is taught to end its answer, but nothing of what its template writes behind the end
  const endTokens = Math.min(tokens, lengthOf(answered) + 1);
  const seen = async (words: string): Promise<NativeSequence> => {
    if (!picture) return { text: words, images: [] };
    const { data, id } = await decodePicture(picture.path, { size: picture.size });
    return { text: words, images: [{ ...picture.size, data, id }] };
  };
  return {
    kind: picture ? 'picture' : 'text',
    name: picture?.path ?? 'conversation',
    tokens,
    imageTokens,
    ids,
    // the token before the answer predicts its first token; the last token predicts nothing that is known
    answer: { first: questionTokens - 1, count: Math.max(0, endTokens - questionTokens) },
    prepare: () => seen(text),
    ask: () => seen(question),
    withAnswer: (answer) => {
      const said = question + template.plain(answer);
      const other = conversationSequence(model, template, { question, answered: said, text: said }, picture);
      return { ...other, answer: { ...other.answer, count: other.answer.count + 1 } };
    },
  };
}

function layOut(model: NativeModel, sequence: NativeSequence) {
  return tryNative(() => model.layout(sequence));
}

/** The token that the model wants before any text; empty where it wants none. */
function beginningOf(model: NativeModel): Int32Array {
  const [bare] = model.tokenize('a', false, false);
  const begun = model.tokenize('a', true, false);
  return begun.slice(0, begun[0] === bare ? 0 : 1);
}

/** Every piece begins as a text of its own, as llama-imatrix has it: Gemma answers nonsense without its first token. */
function planText(text: CalibrationText, { model, textTokens }: SequenceOptions): PlannedSequence[] {
  const tokens = model.tokenize(readCalibrationText(text), false, false);
  const beginning = beginningOf(model);
  const length = textTokens - beginning.length;
  const sequences: PlannedSequence[] = [];
  // a last short piece is kept when it is long enough to have a context worth measuring
  for (let start = 0; start + length / 4 <= tokens.length; start += length) {
    const piece = Int32Array.of(...beginning, ...tokens.subarray(start, start + length));
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
