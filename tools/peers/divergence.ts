import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CPU_ONLY,
  cpuVariant,
  IMATRIX,
  llamaCppTag,
  MODEL,
  run,
  TEXT,
  THREADS,
  tools,
  withVariant,
  writeJson,
} from './run.ts';

/**
 * `divergence.json`: what llama-perplexity says of two types of the demo model, with every CPU variant of AVX2 or later that runs on
 * this machine.
 */

/** For processors older than AVX2, which take minutes over this. */
const OLD_VARIANTS = /-(x64|sse42|sandybridge|ivybridge|piledriver)\./;
const FILE_TYPES = ['Q4_K_M', 'Q2_K'];
const CHUNK_TOKENS = 512;

function printed(output: string, label: RegExp): number {
  const found = new RegExp(`${label.source}\\s*:?\\s*(-?[\\d.]+)`).exec(output)?.[1];
  if (found === undefined) throw new Error(`llama-perplexity did not print ${label.source}:\n${output}`);
  return Number(found);
}

/** Of each type beside F16, at the second half of each chunk, as llama-perplexity takes it. `folder`: of the tools. */
async function divergences(folder: string, quantized: ReadonlyMap<string, string>, work: string) {
  const base = join(work, 'base.kld');
  const chunk = String(CHUNK_TOKENS);
  const args = ['-f', TEXT, '-c', chunk, '-b', chunk, '--kl-divergence-base', base, ...CPU_ONLY];
  await run('llama-perplexity', ['-m', MODEL, ...args], { folder });
  const types: Record<string, unknown> = {};
  for (const [fileType, path] of quantized) {
    const { stdout, stderr } = await run('llama-perplexity', ['-m', path, ...args, '--kl-divergence'], {
      folder,
    });
    const output = stdout + stderr;
    types[fileType] = {
      meanKld: printed(output, /Mean\s+KLD/),
      medianKld: printed(output, /Median\s+KLD/),
      p99Kld: printed(output, /99\.0%\s+KLD/),
      topAgreement: printed(output, /Same top p:/) / 100,
      perplexity: printed(output, /Mean PPL\(Q\)/),
      sourcePerplexity: printed(output, /Mean PPL\(base\)/),
    };
  }
  return types;
}

export async function recordDivergence(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'snug-peers-'));
  try {
    const quantized = new Map(FILE_TYPES.map((fileType) => [fileType, join(work, `${fileType}.gguf`)]));
    for (const [fileType, path] of quantized) {
      await run('llama-quantize', ['--imatrix', IMATRIX, MODEL, path, fileType, THREADS]);
    }
    const variants: Record<string, unknown> = {};
    for (const library of readdirSync(tools)) {
      if (!/^libggml-cpu.*\.(so|dylib)$/.test(library) || OLD_VARIANTS.test(library)) continue;
      await withVariant(library, ['llama-bench', 'llama-perplexity'], async (folder) => {
        const variant = await cpuVariant(folder);
        if (variant === undefined) return;
        variants[variant] = await divergences(folder, quantized, work);
        console.log(`divergence.json: ${variant}`);
      });
    }
    const platform = `${process.platform} ${process.arch}`;
    writeJson('divergence.json', {
      llamaCpp: llamaCppTag(),
      platform,
      chunkTokens: CHUNK_TOKENS,
      variants,
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
