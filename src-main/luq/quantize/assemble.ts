import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { ggufEntry, layOutGguf } from '../../gguf/writer.ts';
import { GgufType, type Gguf, type GgufEntry, type GgufTensor } from '../../gguf/gguf.ts';
import { chunksOf } from '../../files/chunks.ts';
import { freeDiskBytes } from '../../files/disk.ts';
import { openRegularFile } from '../../files/regular-file.ts';
import { formatBytes } from '../../contract/bytes.ts';
import type { Bank } from './bank.ts';
import { discard, makeFolder, publish, writeWhollyMeanwhile } from '../../files/durable-files.ts';
import { writeError } from '../../files/write-error.ts';
import { bytesAs, bytesWithTypes } from '../plan/mixture.ts';
import { PRIVATE, type Modes } from '../../files/private-files.ts';
import { insistMeanwhile } from '../../files/retry-refused.ts';

/** ggml's version of the quantization formats (GGML_QNT_VERSION), which llama-quantize writes too. */
const QUANTIZATION_VERSION = 2;

/** Where quantized tensors lie. */
export interface StoredBlocks extends Pick<Bank, 'path' | 'sha256' | 'drop'> {
  /** whether it has a tensor's blocks although their type is the source's own */
  replaces?(tensor: GgufTensor): boolean;
}

export interface AssembleOptions {
  readonly source: Gguf;
  readonly types: ReadonlyMap<string, number>;
  readonly bank: StoredBlocks;
  readonly output: string;
  /** who may read it: the person alone, unless told otherwise */
  readonly modes?: Modes | undefined;
  /** llama.cpp's id of the whole file's type (general.file_type) */
  readonly fileType: number;
  /** the facts of the fit, written beside the source's metadata */
  readonly facts: readonly Pick<GgufEntry, 'key' | 'raw'>[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Throws when the output is the source itself, by whatever path; writing would destroy what is read. */
export function checkOutput(output: string, sources: readonly string[]): void {
  // file numbers and not names: links, and systems to which Model.gguf and model.gguf are one
  const identity = (path: string) => {
    const status = statSync(path, { bigint: true, throwIfNoEntry: false });
    return status && `${status.dev}:${status.ino}`;
  };
  const existing = identity(output);
  if (existing !== undefined && sources.some((source) => identity(source) === existing)) {
    throw new SnugError('BAD_ARGUMENT', `the output ${output} is the source itself`, {
      advice: 'Choose another name for the result.',
      remedies: [{ kind: 'choose-output' }],
    });
  }
}

/** Metadata of the result: the source's, byte for byte, with what quantizing changes and our own facts. */
function resultEntries({ source, fileType, facts }: AssembleOptions): Pick<GgufEntry, 'key' | 'raw'>[] {
  const changed = [
    ggufEntry('general.quantization_version', GgufType.uint32, QUANTIZATION_VERSION),
    ggufEntry('general.file_type', GgufType.uint32, fileType),
    ...facts,
  ];
  const replaced = new Set(changed.map((entry) => entry.key));
  const kept = [...source.metadata.values()].filter(
    ({ key }) => !replaced.has(key) && !key.startsWith('luq.'),
  );
  return [...kept, ...changed];
}

/** Writes the fitted model: a temporary file beside the output, synced, then renamed into place. Returns its size. */
export async function assemble(options: AssembleOptions): Promise<number> {
  const { source, types, output, modes = PRIVATE } = options;
  const typeOf = (tensor: GgufTensor) => types.get(tensor.name) ?? tensor.type;
  const tensors = source.tensors.map((tensor) => ({
    name: tensor.name,
    shape: tensor.shape,
    type: typeOf(tensor),
    bytes: bytesAs(tensor, typeOf(tensor)),
  }));
  const layout = layOutGguf(resultEntries(options), tensors, source.alignment);
  // a fixed name: whoever holds the output's lock may remove what a killed run left
  const temporary = `${output}.tmp`;
  try {
    makeFolder(dirname(output), modes);
    // a link of that name must not be written through, and what a killed run left may have other modes
    discard(temporary);
    const free = freeDiskBytes(dirname(output));
    if (free < layout.totalBytes) {
      throw new SnugError(
        'DISK_FULL',
        `${output} needs ${formatBytes(layout.totalBytes)} of disk, and ${formatBytes(free)} are free`,
        {
          advice: 'Free some space and try again; the quantized layers are kept.',
        },
      );
    }
    const file = await insistMeanwhile(() => open(temporary, 'wx', modes.file));
    try {
      await writeWhollyMeanwhile(file, layout.header, 0);
      await copyTensors(file, layout.offsets, options);
      await file.truncate(layout.totalBytes);
    } finally {
      await file.close();
    }
    publish(temporary, output);
  } catch (error) {
    discard(temporary);
    throw writeError(error, output);
  }
  return layout.totalBytes;
}

/** Chunks of a part of a file, each valid until the next; what goes wrong with reading is told as such, not as a failure to write. */
async function* readable(path: string, part: { start?: number; end?: number }): AsyncGenerator<Uint8Array> {
  try {
    using file = openRegularFile(path);
    yield* chunksOf(file, part);
  } catch (error) {
    throw new SnugError('FILE', `could not read ${path}: ${(error as Error).message}`, {
      advice: 'Try again; what is missing is made again.',
      cause: error,
    });
  }
}

async function copyTensors(
  file: FileHandle,
  offsets: readonly number[],
  options: AssembleOptions,
): Promise<void> {
  const { source, types, bank, signal, onProgress } = options;
  const total = bytesWithTypes(source.tensors, types);
  let done = 0;
  for (const [i, tensor] of source.tensors.entries()) {
    const type = types.get(tensor.name) ?? tensor.type;
    const bytes = bytesAs(tensor, type);
    const fromSource = type === tensor.type && !bank.replaces?.(tensor);
    const hash = createHash('sha256');
    const path = fromSource ? tensor.path : bank.path(tensor, type);
    const part = fromSource ? { start: tensor.offset, end: tensor.offset + bytes } : {};
    let at = offsets[i] ?? 0;
    for await (const chunk of readable(path, part)) {
      throwIfCancelled(signal);
      const written = writeWhollyMeanwhile(file, chunk, at);
      // while the system writes this piece and reads the next
      if (!fromSource) hash.update(chunk);
      await written;
      at += chunk.length;
    }
    if (at !== (offsets[i] ?? 0) + bytes) {
      throw new SnugError(
        'FILE',
        `${tensor.name} ended too early: a file it is read from became shorter meanwhile`,
        {
          advice: 'Leave the source where it is while a fit runs, and try again.',
        },
      );
    }
    if (!fromSource && hash.digest('hex') !== bank.sha256(tensor, type)) {
      bank.drop(tensor, type);
      throw new SnugError(
        'FILE',
        `the stored blocks of ${tensor.name} were damaged on disk and have been thrown away`,
        {
          advice: 'Try again; only this tensor is quantized again.',
        },
      );
    }
    done += bytes;
    onProgress?.({ stage: 'assemble', done, total, unit: 'bytes', detail: tensor.name });
  }
}
