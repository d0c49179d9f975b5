import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '../../contract/bytes.ts';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { withAbort } from '../../engine/native-calls.ts';
import type { Addon } from '../../engine/native-types.ts';
import { freeDiskBytes } from '../../files/disk.ts';
import { discard, writeWhollyMeanwhile } from '../../files/durable-files.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { insistMeanwhile } from '../../files/retry-refused.ts';
import { writeError } from '../../files/write-error.ts';
import { copyPiece } from '../../gguf/copy-piece.ts';
import { GgufType, type Gguf, type GgufTensor } from '../../gguf/gguf.ts';
import { isFloatType } from '../../gguf/tensor-types.ts';
import { ggufEntry, layOutGguf } from '../../gguf/writer.ts';
import { bytesAs, type Mixture } from '../plan/mixture.ts';
import { fileTypeId } from '../plan/rungs.ts';
import { naming } from '../naming.ts';

/**
 * A source in Q8_0, to calibrate with where a processor multiplies whole numbers faster than floats. It is for one pass: nobody waits for
 * the disk, and no other run uses it, so that half a copy is never taken for a whole one.
 */

export const COPY_RUNG = 'Q8_0';

/** What goes into the first layer stays as exact as it is. */
const EMBEDDINGS = 'token_embd.weight';

/** @param mixture what llama.cpp's rules make of the source in Q8_0; tensors that are quantized already stay as they are */
export function copyTypes(tensors: readonly GgufTensor[], mixture: Mixture): Mixture {
  const changed = tensors.filter(({ name, type }) => isFloatType(type) && name !== EMBEDDINGS);
  return new Map(changed.map(({ name, type }) => [name, mixture.get(name) ?? type]));
}

export interface SourceCopyOptions {
  readonly addon: Addon;
  readonly source: Gguf;
  readonly types: Mixture;
  readonly output: string;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Writes the copy, tensor by tensor: memory holds some rows. What goes wrong takes it away. @throws SnugError DISK_FULL at once */
export async function writeSourceCopy(options: SourceCopyOptions): Promise<void> {
  const { source, types, output } = options;
  const tensors = source.tensors.map((tensor) => {
    const type = types.get(tensor.name) ?? tensor.type;
    return { name: tensor.name, shape: tensor.shape, type, bytes: bytesAs(tensor, type) };
  });
  const layout = layOutGguf(copyEntries(source), tensors, source.alignment);
  try {
    discard(output);
    insistOnRoom(output, layout.totalBytes);
    const file = await insistMeanwhile(() => open(output, 'wx', PRIVATE_FILE));
    try {
      await writeWhollyMeanwhile(file, layout.header, 0);
      await file.truncate(layout.totalBytes);
      let done = 0;
      const report = (within: number, detail?: string) =>
        options.onProgress?.({
          ...{ stage: 'convert', done: Math.round(done + within), total: layout.totalBytes, unit: 'bytes' },
          ...(detail === undefined ? {} : { detail }),
        });
      report(0);
      for (const [i, tensor] of source.tensors.entries()) {
        throwIfCancelled(options.signal);
        const [offset = 0, { type, bytes } = { type: tensor.type, bytes: 0 }] = [
          layout.offsets[i],
          tensors[i],
        ];
        if (type === tensor.type) await copyPiece(file, tensor, offset, options.signal);
        else
          await quantizeInto(tensor, { type, offset }, options, (share) =>
            report(share * bytes, tensor.name),
          );
        done += bytes;
        report(0, tensor.name);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    discard(output);
    throw writeError(error, output);
  }
}

async function quantizeInto(
  tensor: GgufTensor,
  { type, offset }: { readonly type: number; readonly offset: number },
  { addon, output, threads, signal }: SourceCopyOptions,
  onShare: (share: number) => void,
): Promise<void> {
  const [columns = 0] = tensor.shape;
  const task = {
    ...{ sourcePath: tensor.path, sourceOffset: tensor.offset, sourceType: tensor.type },
    ...{ targetPath: output, targetOffset: offset, targetType: type },
    ...{ columns, rows: tensor.elements / columns, threads },
  };
  try {
    await withAbort(addon, signal, (abort) =>
      addon.quantizeTensor(task, abort, ({ done, total }) => onShare(done / total)),
    );
  } catch (error) {
    throw naming(tensor, error);
  }
}

function insistOnRoom(output: string, bytes: number): void {
  const free = freeDiskBytes(dirname(output));
  if (free >= bytes) return;
  throw new SnugError(
    'DISK_FULL',
    `a copy to calibrate with needs ${formatBytes(bytes)} of disk, and ${formatBytes(free)} are free`,
    {
      advice: 'Free some space, or calibrate with the source itself, which takes longer.',
      remedies: [{ kind: 'choose-home' }],
    },
  );
}

function copyEntries(source: Gguf) {
  const kept = [...source.metadata.values()].filter(
    ({ key }) => key !== 'general.file_type' && !/^(split|luq)\./.test(key),
  );
  return [...kept, ggufEntry('general.file_type', GgufType.uint32, fileTypeId(COPY_RUNG))];
}
