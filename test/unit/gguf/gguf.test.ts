import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeGguf, ggufEntry } from '../../../src-main/gguf/writer.ts';
import {
  GgufType,
  metadataNumber,
  metadataString,
  missingHeaderBytes,
  readGguf,
  type GgufArray,
  type GgufScalar,
  type GgufTypeId,
} from '../../../src-main/gguf/gguf.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';
import { hasPipes, makePipe } from '../../helpers/pipe.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const MAGIC = 0x46554747;

/** Little-endian bytes, put together field by field, to say what no writer would. */
class Raw {
  readonly #parts: Buffer[] = [];

  u32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#parts.push(bytes);
    return this;
  }

  u64(value: number | bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.#parts.push(bytes);
    return this;
  }

  text(value: string): this {
    this.u64(Buffer.byteLength(value));
    return this.bytes(Buffer.from(value));
  }

  bytes(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value));
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const header = (tensors: number | bigint, entries: number | bigint, version = 3) =>
  new Raw().u32(MAGIC).u32(version).u64(tensors).u64(entries);

interface Claim {
  name?: string;
  dimensions?: number;
  shape?: readonly (number | bigint)[];
  type?: number;
  offset?: number | bigint;
}

/** A file with tensors as claimed and 4 KiB of data, whether or not that makes sense. */
function claiming(claims: readonly Claim[]): Buffer {
  const raw = header(claims.length, 0);
  for (const { name = 't', shape = [4], dimensions = shape.length, type = 0, offset = 0 } of claims) {
    raw.text(name).u32(dimensions);
    for (const length of shape) raw.u64(length);
    raw.u32(type).u64(offset);
  }
  return raw.bytes(new Uint8Array(4096)).done();
}

function readBytes(bytes: Uint8Array) {
  const path = join(temporaryFolder(), 'file.gguf');
  writeFileSync(path, bytes);
  return readGguf(path);
}

const refusal = (bytes: Uint8Array) => thrown(() => readBytes(bytes));

/** A small file with a bit of everything. */
function sample(): Uint8Array {
  return encodeGguf(
    [
      ggufEntry('general.architecture', GgufType.string, 'qwen2vl'),
      ggufEntry('qwen2vl.block_count', GgufType.uint32, 2),
      ggufEntry('tokenizer.ggml.tokens', GgufType.string, ['<s>', 'ein', 'zwölf']),
      ggufEntry('luq.order', GgufType.uint32, [1, 0]),
    ],
    [
      { name: 'blk.0.attn_q.weight', shape: [4, 2], type: 0, data: new Uint8Array(32).fill(1) },
      { name: 'blk.1.attn_q.weight', shape: [3], type: 0, data: new Uint8Array(12).fill(2) },
    ],
  );
}

describe('what is read', () => {
  const scalars: [keyof typeof GgufType, Buffer, GgufScalar][] = [
    ['uint8', Buffer.from([0xfe]), 254],
    ['int8', Buffer.from([0xfe]), -2],
    ['uint16', Buffer.from([0xfe, 0xff]), 65534],
    ['int16', Buffer.from([0xfe, 0xff]), -2],
    ['uint32', Buffer.from([0xfe, 0xff, 0xff, 0xff]), 4294967294],
    ['int32', Buffer.from([0xfe, 0xff, 0xff, 0xff]), -2],
    ['float32', Buffer.from([0, 0, 0xc0, 0xbf]), -1.5],
    ['bool', Buffer.from([1]), true],
    ['bool', Buffer.from([0]), false],
    ['uint64', Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 2n ** 64n - 2n],
    ['int64', Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), -2n],
    ['float64', Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0xbf]), -1.5],
  ];

  it.each(scalars)('a %s', (type, bytes, value) => {
    const gguf = readBytes(header(0, 1).text('key').u32(GgufType[type]).bytes(bytes).done());
    expect(gguf.metadata.get('key')).toMatchObject({ type: GgufType[type], value });
  });

  it.each(scalars)('an array of %s', (type, bytes, value) => {
    const raw = header(0, 1).text('key').u32(GgufType.array).u32(GgufType[type]).u64(3);
    const gguf = readBytes(raw.bytes(bytes).bytes(bytes).bytes(bytes).done());
    const array = gguf.metadata.get('key')?.value as GgufArray;
    expect(array.length).toBe(3);
    expect(array.values()).toEqual([value, value, value]);
  });

  it('text in any script, also empty', () => {
    const gguf = readBytes(header(0, 1).text('schlüssel').u32(GgufType.string).text('日本語 🙂').done());
    expect(metadataString(gguf, 'schlüssel')).toBe('日本語 🙂');
    const empty = readBytes(header(0, 1).text('key').u32(GgufType.string).text('').done());
    expect(metadataString(empty, 'key')).toBe('');
  });

  it('a byte order mark as a part of its text', () => {
    const gguf = readBytes(header(0, 1).text('\uFEFFkey').u32(GgufType.string).text('\uFEFFone').done());
    expect([...gguf.metadata.keys()]).toEqual(['\uFEFFkey']);
    expect(metadataString(gguf, '\uFEFFkey')).toBe('\uFEFFone');
    const list = header(0, 1).text('key').u32(GgufType.array).u32(GgufType.string).u64(1).text('\uFEFF');
    expect((readBytes(list.done()).metadata.get('key')?.value as GgufArray).values()).toEqual(['\uFEFF']);
  });

  it('an array of strings with empty ones among them', () => {
    const raw = header(0, 1).text('key').u32(GgufType.array).u32(GgufType.string).u64(3);
    const gguf = readBytes(raw.text('one').text('').text('drei ü').done());
    expect((gguf.metadata.get('key')?.value as GgufArray).values()).toEqual(['one', '', 'drei ü']);
  });

  it('tensors where the alignment puts them', () => {
    const gguf = readBytes(sample());
    const [first, second] = gguf.tensors;
    expect(first).toMatchObject({ name: 'blk.0.attn_q.weight', shape: [4, 2], bytes: 32, elements: 8 });
    expect(second).toMatchObject({ name: 'blk.1.attn_q.weight', shape: [3], bytes: 12, elements: 3 });
    const file = sample();
    expect(file.slice(first?.offset, (first?.offset ?? 0) + 32)).toEqual(new Uint8Array(32).fill(1));
    expect(file.slice(second?.offset, (second?.offset ?? 0) + 12)).toEqual(new Uint8Array(12).fill(2));
    expect((first?.offset ?? 1) % 32).toBe(0);
  });

  it('each entry byte for byte as it stands in the file', () => {
    const file = Buffer.from(sample());
    const raws = [...readBytes(file).metadata.values()].map((entry) => Buffer.from(entry.raw));
    const all = Buffer.concat(raws);
    expect(raws).toHaveLength(4);
    expect(file.subarray(24, 24 + all.length).equals(all)).toBe(true);
  });

  it('version 2, which has the same layout', () => {
    const gguf = readBytes(
      header(0, 1, 2)
        .text('key')
        .u32(GgufType.uint8)
        .bytes(Buffer.from([7]))
        .done(),
    );
    expect(metadataNumber(gguf, 'key')).toBe(7);
  });

  it('a header that is larger than the first read', () => {
    const words = Array.from({ length: 150_000 }, (_, i) => `token number ${i}`);
    const gguf = readBytes(
      encodeGguf(
        [ggufEntry('tokens', GgufType.string, words), ggufEntry('after', GgufType.uint32, 5)],
        [{ name: 't', shape: [1], type: 0, data: new Uint8Array(4) }],
      ),
    );
    expect((gguf.metadata.get('tokens')?.value as GgufArray).values().at(-1)).toBe('token number 149999');
    expect(metadataNumber(gguf, 'after')).toBe(5);
    expect(gguf.tensors).toHaveLength(1);
  });

  it('nothing under a key of another kind', () => {
    const gguf = readBytes(sample());
    expect(metadataNumber(gguf, 'general.architecture')).toBeUndefined();
    expect(metadataString(gguf, 'qwen2vl.block_count')).toBeUndefined();
    expect(metadataNumber(gguf, 'luq.order')).toBeUndefined();
  });
});

describe('a header of which the first bytes are here', () => {
  const model = () =>
    encodeGguf(
      [
        ggufEntry('general.architecture', GgufType.string, 'llama'),
        ggufEntry('general.description', GgufType.string, 'x'.repeat(5000)),
      ],
      [{ name: 'a', shape: [32], type: 0, data: new Uint8Array(128) }],
    );

  it('is asked for further until it is whole, however many bytes there were', () => {
    const whole = model();
    const path = join(temporaryFolder(), 'model.gguf');
    for (const first of [0, 3, 4, 24, 100, 5000]) {
      let here = first;
      for (let rounds = 0; ; rounds++) {
        writeFileSync(path, whole.subarray(0, here));
        const needed = missingHeaderBytes(path, whole.length);
        if (needed === undefined) break;
        expect(needed).toBeGreaterThan(here);
        expect(needed).toBeLessThanOrEqual(whole.length - 128);
        expect(rounds).toBeLessThan(100);
        here = needed;
      }
      truncateSync(path, whole.length);
      expect(metadataString(readGguf(path), 'general.architecture')).toBe('llama');
    }
  });

  it('is refused where the whole file could not hold what it claims', () => {
    const whole = model();
    const path = join(temporaryFolder(), 'model.gguf');
    writeFileSync(path, whole.subarray(0, 200));
    expect(thrown(() => missingHeaderBytes(path, 4000)).code).toBe('BROKEN_GGUF');
    writeFileSync(path, whole);
    expect(thrown(() => missingHeaderBytes(path, whole.length - 1)).message).toContain('not complete');
  });

  it('is refused as soon as it shows what it is', () => {
    const path = join(temporaryFolder(), 'page.gguf');
    writeFileSync(path, '<!doctype html><title>Sign in</title>');
    expect(thrown(() => missingHeaderBytes(path, 1e9))).toMatchObject({ code: 'NOT_GGUF' });
    writeFileSync(path, model().subarray(0, 90));
    const seen: unknown[] = [];
    const onEntry = ({ value }: { value: unknown }) => void seen.push(value);
    missingHeaderBytes(path, 1e6, { onEntry });
    expect(seen).toEqual(['llama']);
  });
});

describe('what is no GGUF', () => {
  it('a folder', () => {
    const folder = join(temporaryFolder(), 'folder.gguf');
    mkdirSync(folder);
    expect(thrown(() => readGguf(folder)).code).toBe('NOT_GGUF');
  });

  it('a file that is not there, which is named', () => {
    const error = thrown(() => readGguf('/nowhere/model.gguf'));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain('there is no file /nowhere/model.gguf');
  });
});

describe('what is broken', () => {
  it('a file cut off at any byte: it never reads as whole', () => {
    const file = sample();
    const dataEnd = readBytes(file).tensors.reduce(
      (end, tensor) => Math.max(end, tensor.offset + tensor.bytes),
      0,
    );
    const path = join(temporaryFolder(), 'cut.gguf');
    for (let length = 0; length < dataEnd; length++) {
      writeFileSync(path, file.subarray(0, length));
      const error = thrown(() => readGguf(path));
      expect(error.code, `cut at ${length}`).toBe(length < 4 ? 'NOT_GGUF' : 'BROKEN_GGUF');
      expect(error.message).toContain(path);
    }
  });

  it.each([
    [
      'a key of 2^63 bytes',
      header(0, 1)
        .u64(2n ** 63n)
        .done(),
    ],
    [
      'a key of 2^64 - 1 bytes',
      header(0, 1)
        .u64(2n ** 64n - 1n)
        .done(),
    ],
    [
      'a text of 2^63 bytes',
      header(0, 1)
        .text('key')
        .u32(GgufType.string)
        .u64(2n ** 63n)
        .done(),
    ],
    [
      'a text of 2^40 bytes',
      header(0, 1)
        .text('key')
        .u32(GgufType.string)
        .u64(2n ** 40n)
        .done(),
    ],
    [
      'an array of 2^60 numbers',
      header(0, 1)
        .text('key')
        .u32(GgufType.array)
        .u32(GgufType.uint64)
        .u64(2n ** 60n)
        .done(),
    ],
    [
      'an array of 2^40 bytes',
      header(0, 1)
        .text('key')
        .u32(GgufType.array)
        .u32(GgufType.uint8)
        .u64(2n ** 40n)
        .done(),
    ],
    [
      'an array of 2^60 texts',
      header(0, 1)
        .text('key')
        .u32(GgufType.array)
        .u32(GgufType.string)
        .u64(2n ** 60n)
        .done(),
    ],
    [
      'an array of 2^50 texts',
      header(0, 1)
        .text('key')
        .u32(GgufType.array)
        .u32(GgufType.string)
        .u64(2n ** 50n)
        .done(),
    ],
    ['2^40 tensors', header(2n ** 40n, 0).done()],
    ['2^64 - 1 tensors', header(2n ** 64n - 1n, 0).done()],
    ['a million tensors and no data', header(1_000_000, 0).done()],
    ['60,000 tensors and no data', header(60_000, 0).done()],
    ['2^40 metadata entries', header(0, 2n ** 40n).done()],
    ['60,000 metadata entries and no data', header(0, 60_000).done()],
    ['4,000 metadata entries and no data', header(0, 4_000).done()],
    [
      'an array of arrays',
      header(0, 1).text('key').u32(GgufType.array).u32(GgufType.array).u64(1).u32(4).u64(0).done(),
    ],
    ['an array of an unknown type', header(0, 1).text('key').u32(GgufType.array).u32(99).u64(0).done()],
    ['a value of an unknown type', header(0, 1).text('key').u32(13).u32(0).done()],
    [
      'a key longer than keys may be',
      header(0, 1)
        .text('k'.repeat(70_000))
        .u32(GgufType.uint8)
        .bytes(Buffer.from([1]))
        .done(),
    ],
    ['two entries of one key', header(0, 2).text('key').u32(4).u32(1).text('key').u32(4).u32(2).done()],
    ['version 0', header(0, 0, 0).done()],
    ['version 12345', header(0, 0, 12_345).done()],
    ['a tensor name of 256 bytes', claiming([{ name: 'n'.repeat(256) }])],
    ['a key with a NUL in it', header(0, 1).text('clip.projector_type\0').u32(4).u32(1).done()],
    ['a tensor name with a NUL in it', claiming([{ name: 'mm.0.weight\0' }])],
    ['a tensor without dimensions', claiming([{ shape: [], dimensions: 0 }])],
    ['a tensor of five dimensions', claiming([{ shape: [1, 1, 1, 1, 1] }])],
    ['a tensor of 2^32 - 1 dimensions', claiming([{ shape: [1], dimensions: 2 ** 32 - 1 }])],
    ['a dimension of nothing', claiming([{ shape: [4, 0] }])],
    ['dimensions whose product overflows', claiming([{ shape: [2n ** 32n, 2n ** 32n] }])],
    [
      'dimensions whose product wraps around to a small one',
      claiming([{ shape: [2n ** 33n, 2n ** 33n, 4] }]),
    ],
    ['a dimension of 2^64 - 1', claiming([{ shape: [2n ** 64n - 1n] }])],
    ['an unknown tensor type', claiming([{ type: 999 }])],
    ['rows that do not divide into blocks', claiming([{ type: 12, shape: [100, 4] }])],
    ['two tensors of one name', claiming([{ name: 'twin' }, { name: 'twin', offset: 32 }])],
    ['a tensor past the end', claiming([{ offset: 8192 }])],
    ['a tensor that begins inside and ends past the end', claiming([{ shape: [2000] }])],
    ['a tensor at 2^63', claiming([{ offset: 2n ** 63n }])],
    ['a tensor at the largest exact number', claiming([{ offset: 2n ** 53n - 32n }])],
    ['a tensor that is not aligned', claiming([{ offset: 4 }])],
  ])('%s', (_, bytes) => {
    const error = refusal(bytes);
    expect(error.code).toBe('BROKEN_GGUF');
    expect(error.advice).toContain('download it again');
  });

  describe('though the file is as long as it claims', () => {
    /** One entry whose value begins so and goes on with zeros: a hole, which takes no room on disk. */
    const hole = (begin: Raw, bytes: number) => {
      const path = join(temporaryFolder(), 'hole.gguf');
      writeFileSync(path, begin.done());
      truncateSync(path, begin.done().length + bytes);
      return path;
    };
    const array = (type: GgufTypeId, length: number) =>
      header(0, 1).text('luq.rungs').u32(GgufType.array).u32(type).u64(length);

    it.each([
      ['a list of 100 million bytes', array(GgufType.uint8, 100e6), 100e6],
      ['a list of 50 million empty texts', array(GgufType.string, 50e6), 400e6],
      ['a list of a little more numbers than a vocabulary', array(GgufType.uint32, 2 ** 20 + 1), 2 ** 23],
      ['a text of 500 MB', header(0, 1).text('general.name').u32(GgufType.string).u64(500e6), 500e6],
      ['a text of 2 MB', header(0, 1).text('general.name').u32(GgufType.string).u64(2e6), 2e6],
      ['a list with a text of 2 MB', array(GgufType.string, 1).u64(2e6), 2e6],
    ])('%s', (_, begin, bytes) => {
      const path = hole(begin, bytes);
      const error = thrown(() => readGguf(path));
      expect(error.code).toBe('BROKEN_GGUF');
      expect(error.message).toMatch(/luq\.rungs|general\.name/);
    });

    it('many lists that together are larger than a header may be', () => {
      const raw = header(0, 100);
      for (let i = 0; i < 100; i++)
        raw.text(`list ${i}`).u32(GgufType.array).u32(GgufType.uint8).u64(1e6).bytes(new Uint8Array(1e6));
      expect(refusal(raw.done()).message).toContain('its header is larger than');
    });
  });

  const withAlignment = (type: GgufTypeId, value: number) =>
    encodeGguf([ggufEntry('general.alignment', type, value)], []);

  it.each([0, 1, 3, 48, 2 ** 31, 2 ** 32 - 1])('an alignment of %d', (alignment) => {
    expect(refusal(withAlignment(GgufType.uint32, alignment)).code).toBe('BROKEN_GGUF');
  });

  it('an alignment that is no whole number or no number', () => {
    expect(refusal(withAlignment(GgufType.float32, 32.5)).code).toBe('BROKEN_GGUF');
    expect(refusal(withAlignment(GgufType.float32, Number.NaN)).code).toBe('BROKEN_GGUF');
    const text = encodeGguf([ggufEntry('general.alignment', GgufType.string, '32')], []);
    expect(refusal(text).code).toBe('BROKEN_GGUF');
  });

  it('says what is wrong and where', () => {
    expect(refusal(claiming([{ name: 'blk.3.ffn_up.weight', offset: 4 }])).message).toContain(
      'blk.3.ffn_up.weight is not aligned',
    );
    expect(refusal(header(0, 0, 0).done()).message).toContain('version 0');
  });

  it('says how much of a file is missing', () => {
    const file = Buffer.from(sample());
    const whole = readBytes(file).tensors.at(-1);
    const end = (whole?.offset ?? 0) + (whole?.bytes ?? 0);
    const cut = refusal(file.subarray(0, end - 40));
    expect(cut.message).toContain(`not complete: 40 bytes are missing (40 B of ${end} B)`);
    expect(refusal(file.subarray(0, 60)).message).toContain('after 60 bytes; all of its weights are missing');
  });
});

describe('what is sound and of a kind that Snug does not read', () => {
  it.each([
    [
      'a tensor name longer than llama.cpp takes',
      'made for another program',
      claiming([{ name: 'n'.repeat(64) }]),
    ],
    ['version 1', 'GGUF of version 1', header(0, 0, 1).done()],
    ['a later version', 'newer than this Snug', header(0, 0, 4).done()],
    [
      'big-endian numbers',
      'big-endian',
      Buffer.concat([Buffer.from('GGUF'), Buffer.from([0, 0, 0, 3]), Buffer.alloc(16)]),
    ],
    ['big-endian numbers and name', 'big-endian', Buffer.from('FUGG\0\0\0\x03', 'latin1')],
    ['a retired tensor type', 't is Q4_2', claiming([{ type: 4, shape: [32] }])],
    ['MXFP4', 't is MXFP4', claiming([{ type: 39, shape: [32] }])],
    ['a type of a later llama.cpp', 't is type 43', claiming([{ type: 43, shape: [32] }])],
    ['a type of a fork', 'which only a fork of llama.cpp has', claiming([{ type: 137, shape: [256] }])],
  ])('%s', (_, what, bytes) => {
    const error = refusal(bytes);
    expect(error.code).toBe('UNSUPPORTED_MODEL');
    expect(error.message).toContain(what);
    expect(error.advice).not.toContain('download it again');
    expect(error.advice).not.toContain('damaged');
  });
});

describe('a file with bytes changed at random', () => {
  it('is read or refused, and nothing else', () => {
    const random = seededRandom(20_240_501);
    const original = sample();
    const path = join(temporaryFolder(), 'flipped.gguf');
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 2000; round++) {
      const damaged = original.slice();
      const flips = 1 + Math.floor(random() * 8);
      for (let i = 0; i < flips; i++) {
        damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      }
      writeFileSync(path, damaged);
      try {
        const gguf = readGguf(path);
        for (const { value } of gguf.metadata.values()) if (typeof value === 'object') value.values();
        for (const { offset, bytes } of gguf.tensors)
          expect(offset + bytes).toBeLessThanOrEqual(damaged.length);
        outcomes.read++;
      } catch (error) {
        const { code } = thrown(() => {
          throw error;
        });
        expect(['NOT_GGUF', 'BROKEN_GGUF', 'UNSUPPORTED_MODEL'], `round ${round}`).toContain(code);
        outcomes.refused++;
      }
    }
    // neither outcome alone would say much about the other
    expect(outcomes.read).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(100);
  });
});

it.runIf(hasPipes)('a pipe is no model, and nothing waits for what it might say', () => {
  const path = makePipe(join(temporaryFolder(), 'model.gguf'));
  const error = thrown(() => readGguf(path));
  expect(error.code).toBe('NOT_GGUF');
  expect(error.message).toContain('is a pipe, not a file');
});
