import { fstatSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chunksOf } from '../../../src-main/files/chunks.ts';
import { openRegularFile } from '../../../src-main/files/regular-file.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const MIB = 2 ** 20;

/** A file whose bytes tell where they lie. */
function numbered(bytes: number): { path: string; content: Buffer } {
  const content = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) content.writeUInt32LE(i, i);
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, content);
  return { path, content };
}

async function read(path: string, part?: { start: number; end: number }): Promise<Buffer> {
  using file = openRegularFile(path);
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(file, part)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe('the chunks of a file', () => {
  it.each([0, 1, MIB - 4, MIB, 3 * MIB + 8])('make up the whole of %i bytes', async (bytes) => {
    const { path, content } = numbered(bytes);
    expect((await read(path)).equals(content)).toBe(true);
  });

  it.each([
    [0, 4],
    [12, 12],
    [MIB - 4, MIB + 8],
    [100, 2 * MIB + 1000],
  ])('make up what lies from %i to before %i', async (start, end) => {
    const { path, content } = numbered(3 * MIB);
    expect((await read(path, { start, end })).equals(content.subarray(start, end))).toBe(true);
  });

  it('end where the file does, though it was longer', async () => {
    const { path, content } = numbered(2 * MIB);
    using file = openRegularFile(path);
    truncateSync(path, MIB / 2);
    const chunks: number[] = [];
    for await (const chunk of chunksOf(file)) chunks.push(chunk.length);
    expect(chunks).toEqual([content.length / 4]);
  });

  it('leave the file open when their reader stops', async () => {
    const { path } = numbered(3 * MIB);
    using file = openRegularFile(path);
    for await (const chunk of chunksOf(file)) if (chunk.length > 0) break;
    expect(fstatSync(file.fd).size).toBe(3 * MIB);
  });
});
