import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeImatrix, meanSquares, readImatrix } from '../../../src-main/gguf/imatrix.ts';
import { encodeGguf } from '../../../src-main/gguf/writer.ts';
import { metadataNumber, metadataString, readGguf, type GgufArray } from '../../../src-main/gguf/gguf.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const imatrix = {
  chunks: 12,
  entries: new Map([
    ['blk.1.ffn_up.weight', { sums: Float32Array.of(0.1, 2, 3e10, 0), count: 640 }],
    ['blk.0.attn_q.weight', { sums: Float32Array.of(1, 2, 3), count: 512 }],
  ]),
};

function written(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'imatrix.gguf');
  writeFileSync(path, bytes);
  return path;
}

describe('an importance matrix on disk', () => {
  const encoded = encodeImatrix(imatrix, { dataset: 'built-in', chunkTokens: 512 });

  it('comes back as it was', () => {
    const read = readImatrix(written(encoded));
    expect(read.chunks).toBe(12);
    expect(read.entries).toEqual(new Map([...imatrix.entries].reverse()));
  });

  it("has llama-imatrix's names and shapes", () => {
    const gguf = readGguf(written(encoded));
    expect(metadataString(gguf, 'general.type')).toBe('imatrix');
    expect((gguf.metadata.get('imatrix.datasets')?.value as GgufArray).values()).toEqual(['built-in']);
    expect(metadataNumber(gguf, 'imatrix.chunk_count')).toBe(12);
    expect(metadataNumber(gguf, 'imatrix.chunk_size')).toBe(512);
    expect(gguf.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['blk.0.attn_q.weight.in_sum2', [3, 1]],
      ['blk.0.attn_q.weight.counts', [1, 1]],
      ['blk.1.ffn_up.weight.in_sum2', [4, 1]],
      ['blk.1.ffn_up.weight.counts', [1, 1]],
    ]);
  });

  it('is the same file for the same sums, in whatever order they came', () => {
    const turned = { ...imatrix, entries: new Map([...imatrix.entries].reverse()) };
    const again = encodeImatrix(turned, { dataset: 'built-in', chunkTokens: 512 });
    expect(Buffer.from(again).equals(encoded)).toBe(true);
  });

  it('without the counts of a weight is broken', () => {
    const sums = { name: 'blk.0.attn_q.weight.in_sum2', shape: [1, 1], type: 0, data: new Uint8Array(4) };
    const error = thrown(() => readImatrix(written(encodeGguf([], [sums]))));
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.message).toContain('blk.0.attn_q.weight.counts');
  });
});

describe('mean squares', () => {
  it('are float32 divisions, to the bit', () => {
    const sums = Float32Array.of(0.1, 1, 16777217, 3.3e38, 1e-40);
    const means = meanSquares({ sums, count: 3 });
    expect(means).toBeInstanceOf(Float32Array);
    expect([...means]).toEqual([...sums].map((sum) => Math.fround(sum / 3)));
  });

  it('leave the sums as they are', () => {
    const sums = Float32Array.of(4, 8);
    expect([...meanSquares({ sums, count: 4 })]).toEqual([1, 2]);
    expect([...sums]).toEqual([4, 8]);
  });

  it('of a weight that no token passed are all one, as llama-quantize has it', () => {
    expect([...meanSquares({ sums: Float32Array.of(0, 0), count: 0 })]).toEqual([1, 1]);
  });
});
