import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { ChatHost } from '../../src-main/chat/host.ts';
import type { Rung } from '../../src-main/contract/rungs.ts';
import type { Addon, NativeModel, NativeSequence } from '../../src-main/engine/native-types.ts';
export { RECORDED_RUNGS } from '../../tools/peers/families.ts';
export { quickFit } from './quick-fit.ts';
import type { TensorRecord } from './quantized.ts';

/** What every family's tests do with its small model. */

export interface Asked {
  readonly modelPath: string;
  readonly mmprojPath: string;
  readonly pictures: readonly string[];
  readonly contextTokens?: number;
}

export async function askAbout({ modelPath, mmprojPath, pictures, contextTokens = 512 }: Asked) {
  const host = new ChatHost();
  try {
    await host.open({ modelPath, mmprojPath, contextTokens, threads: 1, imageMaxTokens: 64 });
    const request = { text: 'What is shown here?', maxTokens: 8, temperature: 0, seed: 0 };
    return await host.session.send({ ...request, pictures, ignoreEnd: true });
  } finally {
    host.close();
  }
}

/** Logits of the last token: as calibration and evaluation run a sequence, and as a chat does, by llama.cpp's own helpers. */
export async function logitsOfBoth(addon: Addon, model: NativeModel, sequence: NativeSequence) {
  const tokens = model.layout(sequence).reduce((sum, piece) => sum + piece.tokens, 0);
  const evaluator = new addon.Evaluator(model, { batchTokens: 512, sequences: 4, threads: 1, outputs: 4 });
  const run = await evaluator.run({ sequences: [{ ...sequence, logitsFirst: tokens - 1, logitsCount: 1 }] });
  evaluator.close();
  const chat = new addon.Chat(model, { contextTokens: 512, batchTokens: 512, threads: 1 });
  await chat.prompt(sequence);
  const chatted = chat.logits();
  chat.close();
  return { evaluated: run.logits, chatted };
}

const recordedSchema = z.object({
  recorded: z.record(
    z.string(),
    z.record(z.string(), z.record(z.string(), z.object({ type: z.string(), sha256: z.string() }))),
  ),
});

/** What llama-quantize wrote of a family's small model (tools/record-peers.ts). */
export function recordedOf(family: string, rung: Rung): TensorRecord | undefined {
  const path = join(import.meta.dirname, '..', 'fixtures', 'peers', 'families.json');
  return recordedSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).recorded[family]?.[rung];
}

export function furthestApart(one: Float32Array, other: Float32Array): number {
  expect(one).toHaveLength(other.length);
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? 0))), 0);
}
