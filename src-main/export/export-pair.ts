import { existsSync, rmdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { formatBytes } from '../contract/bytes.ts';
import { SnugError } from '../contract/errors.ts';
import type { ExportedPair, PairFacts, Placed } from '../contract/export.ts';
import type { MeasuredFit } from '../contract/fit-report.ts';
import type { ModelSource } from '../contract/model-source.ts';
import { freeDiskBytes } from '../files/disk.ts';
import {
  discard,
  makeFolder,
  renameDurably,
  syncFolder,
  writeFileAtomically,
} from '../files/durable-files.ts';
import { hashFile } from '../files/hash.ts';
import { LONGEST_STEM_BYTES } from '../files/output-name.ts';
import type { NewHeader } from '../models/complete-vision.ts';
import { realPath } from '../files/paths.ts';
import { AS_USUAL } from '../files/private-files.ts';
import { writeError, type WritingAdvice } from '../files/write-error.ts';
import { fitFacts } from './fit-facts.ts';
import { modelfileOf } from './modelfile.ts';
import { originOf } from './origin.ts';
import { placeFile } from './place-file.ts';
import { readmeOf, type ExportedFile } from './readme.ts';
import type { PairNames } from './run-commands.ts';
import { plainName } from './shell-words.ts';

export interface ExportRequest {
  readonly modelPath: string;
  readonly mmprojPath: string | undefined;
  /** made where it is missing */
  readonly folder: string;
  /** whether files that are there already may be replaced */
  readonly replace: boolean;
  /** what its files say */
  readonly facts: PairFacts;
  readonly measured: MeasuredFit | undefined;
  /** where the model that it was made from was downloaded */
  readonly madeFrom: ModelSource | undefined;
}

export interface ExportEvents {
  readonly signal?: AbortSignal | undefined;
  /** bytes */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const PLACED: readonly Placed[] = ['cloned', 'linked', 'copied'];
const TEXTS = ['SHA256SUMS', 'Modelfile', 'README.md'] as const;

const EXPORT_ADVICE: WritingAdvice = {
  full: 'Free some space there, or choose a folder on another disk. Nothing is left there.',
  refused: 'Choose a folder that you may write to.',
  elsewhere: [],
};

/**
 * Puts a fitted model and its vision file into a folder, with what it takes to run them and to make them again. Files get their names
 * once all of them are whole; what goes wrong leaves the folder as it was.
 * @throws SnugError BAD_ARGUMENT for a model that Snug did not fit, CANNOT_WRITE where files are there already, DISK_FULL
 */
export async function exportPair(request: ExportRequest, events: ExportEvents = {}): Promise<ExportedPair> {
  const { modelPath, mmprojPath, folder, replace, facts: pairFacts } = request;
  const { inspection, chatTemplate } = pairFacts;
  const facts = fitFacts(inspection);
  const names = namesOf(modelPath, mmprojPath !== undefined);
  const header = pairFacts.visionHeader ?? undefined;
  const pair = [
    { from: modelPath, name: names.model },
    ...(mmprojPath === undefined || names.mmproj === null
      ? []
      : [{ from: mmprojPath, name: names.mmproj, header }]),
  ];
  refuseTaken(folder, pair, replace);
  const modelfile = modelfileOf(names, facts, chatTemplate ?? undefined);
  return intoFolder(folder, async () => {
    const { files, placed } = await placePair(folder, pair, events);
    const readme = readmeOf({
      ...{
        inspection,
        facts,
        names,
        files,
        origin: originOf(pairFacts, request.madeFrom),
        measured: request.measured,
        addedKeys: header?.addedKeys ?? [],
      },
      hasOllamaTemplate: modelfile.hasTemplate,
    });
    const sums = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
    const written = { SHA256SUMS: sums, Modelfile: modelfile.text, 'README.md': readme };
    for (const name of TEXTS) writeFileAtomically(join(folder, name), written[name], AS_USUAL);
    return { folder, files: [...files.map(({ name }) => name), ...TEXTS], placed };
  });
}

/** What an export of a model is called. */
export function exportedStem(modelPath: string): string {
  return plainName(basename(modelPath, extname(modelPath))).slice(0, LONGEST_STEM_BYTES);
}

function namesOf(modelPath: string, sees: boolean): PairNames {
  const stem = exportedStem(modelPath);
  return { model: `${stem}.gguf`, mmproj: sees ? `mmproj-${stem}.gguf` : null };
}

interface Placing {
  readonly from: string;
  readonly name: string;
  readonly header?: NewHeader | undefined;
}

function refuseTaken(folder: string, pair: readonly Placing[], replace: boolean): void {
  const itself = pair.find(({ from, name }) => realPath(join(folder, name)) === realPath(from));
  if (itself)
    throw new SnugError('BAD_ARGUMENT', `${itself.name} lies in ${folder} itself`, {
      advice: 'Choose another folder.',
    });
  const taken = [...pair.map(({ name }) => name), ...TEXTS].filter((name) => existsSync(join(folder, name)));
  if (taken.length === 0 || replace) return;
  throw new SnugError('CANNOT_WRITE', `${folder} holds ${taken.join(', ')} already`, {
    advice: 'Choose another folder, or have them replaced.',
    remedies: [{ kind: 'replace-files' }],
  });
}

/** Works in a folder that is made for it where it is missing, and taken away again where the work fails. */
async function intoFolder<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const isNew = !existsSync(folder);
  try {
    makeFolder(folder, AS_USUAL);
    return await work();
  } catch (error) {
    if (isNew) removeEmpty(folder);
    throw writeError(error, folder, EXPORT_ADVICE);
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // it was never made, or something else lies in it
  }
}

async function placePair(
  folder: string,
  pair: readonly Placing[],
  { signal, onProgress }: ExportEvents,
): Promise<{ files: ExportedFile[]; placed: Placed }> {
  const sized = pair.map((one) => ({
    ...one,
    bytes: statSync(one.from).size + (one.header ? one.header.bytes.length - one.header.replaces : 0),
    temporary: join(folder, `.${one.name}.${process.pid}.tmp`),
  }));
  // each byte is brought there, and read again for its checksum
  const total = 2 * sized.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const files: ExportedFile[] = [];
  let placed: Placed = 'cloned';
  try {
    for (const { from, name, bytes, temporary, header } of sized) {
      discard(temporary);
      const before = done;
      const how = await placeFile(from, temporary, {
        ...{ modes: AS_USUAL, signal, header },
        onBytes: (copied) => onProgress?.((done += copied), total),
        beforeCopy: () => insistOnRoom(folder, sized.slice(files.length)),
      });
      // of several the one that takes the most room
      if (PLACED.indexOf(how) > PLACED.indexOf(placed)) placed = how;
      done = before + bytes;
      const read = (hashed: number) => onProgress?.(done + hashed, total);
      files.push({ name, bytes, sha256: await hashFile(temporary, { signal, onProgress: read }) });
      done += bytes;
    }
    for (const { name, temporary } of sized) renameDurably(temporary, join(folder, name));
  } finally {
    // also where the new name is another of the same file, so that renaming did nothing
    for (const { temporary } of sized) discard(temporary);
    syncFolder(folder);
  }
  return { files, placed };
}

function insistOnRoom(folder: string, left: readonly { readonly bytes: number }[]): void {
  const needed = left.reduce((sum, { bytes }) => sum + bytes, 0);
  const free = freeDiskBytes(folder);
  if (needed <= free) return;
  throw new SnugError(
    'DISK_FULL',
    `the files take ${formatBytes(needed)}, and only ${formatBytes(free)} are free on the disk of ${folder}`,
    { advice: EXPORT_ADVICE.full },
  );
}
