import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { OnProgress } from '../../contract/progress.ts';
import { withAbort } from '../../engine/native-calls.ts';
import type { QuantizeTask } from '../../engine/native-quantizing.ts';
import type { Addon } from '../../engine/native-types.ts';
import type { Gguf, GgufTensor } from '../../gguf/gguf.ts';
import { hashFile } from '../../files/hash.ts';
import { tensorTypeName } from '../../gguf/tensor-types.ts';
import { freeDiskBytes } from '../../files/disk.ts';
import { formatBytes } from '../../contract/bytes.ts';
import {
  discard,
  makeFolder,
  renameDurably,
  syncFileMeanwhile,
  syncFolder,
} from '../../files/durable-files.ts';
import { writeError } from '../../files/write-error.ts';
import { meanSquares, type Imatrix } from '../../gguf/imatrix.ts';
import { naming } from '../naming.ts';
import { bytesAs } from '../plan/mixture.ts';
import { PRIVATE_FILE } from '../../files/private-files.ts';
import { insist } from '../../files/retry-refused.ts';

/**
 * Every quantized form of a tensor that was ever needed, one file each. A plan is put together from them, so another budget
 * costs copying and not quantizing. A file enters the index once it is whole and on disk: what is not in the index was cut
 * off and is made again.
 */
export class Bank {
  readonly #folder: string;
  readonly #index: string;
  /** file name → SHA-256 of its bytes */
  readonly #known = new Map<string, string>();

  /** `key` names what the blocks depend on besides tensor and type: the importance matrix. */
  constructor(folder: string, key: string) {
    this.#folder = join(folder, key);
    this.#index = join(this.#folder, 'index');
    try {
      makeFolder(this.#folder);
    } catch (error) {
      throw writeError(error, this.#folder);
    }
    if (!existsSync(this.#index)) return;
    for (const line of insist(() => readFileSync(this.#index, 'utf8')).split('\n')) {
      const [sha256, name] = line.split(' ');
      // a line cut off by a power failure is short or has no name: its tensor is quantized again
      if (sha256?.length === 64 && name) this.#known.set(name, sha256);
    }
  }

  static fileName(tensor: string, type: number): string {
    // a file may call its tensors anything: neither a slash nor a space must get through
    return `${encodeURIComponent(tensor)}.${tensorTypeName(type)}`;
  }

  path(tensor: GgufTensor, type: number): string {
    return join(this.#folder, Bank.fileName(tensor.name, type));
  }

  has(tensor: GgufTensor, type: number): boolean {
    const path = this.path(tensor, type);
    return (
      this.#known.has(Bank.fileName(tensor.name, type)) &&
      existsSync(path) &&
      statSync(path).size === bytesAs(tensor, type)
    );
  }

  sha256(tensor: GgufTensor, type: number): string | undefined {
    return this.#known.get(Bank.fileName(tensor.name, type));
  }

  /** Where a tensor's blocks are written before they count. */
  unfinishedPath(tensor: GgufTensor, type: number): string {
    return `${this.path(tensor, type)}.tmp`;
  }

  /** Makes the empty file that a tensor's blocks are written to; native code would make one that others may read. */
  begin(tensor: GgufTensor, type: number): string {
    const unfinished = this.unfinishedPath(tensor, type);
    try {
      closeSync(insist(() => openSync(unfinished, 'w', PRIVATE_FILE)));
    } catch (error) {
      throw writeError(error, unfinished);
    }
    return unfinished;
  }

  /** Hashes, syncs and enters a tensor's blocks. Runs beside other work: nothing large in it holds up this thread. */
  async add(tensor: GgufTensor, type: number): Promise<void> {
    const name = Bank.fileName(tensor.name, type);
    const unfinished = this.unfinishedPath(tensor, type);
    const sha256 = await hashFile(unfinished);
    try {
      await syncFileMeanwhile(unfinished);
      renameDurably(unfinished, this.path(tensor, type));
      // a line of its own also behind one that a power failure cut off
      const line = `\n${sha256} ${name}\n`;
      insist(() => appendFileSync(this.#index, line, { flush: true, mode: PRIVATE_FILE }));
      // the index itself may be new
      if (this.#known.size === 0) syncFolder(this.#folder);
    } catch (error) {
      discard(unfinished);
      throw writeError(error, this.path(tensor, type));
    }
    this.#known.set(name, sha256);
  }

  drop(tensor: GgufTensor, type: number): void {
    this.#known.delete(Bank.fileName(tensor.name, type));
    insist(() => rmSync(this.path(tensor, type), { force: true }));
  }

  /** Removes what a killed run left half-written. */
  removeUnfinished(): void {
    for (const name of readdirSync(this.#folder)) {
      if (name.endsWith('.tmp')) insist(() => rmSync(join(this.#folder, name), { force: true }));
    }
  }

  bytes(): number {
    return readdirSync(this.#folder).reduce((sum, name) => sum + statSync(join(this.#folder, name)).size, 0);
  }
}

export interface QuantizeOptions {
  readonly addon: Addon;
  readonly source: Gguf;
  readonly types: ReadonlyMap<string, number>;
  readonly imatrix: Imatrix | undefined;
  readonly bank: Bank;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** Quantizes what the types ask for and the bank lacks; tensors that keep their type are copied from the source later. */
export async function fillBank(options: QuantizeOptions): Promise<void> {
  const { bank } = options;
  const wanted = wantedBlocks(options);
  const missing = wanted.filter(({ tensor, type }) => !bank.has(tensor, type));
  const total = wanted.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  let done = total - missing.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  const report = (within: number, detail?: string) =>
    options.onProgress?.({
      stage: 'quantize',
      done: Math.round(done + within),
      total,
      unit: 'bytes',
      ...(detail === undefined ? {} : { detail }),
    });
  bank.removeUnfinished();
  checkDisk(bank, missing);
  report(0);
  // a tensor is hashed and synced while the threads are busy with the next one
  let adding = Promise.resolve();
  for (const { tensor, type } of missing) {
    const detail = `${tensor.name} → ${tensorTypeName(type)}`;
    const quantizing = quantizeTensor(tensor, type, options, (share) => report(share * tensor.bytes, detail));
    await allEnded(adding, quantizing);
    done += tensor.bytes;
    report(0, detail);
    adding = bank.add(tensor, type);
  }
  await adding;
}

export interface WantedBlocks {
  readonly tensor: GgufTensor;
  readonly type: number;
}

/** What the types make of a source's tensors, where that is not what they are. */
export function wantedBlocks({ source, types }: Pick<QuantizeOptions, 'source' | 'types'>): WantedBlocks[] {
  return source.tensors
    .map((tensor) => ({ tensor, type: types.get(tensor.name) ?? tensor.type }))
    .filter(({ tensor, type }) => type !== tensor.type);
}

/** Waits for both, also when one fails: nothing goes on in the bank once its caller has been told. */
async function allEnded(...work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** @throws SnugError DISK_FULL where what is missing has no room */
export function checkDisk(bank: Bank, missing: readonly WantedBlocks[]): void {
  const first = missing[0];
  if (!first) return;
  const needed = missing.reduce((sum, { tensor, type }) => sum + bytesAs(tensor, type), 0);
  const folder = bank.path(first.tensor, first.type);
  const free = freeDiskBytes(folder);
  if (free < needed) {
    throw new SnugError(
      'DISK_FULL',
      `the quantized layers need ${formatBytes(needed)} of disk, and ${formatBytes(free)} are free`,
      {
        advice: 'Free some space and try again; layers that are done are kept.',
      },
    );
  }
}

async function quantizeTensor(
  tensor: GgufTensor,
  type: number,
  options: QuantizeOptions,
  onShare: (share: number) => void,
): Promise<void> {
  const { addon, bank, signal } = options;
  throwIfCancelled(signal);
  try {
    await withAbort(addon, signal, (abort) =>
      addon.quantizeTensor(nativeTask(tensor, type, options), abort, ({ done, total }) =>
        onShare(done / total),
      ),
    );
  } catch (error) {
    discard(bank.unfinishedPath(tensor, type));
    throw naming(tensor, error);
  }
}

/** How a tensor is quantized into the bank. */
export function nativeTask(
  tensor: GgufTensor,
  type: number,
  { imatrix, bank, threads }: QuantizeOptions,
): QuantizeTask {
  const [columns = 0, rowsPerMatrix = 1] = tensor.shape;
  const importance = imatrix?.entries.get(tensor.name);
  return {
    sourcePath: tensor.path,
    sourceOffset: tensor.offset,
    sourceType: tensor.type,
    targetPath: bank.begin(tensor, type),
    targetType: type,
    columns,
    rows: tensor.elements / columns,
    rowsPerMatrix,
    importance: importance ? meanSquares(importance) : undefined,
    threads,
  };
}

/** A short name for an importance matrix, from the file that holds it. */
export function imatrixKey(imatrixFile: Uint8Array): string {
  return createHash('sha256').update(imatrixFile).digest('hex').slice(0, 16);
}
