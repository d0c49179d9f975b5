import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GgufType, metadataNumber, metadataString, readGguf } from '../../../../src-main/gguf/gguf.ts';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { ggufEntry } from '../../../../src-main/gguf/writer.ts';
import { layersRunAlone, writeLayerFile } from '../../../../src-main/luq/gram/layer-file.ts';
import { writeTextOnly } from '../../../fixtures/models.ts';
import { number, writeTextModel } from '../../../helpers/small-models.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

describe('a layer as a file of its own', () => {
  it('has the layer’s tensors as those of layer 0, byte for byte, and no words', async () => {
    const folder = temporaryFolder();
    const source = readGguf(writeTextOnly(folder));
    const output = join(folder, 'layer.gguf');
    await writeLayerFile({ source, layer: 2, output });
    const found = readGguf(output);
    expect(metadataNumber(found, 'qwen2.block_count')).toBe(1);
    expect(metadataNumber(found, 'qwen2.attention.head_count')).toBe(
      metadataNumber(source, 'qwen2.attention.head_count'),
    );
    expect(metadataString(found, 'tokenizer.ggml.model')).toBe('no_vocab');
    expect(found.metadata.has('tokenizer.ggml.tokens')).toBe(false);
    const bytesOf = (of: { path: string; offset: number; bytes: number } | undefined) =>
      of && readFileSync(of.path).subarray(of.offset, of.offset + of.bytes);
    const wanted = source.tensors.filter(({ name }) => name.startsWith('blk.2.'));
    expect(wanted).toHaveLength(12);
    for (const tensor of wanted) {
      const same = found.tensors.find(({ name }) => name === tensor.name.replace('blk.2.', 'blk.0.'));
      expect(same).toMatchObject({ shape: tensor.shape, type: tensor.type });
      expect(bytesOf(same)?.equals(bytesOf(tensor) ?? Buffer.alloc(0))).toBe(true);
    }
    const others = found.tensors.filter(({ name }) => !name.startsWith('blk.'));
    expect(others.map(({ name }) => name).sort()).toEqual(['output_norm.weight', 'token_embd.weight']);
  });

  it('takes other blocks of its tensors where they are given', async () => {
    const folder = temporaryFolder();
    const source = readGguf(writeTextOnly(folder));
    const blocks = join(folder, 'blocks');
    const type = tensorTypeId('Q8_0');
    const bytes = Buffer.alloc(7 + ((256 * 256) / 32) * 34, 3);
    writeFileSync(blocks, bytes);
    const output = join(folder, 'layer.gguf');
    const given = new Map([['blk.1.attn_q.weight', { path: blocks, offset: 7, type }]]);
    await writeLayerFile({ source, layer: 1, blocks: given, output });
    const found = readGguf(output).tensors.find(({ name }) => name === 'blk.0.attn_q.weight');
    expect(found?.type).toBe(type);
    const written = readFileSync(output).subarray(found?.offset, (found?.offset ?? 0) + (found?.bytes ?? 0));
    expect(written.equals(bytes.subarray(7))).toBe(true);
  });

  it('is no way for layers that depend on more than their input', () => {
    const folder = temporaryFolder();
    const runsAlone = (...spec: Parameters<typeof writeTextModel>) =>
      layersRunAlone(readGguf(writeTextModel(...spec)));
    expect(runsAlone(folder, { architecture: 'qwen2vl' })).toBe(true);
    expect(runsAlone(folder, { architecture: 'llama' })).toBe(true);
    expect(runsAlone(folder, { architecture: 'qwen3vl' })).toBe(false);
    expect(runsAlone(folder, { architecture: 'gemma3' })).toBe(false);
    const one = [number('llama.attention.head_count_kv', 2)];
    expect(runsAlone(folder, { architecture: 'llama', entries: one })).toBe(true);
    const each = [ggufEntry('llama.attention.head_count_kv', GgufType.uint32, [2, 4])];
    expect(runsAlone(folder, { architecture: 'llama', entries: each })).toBe(false);
  });
});
