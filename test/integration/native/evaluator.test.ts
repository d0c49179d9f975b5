import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../src-main/pictures/pictures.ts';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import type { NativeModel, NativeSequence } from '../../../src-main/engine/native-types.ts';
import { argMax } from '../../../src-main/luq/quality/divergence.ts';
import { openModel } from '../../../src-main/models/open-model.ts';
import { DEMO_IMAGE_TOKENS, sample } from '../../fixtures/demo.ts';
import { writeLlava } from '../../fixtures/models.ts';
import { openDemo } from '../../helpers/open-demo.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// What the compiled addon computes of a model: logits, taps, and a conversation.

const { addon } = loadAddon();
const limits = DEMO_IMAGE_TOKENS;
const folder = sharedFolder();

describe('the evaluator', () => {
  /** The same prompt through the evaluator (text as embedding rows) and the chat (text as tokens): last logits of both. */
  async function lastLogits(model: NativeModel, sequence: NativeSequence) {
    const pieces = model.layout(sequence);
    const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
    const evaluator = new addon.Evaluator(model, { batchTokens: 256, sequences: 4, threads: 1, outputs: 4 });
    const run = await evaluator.run({
      sequences: [{ ...sequence, logitsFirst: tokens - 1, logitsCount: 1 }],
    });
    evaluator.close();
    const chat = new addon.Chat(model, { contextTokens: 256, batchTokens: 256, threads: 1 });
    await chat.prompt(sequence);
    const expected = chat.logits();
    chat.close();
    expect(run.tokens).toBe(tokens);
    return { found: run.logits, expected };
  }

  function expectSame(found: Float32Array, expected: Float32Array, tolerance: number) {
    expect(found).toHaveLength(expected.length);
    expect(argMax(found)).toBe(argMax(expected));
    const furthest = found.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? 0))),
      0,
    );
    expect(furthest).toBeLessThan(tolerance);
  }

  const asked = (marker: string, question: string) =>
    `<|im_start|>user\n${marker}${question}<|im_end|>\n<|im_start|>assistant\n`;

  it('gives the chat’s logits for text', async () => {
    using model = await openDemo();
    const { found, expected } = await lastLogits(model, { text: asked('', 'Who are you?') });
    expectSame(found, expected, 1e-3);
  });

  it.each(['circle', 'colours', 'shapes'])('gives the chat’s logits for the picture %s', async (name) => {
    using model = await openDemo();
    const picture = await decodePicture(sample(name), { maxPixels: 1e6 });
    const text = asked(model.describe().mediaMarker, 'How many shapes are there?');
    const { found, expected } = await lastLogits(model, { text, images: [picture] });
    expectSame(found, expected, 1e-2);
  });

  it('gives the chat’s logits for a model without M-RoPE', async () => {
    const where = join(folder, 'llava');
    mkdirSync(where);
    const files = writeLlava(where);
    using model = await openModel(addon, { path: files.model, mmprojPath: files.mmproj, limits, threads: 1 });
    const picture = await decodePicture(sample('circle'), { maxPixels: 1e6 });
    const text = `USER: ${model.describe().mediaMarker}What is it?\nASSISTANT:`;
    const { found, expected } = await lastLogits(model, { text, images: [picture] });
    expectSame(found, expected, 2e-2);
  });

  it('keeps the sequences of a batch apart', async () => {
    using model = await openDemo();
    const picture = await decodePicture(sample('colours'), { maxPixels: 1e6 });
    const { mediaMarker } = model.describe();
    const sequences: NativeSequence[] = [
      { text: asked('', 'Who are you?') },
      { text: asked(mediaMarker, 'Is there a blue circle?'), images: [picture] },
      { text: asked('', 'What can you do?') },
    ];
    const evaluator = new addon.Evaluator(model, { batchTokens: 512, sequences: 3, threads: 1, outputs: 3 });
    const last = sequences.map((sequence) => ({
      ...sequence,
      logitsFirst: model.layout(sequence).reduce((sum, piece) => sum + piece.tokens, 0) - 1,
      logitsCount: 1,
    }));
    const together = await evaluator.run({ sequences: last });
    const { vocabularySize } = model.describe();
    for (const [i, sequence] of last.entries()) {
      const alone = await evaluator.run({ sequences: [sequence] });
      const row = together.logits.subarray(i * vocabularySize, (i + 1) * vocabularySize);
      // the rows of a larger batch are summed in another order: 0.017 apart with AVX-512, where other words would be whole units away
      expectSame(row, alone.logits, 5e-2);
    }
    evaluator.close();
  });

  it('says when a batch is too large, and runs the next one', async () => {
    using model = await openDemo();
    const evaluator = new addon.Evaluator(model, { batchTokens: 64, sequences: 2, threads: 1, outputs: 8 });
    const tokens = (count: number) => ({ tokens: new Int32Array(count).fill(65) });
    const tooMany = evaluator.run({ sequences: [tokens(65)] });
    await expect(tooMany).rejects.toMatchObject({
      code: 'BATCH_SIZE',
      message: '65 tokens in 1 sequences do not fit a batch of 64 tokens and 2 sequences',
    });
    const tooManySequences = evaluator.run({ sequences: [tokens(1), tokens(1), tokens(1)] });
    await expect(tooManySequences).rejects.toMatchObject({ code: 'BATCH_SIZE' });
    await expect(evaluator.run({ sequences: [] })).rejects.toMatchObject({ code: 'BATCH_SIZE' });
    for (const [logitsFirst, logitsCount] of [
      [0, 9],
      [60, 8],
      [-1, 1],
    ] as const) {
      const outside = evaluator.run({ sequences: [{ ...tokens(64), logitsFirst, logitsCount }] });
      await expect(outside, `${logitsFirst} + ${logitsCount}`).rejects.toMatchObject({ code: 'BATCH_SIZE' });
    }
    const run = await evaluator.run({ sequences: [{ ...tokens(64), logitsFirst: 56, logitsCount: 8 }] });
    expect(run.logits).toHaveLength(8 * 2048);
    evaluator.close();
  });

  it('refuses tokens that the vocabulary does not have', async () => {
    using model = await openDemo();
    const evaluator = new addon.Evaluator(model, { batchTokens: 64, sequences: 1, threads: 1, outputs: 1 });
    for (const token of [2048, 1e9, -1]) {
      await expect(
        evaluator.run({ sequences: [{ tokens: Int32Array.of(1, token) }] }),
        `${token}`,
      ).rejects.toThrow();
    }
    evaluator.close();
  });
});

describe('a conversation', () => {
  it('needs a prompt to answer', () => {
    const script = join(import.meta.dirname, '..', '..', 'fixtures', 'answer-without-prompt.ts');
    const { stdout, signal } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    expect(signal).toBeNull();
    expect(JSON.parse(stdout)).toEqual({
      answer: 'there is no prompt to answer',
      logits: 'there are no logits before a prompt',
      'empty prompt': 'the prompt is empty',
    });
  });

  it('is stopped by an abort right after it was asked to run, every time', async () => {
    using model = await openDemo();
    const chat = new addon.Chat(model, { contextTokens: 512, batchTokens: 64, threads: 1 });
    const long = { text: 'What color is the circle? '.repeat(30) };
    for (let i = 0; i < 20; i++) {
      const running = chat.prompt(long);
      chat.abort();
      await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    // and runs the next one
    expect((await chat.prompt(long)).promptTokens).toBeGreaterThan(100);
    chat.close();
  });

  it('waits its turn when it is asked twice at once', async () => {
    using model = await openDemo();
    const chat = new addon.Chat(model, { contextTokens: 256, batchTokens: 256, threads: 1 });
    const [first, second] = await Promise.all([
      chat.prompt({ text: 'What' }),
      chat.prompt({ text: 'What color' }),
    ]);
    expect(first.promptTokens).toBeLessThan(second.promptTokens);
    chat.close();
  });

  it('finishes what runs when it is closed meanwhile', async () => {
    using model = await openDemo();
    const chat = new addon.Chat(model, { contextTokens: 256, batchTokens: 16, threads: 1 });
    const running = chat.prompt({ text: 'What color is the circle? '.repeat(10) });
    chat.close();
    expect((await running).promptTokens).toBeGreaterThan(50);
  });
});
