import { closeSync, existsSync, openSync } from 'node:fs';
import { z } from 'zod';
import { hasCode, SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { Quality } from '../../contract/fit-report.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { callNative, useNative } from '../../engine/native-calls.ts';
import { BROKEN_MODEL } from '../../engine/native-errors.ts';
import type { Addon, NativeModel } from '../../engine/native-types.ts';
import { argMax } from './divergence.ts';
import { compareWithKept, decodeKept, encodeKept, keepDistribution, keptBytes } from './kept-distribution.ts';
import { QualitySum } from './quality.ts';
import { readKept } from '../../files/json-file.ts';
import { discard, publish, readWholly, writeFileAtomically, writeWholly } from '../../files/durable-files.ts';
import { writeError } from '../../files/write-error.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { insist } from '../../files/retry-refused.ts';
import type { PlannedSequence } from '../calibrate/sequences.ts';

/**
 * What a source says at held-out positions, and how near a compressed model comes to it: teacher-forced where answers are given,
 * with the picture seen, and along the source's own greedy answers.
 */

/** Positions compared per kind; at 2 KB each. */
const MOST_POSITIONS = 192;
/** Positions per sequence, so that one long text does not fill the lot. */
const MOST_POSITIONS_PER_SEQUENCE = 32;
/** Of a greedy answer; its end counts as one more. */
const ANSWER_TOKENS = 24;

export interface HeldOutPart {
  readonly sequence: PlannedSequence;
  readonly first: number;
  readonly count: number;
  /** the source's own answer: compared as a whole */
  readonly isAnswer: boolean;
}

/** The positions compared, the same for source and candidate: those of the set's answers, then the source's own. */
export function heldOutParts(
  sequences: readonly PlannedSequence[],
  answers: readonly string[] = [],
): HeldOutPart[] {
  const left = { picture: MOST_POSITIONS, text: MOST_POSITIONS };
  const forced = sequences.flatMap((sequence) => {
    const count = Math.min(sequence.answer.count, MOST_POSITIONS_PER_SEQUENCE, left[sequence.kind]);
    if (count <= 0) return [];
    left[sequence.kind] -= count;
    // of a text the end: those positions have the most context
    const skipped = sequence.kind === 'text' ? sequence.answer.count - count : 0;
    return [{ sequence, first: sequence.answer.first + skipped, count, isAnswer: false }];
  });
  const own = asked(sequences).flatMap((sequence, i) => {
    const answer = answers[i];
    const answered = answer === undefined ? undefined : sequence.withAnswer?.(answer);
    if (!answered) return [];
    const count = Math.min(answered.answer.count, MOST_POSITIONS_PER_SEQUENCE);
    return [{ sequence: answered, first: answered.answer.first, count, isAnswer: true }];
  });
  return [...forced, ...own];
}

/** The sequences whose question the source answers itself. */
function asked(sequences: readonly PlannedSequence[]): PlannedSequence[] {
  return sequences.filter((sequence) => sequence.ask !== undefined);
}

export interface HeldOutOptions {
  readonly addon: Addon;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

async function runParts(
  model: NativeModel,
  stage: 'reference' | 'check',
  parts: readonly HeldOutPart[],
  options: HeldOutOptions,
  onLogits: (part: HeldOutPart, rows: readonly Float32Array[]) => void,
): Promise<void> {
  const longest = Math.max(1, ...parts.map(({ sequence }) => sequence.tokens));
  const width = model.describe().vocabularySize;
  const { addon, threads, signal } = options;
  const outputs = MOST_POSITIONS_PER_SEQUENCE;
  using inUse = useNative(
    () => new addon.Evaluator(model, { batchTokens: longest, sequences: 1, threads, outputs }),
    signal,
  );
  const evaluator = inUse.native;
  for (const [index, part] of parts.entries()) {
    throwIfCancelled(signal);
    const sequence = await part.sequence.prepare();
    const { logits } = await callNative(
      evaluator.run({ sequences: [{ ...sequence, logitsFirst: part.first, logitsCount: part.count }] }),
    );
    if (logits.some((value) => !(value < Infinity))) await blameLayer(model, part.sequence, options, stage);
    onLogits(
      part,
      Array.from({ length: part.count }, (_, i) => logits.subarray(i * width, (i + 1) * width)),
    );
    options.onProgress?.({ stage, done: index + 1, total: parts.length, unit: 'sequences' });
  }
}

/** Throws INCOHERENT with the first weight that a value reached which is no number. */
async function blameLayer(
  model: NativeModel,
  sequence: PlannedSequence,
  { addon, threads }: HeldOutOptions,
  stage: 'reference' | 'check',
): Promise<never> {
  using inUse = useNative(
    () => new addon.Evaluator(model, { batchTokens: sequence.tokens, sequences: 1, threads, tap: true }),
  );
  let where = 'the last layer is still sound';
  try {
    await callNative(inUse.native.run({ sequences: [await sequence.prepare()] }));
  } catch (error) {
    if (!hasCode(error, 'INCOHERENT')) throw error;
    where = error.message;
  }
  throw new SnugError('INCOHERENT', `the model's logits are not numbers; ${where}`, {
    advice:
      stage === 'reference' ? BROKEN_MODEL : 'Give that layer a better type, or use another source file.',
  });
}

/** What the source answers to the held-out questions, greedily. */
async function greedyAnswers(
  model: NativeModel,
  sequences: readonly PlannedSequence[],
  { addon, threads, signal }: HeldOutOptions,
): Promise<string[]> {
  const longest = sequences.reduce((most, { tokens }) => Math.max(most, tokens), 0);
  const contextTokens = longest + ANSWER_TOKENS;
  using inUse = useNative(() => new addon.Chat(model, { contextTokens, batchTokens: 512, threads }), signal);
  const chat = inUse.native;
  const answers: string[] = [];
  for (const sequence of sequences) {
    throwIfCancelled(signal);
    const said: Buffer[] = [];
    await callNative(chat.prompt(await (sequence.ask as () => ReturnType<PlannedSequence['prepare']>)()));
    await callNative(
      chat.answer({ maxTokens: ANSWER_TOKENS, temperature: 0 }, ({ bytes }) => said.push(bytes)),
    );
    answers.push(Buffer.concat(said).toString('utf8'));
  }
  throwIfCancelled(signal);
  return answers;
}

const answersSchema = z.array(z.string());
const answersPath = (recorded: string) => `${recorded}.answers.json`;

/**
 * Writes what the source says at the held-out positions to a file, unless it is there: a kept distribution each. Its own answers
 * come with them only where they are asked for: a source that is read from disk takes seconds for every token.
 */
export async function recordSource(
  model: NativeModel,
  path: string,
  sequences: readonly PlannedSequence[],
  options: HeldOutOptions & { readonly withAnswers: boolean },
): Promise<void> {
  if (existsSync(path)) return;
  const questions = options.withAnswers ? asked(sequences) : [];
  const answers = questions.length === 0 ? [] : await greedyAnswers(model, questions, options);
  writeFileAtomically(answersPath(path), JSON.stringify(answers));
  const temporary = `${path}.tmp`;
  try {
    const fd = insist(() => openSync(temporary, 'w', PRIVATE_FILE));
    try {
      await runParts(model, 'reference', heldOutParts(sequences, answers), options, (part, rows) => {
        rows.forEach((logits, i) => {
          // after the last token of the source's own answer nothing follows but what it would say
          const next = part.sequence.ids[part.first + i + 1] ?? argMax(logits);
          writeWholly(fd, encodeKept(keepDistribution(logits, next)));
        });
      });
    } finally {
      closeSync(fd);
    }
    publish(temporary, path);
  } catch (error) {
    discard(temporary);
    const isSystemError = error instanceof Error && 'syscall' in error;
    throw isSystemError ? writeError(error, path) : error;
  }
}

/** Quality of a candidate beside the recorded source, with the picture and on text. */
export async function compareWithSource(
  model: NativeModel,
  recorded: string,
  sequences: readonly PlannedSequence[],
  options: HeldOutOptions,
): Promise<Quality> {
  const { vocabularySize } = model.describe();
  const sums = { picture: new QualitySum(vocabularySize), text: new QualitySum(vocabularySize) };
  const answers = { asked: 0, same: 0 };
  const record = new Uint8Array(keptBytes(vocabularySize));
  const parts = heldOutParts(sequences, readKept(answersPath(recorded), answersSchema));
  const fd = insist(() => openSync(recorded, 'r'));
  try {
    await runParts(model, 'check', parts, options, (part, rows) => {
      let same = true;
      for (const logits of rows) {
        readWholly(fd, record, recorded);
        const kept = decodeKept(record);
        const comparison = compareWithKept(kept, logits);
        same &&= comparison.sameTop;
        if (!part.isAnswer) sums[part.sequence.kind].add(kept, comparison);
      }
      if (part.isAnswer) {
        answers.asked++;
        if (same) answers.same++;
      }
    });
  } finally {
    closeSync(fd);
  }
  return {
    image: sums.picture.result(),
    text: sums.text.result(),
    answers: answers.asked === 0 ? null : answers,
  };
}
