import { constants } from 'node:fs';
import { copyFile, link, open } from 'node:fs/promises';
import type { Placed } from '../contract/export.ts';
import { throwIfCancelled } from '../contract/errors.ts';
import { discard, writeWhollyMeanwhile } from '../files/durable-files.ts';
import type { NewHeader } from '../models/complete-vision.ts';
import type { Modes } from '../files/private-files.ts';

const PIECE_BYTES = 4 << 20;

interface Placing {
  readonly modes: Modes;
  readonly signal: AbortSignal | undefined;
  /** what the file is to begin with instead of its own header */
  readonly header?: NewHeader | undefined;
  readonly onBytes: (bytes: number) => void;
  /** before bytes are copied; throws where there is no room for them */
  readonly beforeCopy: () => void;
}

/** Makes a file lie at a path where nothing lies, at the least cost that the file system allows. */
export async function placeFile(from: string, to: string, placing: Placing): Promise<Placed> {
  if (placing.header === undefined) {
    const how = await placeAsItIs(from, to);
    if (how) return how;
  }
  placing.beforeCopy();
  await copyBytes(from, to, placing);
  return 'copied';
}

/** Without copying; undefined where the file system cannot. */
async function placeAsItIs(from: string, to: string): Promise<Placed | undefined> {
  if (await succeeds(() => copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)))
    return 'cloned';
  // some systems leave an empty file behind what they could not clone
  discard(to);
  return (await succeeds(() => link(from, to))) ? 'linked' : undefined;
}

async function copyBytes(
  from: string,
  to: string,
  { modes, signal, header, onBytes }: Placing,
): Promise<void> {
  await using source = await open(from, 'r');
  await using target = await open(to, 'wx', modes.file);
  const piece = new Uint8Array(PIECE_BYTES);
  if (header) await writeWhollyMeanwhile(target, header.bytes);
  for (let at = header?.replaces ?? 0; ;) {
    throwIfCancelled(signal);
    const { bytesRead } = await source.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    await writeWhollyMeanwhile(target, piece.subarray(0, bytesRead));
    at += bytesRead;
    onBytes(bytesRead);
  }
  await target.sync();
}

/** Whether the system does it; where it does not, there is another way. */
async function succeeds(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
