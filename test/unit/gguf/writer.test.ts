import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeGguf, ggufEntry, layOutGguf, padded } from '../../../src-main/gguf/writer.ts';
import {
  GgufType,
  readGguf,
  type GgufArray,
  type GgufScalar,
  type GgufTypeId,
} from '../../../src-main/gguf/gguf.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

function readBack(bytes: Uint8Array) {
  const path = join(temporaryFolder(), 'written.gguf');
  writeFileSync(path, bytes);
  return readGguf(path);
}

const written: [keyof typeof GgufType, readonly GgufScalar[]][] = [
  ['uint8', [0, 255]],
  ['bool', [true, false]],
  ['uint32', [0, 4294967295]],
  ['int32', [-2147483648, 2147483647]],
  ['float32', [Math.fround(0.1), -Infinity]],
  ['uint64', [0n, 2n ** 64n - 1n]],
  ['float64', [0.1, -1e300]],
  ['string', ['', 'ünï 日本']],
];

describe('metadata', () => {
  it.each(written)('of type %s comes back as it was written', (name, values) => {
    const type: GgufTypeId = GgufType[name];
    const entries = values.map((value, i) => ggufEntry(`value.${i}`, type, value));
    const { metadata } = readBack(encodeGguf([...entries, ggufEntry('all', type, values)], []));
    values.forEach((value, i) => expect(metadata.get(`value.${i}`)).toMatchObject({ type, value }));
    const all = metadata.get('all')?.value as GgufArray;
    expect(all.elementType).toBe(type);
    expect(all.values()).toEqual(values);
  });

  it('an empty list stays an empty list of its type', () => {
    const { metadata } = readBack(encodeGguf([ggufEntry('luq.low_layers', GgufType.uint32, [])], []));
    const list = metadata.get('luq.low_layers')?.value as GgufArray;
    expect(list).toMatchObject({ elementType: GgufType.uint32, length: 0 });
    expect(list.values()).toEqual([]);
  });

  it('an entry of another file is copied without being understood', () => {
    // int16 is a type that Snug never writes itself
    const foreign = Buffer.from('0300000000000000666f6f03000000feff', 'hex');
    const copied = readBack(encodeGguf([{ raw: foreign }], [])).metadata.get('foo');
    expect(copied?.value).toBe(-2);
    expect(Buffer.from(copied?.raw ?? []).equals(foreign)).toBe(true);
  });
});

describe('tensors', () => {
  const data = (length: number, value: number) => new Uint8Array(length).fill(value);

  it('each begins at a multiple of the alignment and holds its own bytes', () => {
    const file = encodeGguf(
      [],
      [
        { name: 'a', shape: [5], type: 0, data: data(20, 1) },
        { name: 'b', shape: [1], type: 0, data: data(4, 2) },
        { name: 'c', shape: [32], type: 8, data: data(34, 3) },
      ],
    );
    const { tensors } = readBack(file);
    expect(tensors.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    tensors.forEach(({ offset, bytes }, i) => {
      expect(offset % 32).toBe(0);
      expect(file.slice(offset, offset + bytes)).toEqual(data(bytes, i + 1));
    });
    expect(file.length % 32).toBe(0);
  });

  it('at the alignment that the file declares', () => {
    const tensors = [
      { name: 'a', shape: [3], type: 0, bytes: 12 },
      { name: 'b', shape: [2], type: 0, bytes: 8 },
    ];
    const layout = layOutGguf([ggufEntry('general.alignment', GgufType.uint32, 256)], tensors, 256);
    expect(layout.header.length % 256).toBe(0);
    expect(layout.offsets).toEqual([layout.header.length, layout.header.length + 256]);
    expect(layout.totalBytes).toBe(layout.header.length + 512);
    const whole = new Uint8Array(layout.totalBytes);
    whole.set(layout.header);
    expect(readBack(whole).tensors.map(({ offset }) => offset)).toEqual(layout.offsets);
  });
});

it('lengths are padded up and never down', () => {
  expect([0, 1, 31, 32, 33].map((length) => padded(length, 32))).toEqual([0, 32, 32, 32, 64]);
  expect(padded(2 ** 40 + 1, 32)).toBe(2 ** 40 + 32);
});
