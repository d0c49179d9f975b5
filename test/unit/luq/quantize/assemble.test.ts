import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { assemble, checkOutput } from '../../../../src-main/luq/quantize/assemble.ts';
import { Bank, fillBank } from '../../../../src-main/luq/quantize/bank.ts';
import { encodeGguf, ggufEntry, layOutGguf } from '../../../../src-main/gguf/writer.ts';
import { GgufType, metadataNumber, metadataString, readGguf } from '../../../../src-main/gguf/gguf.ts';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { FakeQuantizer } from '../../../helpers/fake-quantizer.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected, thrown } from '../../../helpers/thrown.ts';

const Q4_K = tensorTypeId('Q4_K');
const { string, uint32, uint8 } = GgufType;

const sourceEntries = [
  ggufEntry('general.architecture', string, 'qwen2vl'),
  ggufEntry('general.file_type', uint32, 1),
  ggufEntry('luq.version', uint32, 1),
  ggufEntry('luq.old.fact', string, 'of an earlier fit'),
  ggufEntry('tokenizer.ggml.tokens', string, ['<s>', 'ein', 'zwölf', '']),
  // a type that Snug does not write itself
  { key: 'foreign', raw: Buffer.from('0700000000000000666f726569676e03000000feff', 'hex') },
  ggufEntry('last', uint8, 9),
];

function sourceTensors() {
  return [
    { name: 'token_embd.weight', shape: [256, 2], type: 1, data: new Uint8Array(1024).fill(11) },
    { name: 'blk.0.attn_q.weight', shape: [256, 4], type: 1, data: new Uint8Array(2048).fill(22) },
    { name: 'blk.0.attn_norm.weight', shape: [256], type: 0, data: new Uint8Array(1024).fill(33) },
  ];
}

async function setUp() {
  const folder = temporaryFolder();
  const sourcePath = join(folder, 'source.gguf');
  writeFileSync(sourcePath, encodeGguf(sourceEntries, sourceTensors()));
  const source = readGguf(sourcePath);
  const bank = new Bank(join(folder, 'bank'), 'key');
  const types = new Map([['blk.0.attn_q.weight', Q4_K]]);
  const quantizer = new FakeQuantizer();
  await fillBank({ addon: quantizer.addon, source, types, imatrix: undefined, bank, threads: 1 });
  const tensor = source.tensors.find(({ name }) => name === 'blk.0.attn_q.weight');
  if (!tensor) throw new Error('the source lost a tensor');
  const outputFolder = join(folder, 'models');
  mkdirSync(outputFolder);
  const output = join(outputFolder, 'result.gguf');
  const facts = [ggufEntry('luq.version', uint32, 2), ggufEntry('luq.source.sha256', string, 'abc')];
  const options = { source, types, bank, output, fileType: 15, facts };
  return { folder, sourcePath, source, bank, tensor, output, outputFolder, options, quantizer };
}

describe('the fitted file', () => {
  it("has the source's metadata byte for byte, in its order, with the changed facts behind", async () => {
    const { source, output, options } = await setUp();
    await assemble(options);
    const result = readGguf(output);
    const kept = ['general.architecture', 'tokenizer.ggml.tokens', 'foreign', 'last'];
    expect([...result.metadata.keys()]).toEqual([
      ...kept,
      'general.quantization_version',
      'general.file_type',
      'luq.version',
      'luq.source.sha256',
    ]);
    for (const key of kept) {
      expect(result.metadata.get(key)?.raw, key).toEqual(source.metadata.get(key)?.raw);
    }
    expect(metadataNumber(result, 'general.file_type')).toBe(15);
    expect(metadataNumber(result, 'luq.version')).toBe(2);
    expect(metadataString(result, 'luq.source.sha256')).toBe('abc');
  });

  it('has the blocks of the bank where the type changed and those of the source elsewhere', async () => {
    const { output, options } = await setUp();
    const bytes = await assemble(options);
    const file = readFileSync(output);
    expect(file.length).toBe(bytes);
    const contents = readGguf(output).tensors.map(({ name, shape, type, offset, bytes: length }) => ({
      name,
      shape,
      type,
      values: [...new Set(file.subarray(offset, offset + length))],
    }));
    expect(contents).toEqual([
      { name: 'token_embd.weight', shape: [256, 2], type: 1, values: [11] },
      { name: 'blk.0.attn_q.weight', shape: [256, 4], type: Q4_K, values: [Q4_K] },
      { name: 'blk.0.attn_norm.weight', shape: [256], type: 0, values: [33] },
    ]);
  });

  it('is the same file each time, and replaces an older one', async () => {
    const { output, outputFolder, options } = await setUp();
    await assemble(options);
    const first = readFileSync(output);
    writeFileSync(output, 'an older result');
    await assemble(options);
    expect(readFileSync(output).equals(first)).toBe(true);
    expect(readdirSync(outputFolder)).toEqual(['result.gguf']);
  });

  it('keeps the alignment that the source declares', async () => {
    const { folder, bank, output, options } = await setUp();
    const entries = [...sourceEntries, ggufEntry('general.alignment', uint32, 128)];
    const tensors = sourceTensors().map((tensor) => ({ ...tensor, bytes: tensor.data.length }));
    const layout = layOutGguf(entries, tensors, 128);
    const whole = new Uint8Array(layout.totalBytes);
    whole.set(layout.header);
    tensors.forEach(({ data }, i) => whole.set(data, layout.offsets[i]));
    const path = join(folder, 'aligned.gguf');
    writeFileSync(path, whole);
    await assemble({ ...options, source: readGguf(path), bank });
    const result = readGguf(output);
    expect(result.alignment).toBe(128);
    for (const { offset } of result.tensors) expect(offset % 128).toBe(0);
  });

  it('makes the folder it is to lie in', async () => {
    const { outputFolder, options } = await setUp();
    const output = join(outputFolder, 'new', 'folder', 'result.gguf');
    await assemble({ ...options, output });
    expect(existsSync(output)).toBe(true);
  });

  it('reports progress up to its last byte', async () => {
    const { options } = await setUp();
    const seen: { done: number; total: number }[] = [];
    await assemble({ ...options, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ done }) => done)).toEqual([1024, 1024 + 576, 1024 + 576 + 1024]);
    expect(seen.at(-1)?.total).toBe(1024 + 576 + 1024);
  });
});

/** FileHandle's write, as far as it is cut short here. */
interface CutShort {
  write: (this: unknown, data: Buffer, offset: number, length: number, at: number) => Promise<unknown>;
}

describe('damage on the disk', () => {
  it('in a stored block is noticed, and the block is made again next time', async () => {
    const { source, bank, tensor, output, outputFolder, options, quantizer } = await setUp();
    const stored = readFileSync(bank.path(tensor, Q4_K));
    stored[100] = (stored[100] ?? 0) ^ 1;
    writeFileSync(bank.path(tensor, Q4_K), stored);
    const error = await rejected(assemble(options));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain('blk.0.attn_q.weight');
    expect(readdirSync(outputFolder)).toEqual([]);
    expect(bank.has(tensor, Q4_K)).toBe(false);
    await fillBank({ ...options, addon: quantizer.addon, source, imatrix: undefined, threads: 1 });
    await assemble(options);
    expect(readGguf(output).tensors).toHaveLength(3);
  });

  it('in any piece of a large block is noticed, also where it is lost blocks that read as zeros', async () => {
    const { folder, options, quantizer } = await setUp();
    const path = join(folder, 'large.gguf');
    const shape = [256, 16384];
    const data = new Uint8Array(256 * 16384 * 2);
    writeFileSync(path, encodeGguf(sourceEntries, [{ name: 'blk.0.attn_q.weight', shape, type: 1, data }]));
    const source = readGguf(path);
    const large = source.tensors[0];
    if (!large) throw new Error('the source lost its tensor');
    const { addon } = quantizer;
    const fill = () => fillBank({ ...options, addon, source, imatrix: undefined, threads: 1 });
    const bytes = 16384 * 144;
    // a page of each 1 MiB piece that is copied at a time, and the last byte
    for (const [at, length] of [
      [0, 4096],
      [1 << 20, 4096],
      [2 << 20, 4096],
      [bytes - 1, 1],
    ] as const) {
      options.bank.drop(large, Q4_K);
      await fill();
      const stored = readFileSync(options.bank.path(large, Q4_K));
      writeFileSync(options.bank.path(large, Q4_K), stored.fill(0, at, at + length));
      const error = await rejected(assemble({ ...options, source }));
      expect(error.message, `at ${at}`).toContain('damaged on disk');
    }
    await fill();
    await assemble({ ...options, source });
  });

  it('to a source that became shorter meanwhile is not written as zeros', async () => {
    const { sourcePath, tensor, outputFolder, options } = await setUp();
    truncateSync(sourcePath, tensor.offset + tensor.bytes);
    expect((await rejected(assemble(options))).code).toBe('FILE');
    expect(readdirSync(outputFolder)).toEqual([]);
  });

  it('by a write that the system cut short is not left in the file', async () => {
    const { folder, output, options } = await setUp();
    const handle = await open(join(folder, 'source.gguf'));
    const prototype = Object.getPrototypeOf(handle) as CutShort;
    await handle.close();
    const { write } = prototype;
    let calls = 0;
    const spy = vi.spyOn(prototype, 'write');
    spy.mockImplementation(function (this: unknown, data, offset, length, at) {
      calls++;
      return write.call(this, data, offset, calls === 2 ? length >> 1 : length, at);
    });
    onTestFinished(() => void spy.mockRestore());
    await assemble(options);
    const file = readFileSync(output);
    const first = readGguf(output).tensors[0];
    const blocks = file.subarray(first?.offset, (first?.offset ?? 0) + 1024);
    expect(blocks.equals(Buffer.alloc(1024, 11))).toBe(true);
  });
});

describe('an output that cannot be', () => {
  it('below a regular file is told in plain words', async () => {
    const { sourcePath, options } = await setUp();
    const before = readFileSync(sourcePath);
    const error = await rejected(assemble({ ...options, output: join(sourcePath, 'result.gguf') }));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.remedies).toContainEqual({ kind: 'choose-output' });
    expect(readFileSync(sourcePath).equals(before)).toBe(true);
  });

  it('that is a folder is told in plain words, and nothing is left beside it', async () => {
    const { output, outputFolder, options } = await setUp();
    mkdirSync(join(output, 'inside'), { recursive: true });
    expect((await rejected(assemble(options))).code).toBe('CANNOT_WRITE');
    expect(readdirSync(outputFolder)).toEqual(['result.gguf']);
  });

  it('because a person stopped it leaves nothing and keeps the older result', async () => {
    const { output, outputFolder, options } = await setUp();
    writeFileSync(output, 'an older result');
    const controller = new AbortController();
    const stopped = assemble({
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect((await rejected(stopped)).code).toBe('CANCELLED');
    expect(readdirSync(outputFolder)).toEqual(['result.gguf']);
    expect(readFileSync(output, 'utf8')).toBe('an older result');
  });
});

describe('an output that is the source itself', () => {
  const sources = () => {
    const folder = temporaryFolder();
    const source = join(folder, 'model.gguf');
    writeFileSync(source, 'GGUF');
    return { folder, source };
  };

  it.each([
    ['by the same path', (_: string, source: string) => source],
    ['by a relative path', (_: string, source: string) => relative(process.cwd(), source)],
    ['by a way round', (folder: string) => join(folder, 'x', '..', 'model.gguf')],
    [
      'by a link to the file',
      (folder: string, source: string) => {
        symlinkSync(source, join(folder, 'link.gguf'));
        return join(folder, 'link.gguf');
      },
    ],
    [
      'by a link to the folder',
      (folder: string) => {
        symlinkSync(folder, join(folder, 'linked'));
        return join(folder, 'linked', 'model.gguf');
      },
    ],
  ])('%s is refused', (_, outputFor) => {
    const { folder, source } = sources();
    const output = outputFor(folder, source);
    const error = thrown(() => checkOutput(output, [join(folder, 'mmproj.gguf'), source]));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.remedies).toContainEqual({ kind: 'choose-output' });
  });

  it('another file in the same folder is fine, there or not yet', () => {
    const { folder, source } = sources();
    writeFileSync(join(folder, 'old-result.gguf'), '');
    expect(() => checkOutput(join(folder, 'old-result.gguf'), [source])).not.toThrow();
    expect(() => checkOutput(join(folder, 'new-result.gguf'), [source])).not.toThrow();
  });
});
