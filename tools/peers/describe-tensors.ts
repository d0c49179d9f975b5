import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { tensorTypeName } from '../../src-main/gguf/tensor-types.ts';

export type TensorRecord = Record<string, { type: string; sha256: string }>;

/** The type of every tensor in a file, and the hash of its bytes. */
export function describeTensors(path: string): TensorRecord {
  const file = readFileSync(path);
  const tensors = readGguf(path).tensors.map(({ name, type, offset, bytes }) => {
    const sha256 = createHash('sha256')
      .update(file.subarray(offset, offset + bytes))
      .digest('hex');
    return [name, { type: tensorTypeName(type), sha256 }] as const;
  });
  return Object.fromEntries(tensors);
}
