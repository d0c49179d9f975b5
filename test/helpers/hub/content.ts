import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** What a file of the test hub holds; none is kept in memory as a whole. */
export interface Content {
  readonly bytes: number;
  read(start: number, length: number): Buffer;
}

/** Bytes at hand. */
export function given(bytes: Uint8Array | string): Content {
  const buffer = Buffer.from(bytes as Uint8Array);
  return { bytes: buffer.length, read: (start, length) => buffer.subarray(start, start + length) };
}

/** A file of this machine, read as it is asked for. */
export function fromDisk(path: string): Content {
  return {
    bytes: statSync(path).size,
    read: (start, length) => {
      const buffer = Buffer.alloc(length);
      const fd = openSync(path, 'r');
      try {
        return buffer.subarray(0, readSync(fd, buffer, 0, length, start));
      } finally {
        closeSync(fd);
      }
    },
  };
}

const BLOCK = 16;

/** Random bytes of any size, the same for the same seed, beginning with `head`: AES in counter mode, so any part is made by itself. */
export function seeded(bytes: number, { seed = 1, head = Buffer.from('GGUF') } = {}): Content {
  const key = createHash('sha256').update(String(seed)).digest().subarray(0, 16);
  const random = (start: number, length: number): Buffer => {
    const counter = Buffer.alloc(BLOCK);
    counter.writeBigUInt64BE(BigInt(Math.floor(start / BLOCK)), 8);
    const skipped = start % BLOCK;
    const zeros = Buffer.alloc(skipped + length);
    return createCipheriv('aes-128-ctr', key, counter).update(zeros).subarray(skipped);
  };
  return {
    bytes,
    read: (start, length) => {
      const part = random(start, Math.max(0, Math.min(length, bytes - start)));
      if (start < head.length) head.copy(part, 0, start, Math.min(head.length, start + part.length));
      return part;
    },
  };
}

const hashes = new WeakMap<Content, string>();

export function sha256Of(content: Content): string {
  const known = hashes.get(content);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (let at = 0; at < content.bytes; at += 1 << 20)
    hash.update(content.read(at, Math.min(1 << 20, content.bytes - at)));
  const sha256 = hash.digest('hex');
  hashes.set(content, sha256);
  return sha256;
}
