import { expect, it } from 'vitest';
import { bytesFlag, formatBytes, parseBytes, wholeBytes } from '../../../src-main/contract/bytes.ts';
import { thrown } from '../../helpers/thrown.ts';

const GiB = 2 ** 30;

it.each([
  ['4294967296', 4 * GiB],
  ['4 GB', 4e9],
  ['4GiB', 4 * GiB],
  ['4g', 4 * GiB],
  ['4 G', 4 * GiB],
  ['3.5g', 3.5 * GiB],
  ['3,5 g', 3.5 * GiB],
  ['  800 M ', 800 * 2 ** 20],
  ['800mb', 800e6],
  ['64kib', 65536],
  ['64 kB', 64000],
  ['512 b', 512],
  ['1', 1],
  ['0.5k', 512],
])('"%s" is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it('a fraction of a byte is left out', () => {
  expect(parseBytes('1.9')).toBe(1);
  expect(Number.isInteger(parseBytes('0.3 GB'))).toBe(true);
});

it.each([
  '',
  '   ',
  '0',
  '0 GB',
  '0.4',
  '-1',
  '-4 GB',
  'nonsense',
  '16,000 MB',
  'GB',
  '1e3',
  '1e3 GB',
  'NaN',
  'Infinity',
  '4 GB of RAM',
  '4 TBB',
  '4.5.6 GB',
  '.5 GB',
  '4 constructor',
  '0x10',
  '４ GB',
  '9'.repeat(400),
])('"%s" is refused with how to write it', (text) => {
  const error = thrown(() => parseBytes(text));
  expect(error.code).toBe('BAD_ARGUMENT');
  expect(error.message).toContain(`"${text}"`);
  expect(error.advice).toContain('4GiB');
});

it.each([
  [0, '0 B'],
  [512, '512 B'],
  [2048, '2 KiB'],
  [1.5 * 2 ** 20, '1.5 MiB'],
  [812 * 2 ** 20, '812 MiB'],
  [3.4 * GiB, '3.40 GiB'],
  [128 * GiB, '128 GiB'],
  [-0.5 * GiB, '-512 MiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it('what is shown can be typed in again', () => {
  for (const bytes of [700 * 2 ** 20, 3.25 * GiB, 15 * GiB])
    expect(parseBytes(formatBytes(bytes))).toBe(bytes);
});

it.each([1, 977_001, 36.6 * 2 ** 20, 2 ** 30, 18.123_456 * 2 ** 30])(
  'a flag for %d bytes asks for no less and hardly more',
  (bytes) => {
    const asked = parseBytes(bytesFlag(bytes));
    expect(asked).toBeGreaterThanOrEqual(Math.floor(bytes));
    expect(asked).toBeLessThan(bytes + 0.011 * 2 ** (bytes < 2 ** 30 ? 20 : 30));
  },
);

it.each([
  [813.81 * 2 ** 20, 853_341_635],
  [-4096, 0],
  [Number.NaN, 0],
  // what a folder of a network without a limit has free
  [2 ** 63, Number.MAX_SAFE_INTEGER],
  [Infinity, Number.MAX_SAFE_INTEGER],
])('%s told as a size is %s bytes', (told, bytes) => {
  expect(wholeBytes(told)).toBe(bytes);
});
