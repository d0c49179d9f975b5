import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Rung } from '../../src-main/contract/rungs.ts';
import type { Addon } from '../../src-main/engine/native-types.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { readImatrix } from '../../src-main/gguf/imatrix.ts';
import { tensorTypeName } from '../../src-main/gguf/tensor-types.ts';
import { mixtureOf } from '../../src-main/luq/plan/mixture.ts';
import { Bank, fillBank } from '../../src-main/luq/quantize/bank.ts';
import { openMetadata } from '../../src-main/models/open-model.ts';

export type TensorRecord = Record<string, { type: string; sha256: string }>;

/** Every tensor of a model as Snug would write it in one file type: its type, and the hash of its bytes. */
export async function quantizeAll(
  addon: Addon,
  files: { readonly source: string; readonly imatrix: string; readonly scratch: string },
  rung: Rung,
): Promise<TensorRecord> {
  const gguf = readGguf(files.source);
  const bytes = readFileSync(files.source);
  using model = await openMetadata(addon, files.source);
  const types = mixtureOf(addon, model, gguf.tensors, rung);
  const bank = new Bank(files.scratch, rung);
  await fillBank({ addon, source: gguf, types, imatrix: readImatrix(files.imatrix), bank, threads: 1 });
  return Object.fromEntries(
    gguf.tensors.map((tensor) => {
      const type = types.get(tensor.name) ?? tensor.type;
      const data =
        type === tensor.type
          ? bytes.subarray(tensor.offset, tensor.offset + tensor.bytes)
          : readFileSync(bank.path(tensor, type));
      return [tensor.name, { type: tensorTypeName(type), sha256: sha256(data) }];
    }),
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
