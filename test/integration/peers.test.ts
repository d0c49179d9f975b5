import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { klDivergence, logSumExp } from '../../src-main/luq/quality/divergence.ts';
import { compareWithKept, keepDistribution } from '../../src-main/luq/quality/kept-distribution.ts';
import { QualitySum } from '../../src-main/luq/quality/quality.ts';
import { assemble } from '../../src-main/luq/quantize/assemble.ts';
import { Bank, fillBank } from '../../src-main/luq/quantize/bank.ts';
import { encodeImatrix, readImatrix, type Imatrix } from '../../src-main/gguf/imatrix.ts';
import { mixtureOf } from '../../src-main/luq/plan/mixture.ts';
import { staysMapped } from '../../src-main/luq/plan/loaded-weights.ts';
import { openMetadata, openModel, type OpenModel } from '../../src-main/models/open-model.ts';
import { fileTypeId } from '../../src-main/luq/plan/rungs.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import { demoMmproj as mmproj, demoModel as source } from '../fixtures/demo.ts';
import { CPU_ONLY, QUANTIZED_AS, run, withVariant } from '../../tools/peers/run.ts';
import { quantizeAll, sha256 } from '../helpers/quantized.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// What llama.cpp's own tools make of the same input. The goldens are recorded by tools/record-peers.ts; where
// bench/peers.sh has built the tools, they are also run and compared live.

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'peers');
const peers = join(import.meta.dirname, '..', '..', '.cache', 'peers');
const { addon, backends } = loadAddon();
/** Each of ggml's CPU variants sums products in an order of its own. */
const variant = `libggml-cpu-${backends.cpuVariant}`;
const folder = sharedFolder();

describe('quantized blocks', () => {
  const recorded = JSON.parse(readFileSync(join(fixtures, 'quantized.json'), 'utf8')) as Record<
    string,
    Record<string, { type: string; sha256: string }>
  > & { sourceSha256: string };
  it('are recorded from this source', () => {
    expect(recorded.sourceSha256).toBe(sha256(readFileSync(source)));
  });

  it.each(QUANTIZED_AS)('are byte-identical to llama-quantize in %s', async (rung) => {
    const files = { source, imatrix: join(fixtures, 'imatrix.gguf'), scratch: folder };
    expect(await quantizeAll(addon, files, rung)).toEqual(recorded[rung]);
  });
});

describe('importance matrix', () => {
  const CHUNK_TOKENS = 512;
  let ours: Imatrix;

  beforeAll(async () => {
    using model = await openModel(addon, {
      path: source,
      limits: { minTokens: 16, maxTokens: 25 },
      threads: 1,
    });
    ours = await importanceOf(model, readFileSync(join(fixtures, 'text.txt'), 'utf8'));
  });

  /** The same cut as llama-imatrix makes: whole chunks of the context's length, the rest left out. */
  async function importanceOf(model: OpenModel, text: string): Promise<Imatrix> {
    const tokens = model.tokenize(text, true, false);
    const evaluator = new addon.Evaluator(model, {
      batchTokens: CHUNK_TOKENS,
      sequences: 1,
      threads: 1,
      tap: true,
    });
    const chunks = Math.floor(tokens.length / CHUNK_TOKENS);
    for (let i = 0; i < chunks; i++) {
      const chunk = tokens.slice(i * CHUNK_TOKENS, (i + 1) * CHUNK_TOKENS);
      await evaluator.run({ sequences: [{ tokens: chunk }] });
    }
    const entries = new Map(Object.entries(evaluator.importance()));
    evaluator.close();
    return { entries, chunks };
  }

  /** Largest difference between two matrices of the same weight, relative to its largest value. */
  function largestDifference(other: Imatrix): number {
    let largest = 0;
    for (const [name, { sums }] of ours.entries) {
      const theirs = other.entries.get(name)?.sums ?? new Float32Array();
      const scale = Math.max(...theirs);
      sums.forEach((sum, i) => {
        largest = Math.max(
          largest,
          Math.abs(sum - (theirs[i] ?? 0)) / Math.max(theirs[i] ?? 0, scale * 1e-3),
        );
      });
    }
    return largest;
  }

  it('has the same weights and counts as llama-imatrix', () => {
    const recorded = readImatrix(join(fixtures, 'imatrix.gguf'));
    expect([...ours.entries.keys()].sort()).toEqual([...recorded.entries.keys()].sort());
    expect(ours.chunks).toBe(recorded.chunks);
    for (const [name, { count }] of ours.entries) expect(count, name).toBe(recorded.entries.get(name)?.count);
  });

  it('equals the recorded one of llama-imatrix, as far as CPU variants agree with each other', () => {
    // llama-imatrix itself differs by up to 3e-3 between the haswell and the skylakex variant of the same llama.cpp
    expect(largestDifference(readImatrix(join(fixtures, 'imatrix.gguf')))).toBeLessThan(5e-3);
  });

  const imatrixTool = join(peers, 'llama-imatrix');
  // in the same CPU variant as ours: each sums in an order of its own
  const library = readdirSync(existsSync(peers) ? peers : folder).find((name) =>
    name.startsWith(`${variant}.`),
  );
  it.runIf(existsSync(imatrixTool) && library)('equals llama-imatrix run here, to 2e-5', async () => {
    const output = join(folder, 'imatrix.gguf');
    const flags = ['-c', '512', '-b', '512', '--no-ppl', ...CPU_ONLY];
    const args = ['-m', source, '-f', join(fixtures, 'text.txt'), '-o', output, ...flags];
    await withVariant(library ?? '', ['llama-imatrix'], async (tools) => {
      await run('llama-imatrix', args, { folder: tools });
    });
    expect(largestDifference(readImatrix(output))).toBeLessThan(2e-5);
  });
});

describe('an importance matrix of ours', () => {
  const tool = join(peers, 'llama-quantize');
  it.runIf(existsSync(tool))('is accepted by llama-quantize, which then writes the same blocks', async () => {
    const gguf = readGguf(source);
    using model = await openModel(addon, {
      path: source,
      limits: { minTokens: 16, maxTokens: 25 },
      threads: 1,
    });
    const tokens = model.tokenize(readFileSync(join(fixtures, 'text.txt'), 'utf8'), true, false);
    const evaluator = new addon.Evaluator(model, { batchTokens: 512, sequences: 1, threads: 1, tap: true });
    await evaluator.run({ sequences: [{ tokens: tokens.slice(0, 512) }] });
    const imatrix: Imatrix = { entries: new Map(Object.entries(evaluator.importance())), chunks: 1 };
    evaluator.close();
    const imatrixPath = join(folder, 'ours.gguf');
    writeFileSync(imatrixPath, encodeImatrix(imatrix, { dataset: 'a test', chunkTokens: 512 }));

    const theirs = join(folder, 'theirs.gguf');
    execFileSync(tool, ['--imatrix', imatrixPath, source, theirs, 'Q2_K', '2'], { stdio: 'ignore' });
    const types = mixtureOf(addon, model, gguf.tensors, 'Q2_K');
    const bank = new Bank(folder, 'live');
    await fillBank({ addon, source: gguf, types, imatrix, bank, threads: 1 });
    const theirBytes = readFileSync(theirs);
    for (const tensor of readGguf(theirs).tensors) {
      const ours = gguf.tensors.find(({ name }) => name === tensor.name);
      if (!ours || tensor.type === ours.type) continue;
      const theirBlocks = theirBytes.subarray(tensor.offset, tensor.offset + tensor.bytes);
      expect(sha256(readFileSync(bank.path(ours, tensor.type))), tensor.name).toBe(sha256(theirBlocks));
    }
  });
});

describe('divergence from the source', () => {
  type Recorded = Record<'meanKld' | 'medianKld' | 'p99Kld' | 'topAgreement' | 'perplexity', number>;
  const { chunkTokens, variants } = JSON.parse(readFileSync(join(fixtures, 'divergence.json'), 'utf8')) as {
    chunkTokens: number;
    variants: Record<string, Record<string, Recorded>>;
  };
  const same = variants[variant];
  const types = same ?? Object.values(variants)[0] ?? {};
  // llama-perplexity takes the second half of each chunk, but for its last token, after which nothing follows
  const first = chunkTokens / 2;
  const count = chunkTokens - first - 1;

  async function logitsOf(path: string): Promise<{ next: number; logits: Float32Array }[]> {
    using model = await openModel(addon, {
      path,
      mapped: staysMapped(readTextModel(path)),
      limits: { minTokens: 16, maxTokens: 25 },
      threads: 1,
    });
    const tokens = model.tokenize(readFileSync(join(fixtures, 'text.txt'), 'utf8'), true, false);
    const width = model.describe().vocabularySize;
    const options = { batchTokens: chunkTokens, sequences: 1, threads: 1, outputs: count };
    const evaluator = new addon.Evaluator(model, options);
    const positions: { next: number; logits: Float32Array }[] = [];
    for (let start = 0; start + chunkTokens <= tokens.length; start += chunkTokens) {
      const chunk = tokens.slice(start, start + chunkTokens);
      const { logits } = await evaluator.run({
        sequences: [{ tokens: chunk, logitsFirst: first, logitsCount: count }],
      });
      for (let i = 0; i < count; i++) {
        const next = chunk[first + i + 1] as number;
        positions.push({ next, logits: logits.subarray(i * width, (i + 1) * width) });
      }
    }
    evaluator.close();
    return positions;
  }

  /**
   * Divergence with the source as llama-perplexity keeps it: log probabilities in 16 bits, nothing further than 16 below the largest
   * logit, and nothing below e^-16 counted (perplexity.cpp, log_softmax).
   */
  function divergenceAsStored(logits: Float32Array, other: Float32Array): number {
    const [norm, otherNorm] = [logSumExp(logits), logSumExp(other)];
    const largest = logits.reduce((x, y) => Math.max(x, y));
    const smallest = logits.reduce((x, y) => Math.min(x, y));
    const least = Math.max(smallest, largest - 16);
    const step = (largest - least) / 65_535;
    let sum = 0;
    logits.forEach((logit, token) => {
      const logP = least - norm + step * Math.round(Math.max(0, logit - least) / step);
      if (logP > -16) sum += Math.exp(logP) * (logP - ((other[token] as number) - otherNorm));
    });
    return sum;
  }

  // where this CPU's variant was recorded; another's rounds otherwise
  const tolerance = same ? 1e-3 : 1e-2;
  it.each(['Q4_K_M', 'Q2_K'] as const)(`of %s is llama-perplexity’s to ${tolerance}`, async (rung) => {
    const gguf = readGguf(source);
    using metadata = await openMetadata(addon, source);
    const mixture = mixtureOf(addon, metadata, gguf.tensors, rung);
    const bank = new Bank(folder, rung);
    const imatrix = readImatrix(join(fixtures, 'imatrix.gguf'));
    await fillBank({ addon, source: gguf, types: mixture, imatrix, bank, threads: 1 });
    const output = join(folder, `${rung}.gguf`);
    await assemble({ source: gguf, types: mixture, bank, output, fileType: fileTypeId(rung), facts: [] });
    const [base, ours] = [await logitsOf(source), await logitsOf(output)];
    const mean = (of: typeof klDivergence) =>
      base.reduce((all, { logits }, i) => all + of(logits, ours[i]?.logits ?? logits), 0) / base.length;
    const sum = new QualitySum(base[0]?.logits.length ?? 0);
    base.forEach(({ logits, next }, i) => {
      const kept = keepDistribution(logits, next);
      sum.add(kept, compareWithKept(kept, ours[i]?.logits ?? logits));
    });
    const compact = sum.result();
    const theirs = types[rung];
    if (!compact || !theirs) throw new Error('nothing was compared');
    const off = (value: number | null, their: number) => Math.abs((value ?? NaN) / their - 1);
    expect(off(mean(divergenceAsStored), theirs.meanKld)).toBeLessThan(tolerance);
    // it loses the far tail of the source; what we keep loses what lies within the rare tokens
    expect(off(mean(klDivergence), theirs.meanKld)).toBeLessThan(0.03);
    expect(off(compact.meanKld, theirs.meanKld)).toBeLessThan(0.03);
    // ten positions lie above it
    expect(off(compact.p99Kld, theirs.p99Kld)).toBeLessThan(same ? 0.03 : 0.06);
    expect(off(compact.perplexity, theirs.perplexity)).toBeLessThan(tolerance);
    // of a thousand positions a few are as good as tied
    expect(Math.abs(compact.topAgreement - theirs.topAgreement)).toBeLessThan(same ? 5e-5 : 0.015);
  });
});

describe('greedy answers', () => {
  const { cases } = JSON.parse(readFileSync(join(fixtures, 'first-tokens.json'), 'utf8')) as {
    cases: { prompt: string; picture: string | null; answerStart: string; answer: string }[];
  };
  const host = new ChatHost();

  beforeAll(() => host.open({ modelPath: source, mmprojPath: mmproj, contextTokens: 1024, threads: 1 }));
  afterAll(() => host.close());

  it('cover pictures and text', () => {
    expect(cases).toHaveLength(20);
    expect(cases.filter((entry) => entry.picture !== null).length).toBeGreaterThanOrEqual(10);
  });

  it.each(cases)('are llama-mtmd-cli’s: $prompt', async ({ prompt, picture, answerStart, answer }) => {
    host.session.reset();
    const pictures = picture === null ? [] : [join(fixtures, picture)];
    const sent = await host.session.send({ text: prompt, pictures, maxTokens: 24, temperature: 0, seed: 0 });
    expect(sent.text.trim().startsWith(answerStart.trim())).toBe(true);
    expect(sent.text.trim()).toBe(answer.trim());
  });
});
