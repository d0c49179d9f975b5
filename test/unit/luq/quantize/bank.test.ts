import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bank, fillBank, imatrixKey } from '../../../../src-main/luq/quantize/bank.ts';
import { readGguf, type GgufTensor } from '../../../../src-main/gguf/gguf.ts';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { FakeQuantizer } from '../../../helpers/fake-quantizer.ts';
import { ggufTensor, writeTextModel } from '../../../helpers/small-models.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected, thrown } from '../../../helpers/thrown.ts';

const Q4_K = tensorTypeId('Q4_K');
const IQ1_M = tensorTypeId('IQ1_M');
const KEY = 'matrix-1';
const tensor = ggufTensor({ name: 'blk.0.attn_q.weight', shape: [256, 4] });
const other = ggufTensor({ name: 'blk.1.attn_q.weight', shape: [256, 4] });

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function add(bank: Bank, which: GgufTensor, type: number, fill = 1): Promise<void> {
  const bytes = type === Q4_K ? 4 * 144 : 4 * 56;
  writeFileSync(bank.unfinishedPath(which, type), new Uint8Array(bytes).fill(fill));
  await bank.add(which, type);
}

describe('what the bank holds', () => {
  it('is still there after a restart, with the hash of its bytes', async () => {
    const folder = temporaryFolder();
    const bank = new Bank(folder, KEY);
    expect(bank.has(tensor, Q4_K)).toBe(false);
    await add(bank, tensor, Q4_K);
    await add(bank, other, IQ1_M);
    const again = new Bank(folder, KEY);
    expect(again.has(tensor, Q4_K)).toBe(true);
    expect(again.has(other, IQ1_M)).toBe(true);
    expect(again.sha256(tensor, Q4_K)).toBe(sha256(readFileSync(again.path(tensor, Q4_K))));
    expect(again.bytes()).toBeGreaterThanOrEqual(4 * 144 + 4 * 56);
  });

  it('is kept apart by type, tensor and importance matrix', async () => {
    const folder = temporaryFolder();
    await add(new Bank(folder, KEY), tensor, Q4_K);
    const bank = new Bank(folder, KEY);
    expect(bank.has(tensor, IQ1_M)).toBe(false);
    expect(bank.has(other, Q4_K)).toBe(false);
    expect(new Bank(folder, 'matrix-2').has(tensor, Q4_K)).toBe(false);
  });

  it('does not count when its file is gone or has another size', async () => {
    const bank = new Bank(temporaryFolder(), KEY);
    await add(bank, tensor, Q4_K);
    truncateSync(bank.path(tensor, Q4_K), 100);
    expect(bank.has(tensor, Q4_K)).toBe(false);
    rmSync(bank.path(tensor, Q4_K));
    expect(bank.has(tensor, Q4_K)).toBe(false);
  });

  it('does not count when the file is there and the index does not know it', () => {
    const bank = new Bank(temporaryFolder(), KEY);
    writeFileSync(bank.path(tensor, Q4_K), new Uint8Array(4 * 144));
    expect(bank.has(tensor, Q4_K)).toBe(false);
  });

  it('is forgotten when dropped, also after a restart, and can be made again', async () => {
    const folder = temporaryFolder();
    const bank = new Bank(folder, KEY);
    await add(bank, tensor, Q4_K, 1);
    bank.drop(tensor, Q4_K);
    expect(existsSync(bank.path(tensor, Q4_K))).toBe(false);
    for (const one of [bank, new Bank(folder, KEY)]) expect(one.has(tensor, Q4_K)).toBe(false);
    await add(bank, tensor, Q4_K, 2);
    const again = new Bank(folder, KEY);
    expect(again.has(tensor, Q4_K)).toBe(true);
    expect(again.sha256(tensor, Q4_K)).toBe(sha256(new Uint8Array(4 * 144).fill(2)));
  });

  it('stays inside its folder, whatever a file calls its tensors', () => {
    const folder = temporaryFolder();
    const bank = new Bank(folder, KEY);
    for (const name of ['../../../outside', 'a/b/../../../../outside', '/outside', '..']) {
      const path = bank.unfinishedPath({ ...tensor, name }, Q4_K);
      expect(dirname(path), name).toBe(join(folder, KEY));
    }
  });

  it('is found again under a name with a space in it', async () => {
    const folder = temporaryFolder();
    const spaced = { ...tensor, name: 'blk.0.attn q.weight' };
    await add(new Bank(folder, KEY), spaced, Q4_K);
    expect(new Bank(folder, KEY).has(spaced, Q4_K)).toBe(true);
  });

  it('that cannot be kept is told in plain words', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(thrown(() => new Bank(file, KEY)).code).toBe('CANNOT_WRITE');
    const folder = temporaryFolder();
    const bank = new Bank(folder, KEY);
    mkdirSync(join(folder, KEY, 'index'));
    expect((await rejected(add(bank, tensor, Q4_K))).code).toBe('CANNOT_WRITE');
  });
});

describe('after a power failure', () => {
  const cutOff = [
    'd',
    `${'d'.repeat(64)}`,
    `${'d'.repeat(64)} `,
    `${'d'.repeat(64)} blk.1.attn_q.weight.Q4`,
    '\0\0\0',
  ];

  it.each(cutOff)('a last line of the index cut off as "%s" is ignored', async (line) => {
    const folder = temporaryFolder();
    await add(new Bank(folder, KEY), tensor, Q4_K);
    appendFileSync(join(folder, KEY, 'index'), line);
    const bank = new Bank(folder, KEY);
    expect(bank.has(tensor, Q4_K)).toBe(true);
    expect(bank.has(other, Q4_K)).toBe(false);
  });

  it.each(cutOff)('what is added behind a line cut off as "%s" is kept', async (line) => {
    const folder = temporaryFolder();
    await add(new Bank(folder, KEY), tensor, Q4_K);
    appendFileSync(join(folder, KEY, 'index'), line);
    await add(new Bank(folder, KEY), other, Q4_K);
    expect(new Bank(folder, KEY).has(other, Q4_K)).toBe(true);
  });

  it('half-written blocks are removed, whole ones stay', async () => {
    const folder = temporaryFolder();
    const bank = new Bank(folder, KEY);
    await add(bank, tensor, Q4_K);
    writeFileSync(bank.unfinishedPath(other, Q4_K), 'half');
    bank.removeUnfinished();
    expect(readdirSync(join(folder, KEY)).sort()).toEqual(['blk.0.attn_q.weight.Q4_K', 'index']);
  });
});

describe('filling the bank', () => {
  function setUp() {
    const folder = temporaryFolder();
    const source = readGguf(writeTextModel(folder, { width: 256, layers: 2 }));
    const quantizer = new FakeQuantizer();
    const options = {
      addon: quantizer.addon,
      source,
      types: new Map([
        ['token_embd.weight', Q4_K],
        ['blk.0.attn_q.weight', Q4_K],
        ['blk.1.attn_q.weight', IQ1_M],
      ]),
      imatrix: undefined,
      threads: 1,
    };
    return { folder, source, quantizer, options, openBank: () => new Bank(folder, KEY) };
  }

  it('quantizes what changes its type, each tensor once, and nothing when run again', async () => {
    const { options, quantizer, openBank } = setUp();
    await fillBank({ ...options, bank: openBank() });
    const expected = ['token_embd.weight.Q4_K', 'blk.0.attn_q.weight.Q4_K', 'blk.1.attn_q.weight.IQ1_M'];
    expect(quantizer.written).toEqual(expected);
    await fillBank({ ...options, bank: openBank() });
    expect(quantizer.written).toEqual(expected);
  });

  it('goes on with another plan by quantizing only what is new', async () => {
    const { options, quantizer, openBank } = setUp();
    await fillBank({ ...options, bank: openBank() });
    quantizer.tasks.length = 0;
    const types = new Map(options.types).set('blk.0.attn_q.weight', IQ1_M);
    await fillBank({ ...options, types, bank: openBank() });
    expect(quantizer.written).toEqual(['blk.0.attn_q.weight.IQ1_M']);
  });

  it('hands over where the tensor lies and the mean squares of its inputs', async () => {
    const { options, quantizer, source, openBank } = setUp();
    const sums = new Float32Array(256).fill(6);
    const imatrix = { chunks: 1, entries: new Map([['blk.1.attn_q.weight', { sums, count: 4 }]]) };
    await fillBank({ ...options, imatrix, bank: openBank() });
    const [embeddings, , layer] = quantizer.tasks;
    const inFile = source.tensors.find(({ name }) => name === 'blk.1.attn_q.weight');
    expect(layer).toMatchObject({
      sourcePath: source.path,
      sourceOffset: inFile?.offset,
      sourceType: inFile?.type,
      targetType: IQ1_M,
      columns: 256,
      rows: 256,
      rowsPerMatrix: 256,
    });
    expect([...(layer?.importance ?? [])]).toEqual([...new Float32Array(256).fill(1.5)]);
    expect(embeddings?.importance).toBeUndefined();
  });

  it('stopped in a tensor, it goes on with that tensor', async () => {
    const { options, quantizer, openBank } = setUp();
    const controller = new AbortController();
    quantizer.before = (task, abort) => {
      if (!task.targetPath.includes('blk.0')) return;
      controller.abort();
      expect(abort.isSet).toBe(true);
      writeFileSync(task.targetPath, 'half');
      throw Object.assign(new Error('cancelled'), { code: 'CANCELLED' });
    };
    const stopped = fillBank({ ...options, bank: openBank(), signal: controller.signal });
    expect((await rejected(stopped)).code).toBe('CANCELLED');
    quantizer.before = () => undefined;
    quantizer.tasks.length = 0;
    await fillBank({ ...options, bank: openBank() });
    expect(quantizer.written).toEqual(['blk.0.attn_q.weight.Q4_K', 'blk.1.attn_q.weight.IQ1_M']);
  });

  it('quantizes the next tensor while one is entered, and does not end before the last one is', async () => {
    const { options, quantizer, source, openBank } = setUp();
    const changing = source.tensors.filter(({ name }) => options.types.has(name));
    const entered = (bank: Bank) =>
      changing.filter((one) => bank.has(one, options.types.get(one.name) ?? one.type)).length;
    const bank = openBank();
    const enteredBefore: number[] = [];
    quantizer.before = () => void enteredBefore.push(entered(bank));
    await fillBank({ ...options, bank });
    expect(enteredBefore).toEqual([0, 0, 1]);
    expect(entered(openBank())).toBe(3);
  });

  it('names the tensor whose values are no numbers', async () => {
    const { options, quantizer, openBank } = setUp();
    quantizer.before = ({ targetPath }) => {
      if (!targetPath.includes('blk.0')) return;
      throw Object.assign(new Error('a value is not finite, in row 3'), { code: 'INCOHERENT' });
    };
    expect(await rejected(fillBank({ ...options, bank: openBank() }))).toMatchObject({
      code: 'INCOHERENT',
      message: 'blk.0.attn_q.weight: a value is not finite, in row 3',
    });
  });

  it('that fails to enter a tensor ends before another one is begun, and says why', async () => {
    const { folder, options, quantizer, openBank } = setUp();
    const bank = openBank();
    mkdirSync(join(folder, KEY, 'index'));
    expect((await rejected(fillBank({ ...options, bank }))).code).toBe('CANNOT_WRITE');
    expect(quantizer.tasks).toHaveLength(2);
    expect(existsSync(quantizer.tasks[0]?.targetPath ?? '')).toBe(false);
  });

  it('removes what a killed run left before it starts', async () => {
    const { folder, options, openBank } = setUp();
    const bank = openBank();
    writeFileSync(bank.unfinishedPath(other, Q4_K), 'half');
    await fillBank({ ...options, bank });
    expect(readdirSync(join(folder, KEY)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('says when the disk is full, and leaves no half-written tensor', async () => {
    const { folder, options, quantizer, openBank } = setUp();
    quantizer.before = (task) => {
      writeFileSync(task.targetPath, 'half');
      throw Object.assign(new Error('the disk is full'), { code: 'DISK_FULL' });
    };
    const error = await rejected(fillBank({ ...options, bank: openBank() }));
    expect(error.code).toBe('DISK_FULL');
    expect(error.advice).toContain('resumes where it stopped');
    expect(readdirSync(join(folder, KEY))).toEqual([]);
  });

  it('reports progress from what was already there up to the whole, never backwards', async () => {
    const { options, openBank, source } = setUp();
    await fillBank({ ...options, types: new Map([['token_embd.weight', Q4_K]]), bank: openBank() });
    const seen: { done: number; total: number }[] = [];
    await fillBank({ ...options, bank: openBank(), onProgress: (progress) => seen.push(progress) });
    const changing = source.tensors.filter(({ name }) => options.types.has(name));
    const total = changing.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(seen[0]?.done).toBe(source.tensors.find(({ name }) => name === 'token_embd.weight')?.bytes);
    expect(seen.at(-1)?.done).toBe(total);
    const done = seen.map((progress) => progress.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    for (const progress of seen) expect(progress.total).toBe(total);
  });
});

it('another importance matrix is another key', () => {
  expect(imatrixKey(Uint8Array.of(1))).not.toBe(imatrixKey(Uint8Array.of(2)));
  expect(imatrixKey(Uint8Array.of(1))).toMatch(/^[0-9a-f]{16}$/);
});
