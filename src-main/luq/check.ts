import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import type { Check, Divergence } from '../contract/fit-report.ts';
import { throwIfCancelled } from '../contract/errors.ts';
import type { OnProgress } from '../contract/progress.ts';
import { callNative, type Addon, type NativeModel } from '../engine/addon.ts';
import { DivergenceSum } from '../evaluate/divergence.ts';
import { discard, readWholly, syncFile, writeError, writeWholly } from './files.ts';
import type { PlannedSequence } from './sequences.ts';

/**
 * Compares a compressed model with its source on held-out sequences: how far its next-token distributions are from the
 * source's where the answer is given, with the picture seen.
 */

/** Positions compared per kind; a source's logits at Qwen's vocabulary take 600 KB each, so 384 take 230 MB on disk. */
const MOST_POSITIONS = 192;
/** Positions per sequence, so that one long text does not fill the lot. */
const MOST_POSITIONS_PER_SEQUENCE = 32;
/**
 * A model that prefers another token than its source at more than this share of positions does not say what the source
 * says. Uniform 4-bit models agree at over 0.9, usable 2-bit ones at 0.7 and more.
 */
export const LEAST_AGREEMENT = 0.5;
/** Mean KL divergence above this is that of another model; uniform IQ1_M of an 8B model has 1.4 (measured, wikitext). */
export const LARGEST_KLD = 2.5;

interface HeldOutPart {
  readonly sequence: PlannedSequence;
  readonly first: number;
  readonly count: number;
}

/** The answer positions compared, the same for source and candidate. */
export function heldOutParts(sequences: readonly PlannedSequence[]): HeldOutPart[] {
  const left = { picture: MOST_POSITIONS, text: MOST_POSITIONS };
  return sequences.flatMap((sequence) => {
    const count = Math.min(sequence.answer.count, MOST_POSITIONS_PER_SEQUENCE, left[sequence.kind]);
    if (count <= 0) return [];
    left[sequence.kind] -= count;
    // of a text the end: those positions have the most context
    const skipped = sequence.kind === 'text' ? sequence.answer.count - count : 0;
    return [{ sequence, first: sequence.answer.first + skipped, count }];
  });
}

export interface HeldOutOptions {
  readonly addon: Addon;
  readonly parts: readonly HeldOutPart[];
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

async function runParts(
  model: NativeModel,
  stage: 'reference' | 'check',
  options: HeldOutOptions,
  onLogits: (part: HeldOutPart, logits: Float32Array) => void,
): Promise<void> {
  const longest = Math.max(1, ...options.parts.map(({ sequence }) => sequence.tokens));
  const evaluator = new options.addon.Evaluator(model, {
    batchTokens: longest,
    sequences: 1,
    threads: options.threads,
    outputs: MOST_POSITIONS_PER_SEQUENCE,
  });
  const stop = () => evaluator.abort();
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    for (const [index, part] of options.parts.entries()) {
      throwIfCancelled(options.signal);
      const sequence = await part.sequence.prepare();
      const { logits } = await callNative(
        evaluator.run({ sequences: [{ ...sequence, logitsFirst: part.first, logitsCount: part.count }] }),
      );
      onLogits(part, logits);
      options.onProgress?.({
        stage,
        done: index + 1,
        total: options.parts.length,
        unit: 'sequences',
      });
    }
  } finally {
    options.signal?.removeEventListener('abort', stop);
    evaluator.close();
  }
}

/** Writes the source's logits at the held-out positions to a file, unless it is there: [position × vocabulary] floats. */
export async function recordSource(model: NativeModel, path: string, options: HeldOutOptions): Promise<void> {
  if (existsSync(path)) return;
  const temporary = `${path}.tmp`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      await runParts(model, 'reference', options, (_, logits) => {
        writeWholly(fd, new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
      });
    } finally {
      closeSync(fd);
    }
    syncFile(temporary);
    renameSync(temporary, path);
  } catch (error) {
    discard(temporary);
    const isSystemError = error instanceof Error && 'syscall' in error;
    throw isSystemError ? writeError(error, path) : error;
  }
}

/** Divergence of a candidate from the recorded source, with the picture and on text. */
export async function compareWithSource(
  model: NativeModel,
  recorded: string,
  options: HeldOutOptions,
): Promise<{ image: Divergence | null; text: Divergence | null }> {
  const sums = { picture: new DivergenceSum(), text: new DivergenceSum() };
  const width = model.describe().vocabularySize;
  const source = new Float32Array(width);
  const sourceBytes = new Uint8Array(source.buffer);
  const fd = openSync(recorded, 'r');
  try {
    await runParts(model, 'check', options, (part, logits) => {
      for (let i = 0; i < part.count; i++) {
        readWholly(fd, sourceBytes, recorded);
        sums[part.sequence.kind].add(source, logits.subarray(i * width, (i + 1) * width));
      }
    });
  } finally {
    closeSync(fd);
  }
  return { image: sums.picture.result(), text: sums.text.result() };
}

/** Whether the compressed model still says what its source says, and if not, why. */
export function judge(divergence: { image: Divergence | null; text: Divergence | null }): Check {
  const reasons: string[] = [];
  for (const [kind, measured] of [
    ['about pictures', divergence.image],
    ['on text', divergence.text],
  ] as const) {
    if (!measured) continue;
    if (!(measured.topAgreement >= LEAST_AGREEMENT)) {
      reasons.push(
        `${kind} it prefers the source's next word only ${Math.round(measured.topAgreement * 100)} % of the time`,
      );
    }
    if (measured.meanKld === null || measured.meanKld > LARGEST_KLD) {
      const nats = measured.meanKld === null ? 'beyond measure' : `${measured.meanKld.toFixed(2)} nats`;
      reasons.push(`${kind} its KL divergence from the source is ${nats}`);
    }
  }
  return { ...divergence, coherent: reasons.length === 0, reasons };
}
