import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { demoModel } from '../root.ts';
import { modelsFolder, snugHome } from '../home.ts';
import { keptMmproj, onlyFitting, refuseDamaged, searchMmproj, searchNotes } from '../models/find-mmproj.ts';
import { readTextModel, type TextModel } from '../models/model-file.ts';
import { fewerThreadsNote } from '../chat/opening-notes.ts';
import { computeThreads, cpuNow, usableThreads } from '../profile/laptop.ts';
import { givenModel, givenMmproj } from './given-files.ts';
import { showNote } from './terminal.ts';
import { statsOf } from '../files/stats.ts';

/** The model that a command talks to, by default the one fitted last, else the demo; and its vision file. */
export function chosenModel(flags: {
  model?: string | undefined;
  mmproj?: string | undefined;
  /** there are pictures to see, so that a damaged vision file ends the command */
  needsVision: boolean;
}): {
  text: TextModel;
  mmprojPath: string | undefined;
} {
  const text = readTextModel(
    flags.model === undefined ? (newestModel() ?? demoModel) : givenModel(flags.model),
  );
  return { text, mmprojPath: mmprojFor(text, flags.mmproj, flags.needsVision) };
}

/** The vision file that was named, else the one found; what a person should know of the search is said. */
export function mmprojFor(text: TextModel, named: string | undefined, isNeeded: boolean): string | undefined {
  if (named !== undefined) return givenMmproj(named);
  const kept = keptMmproj(text);
  if (kept !== undefined) return kept;
  const search = searchMmproj(text);
  if (isNeeded) refuseDamaged(search);
  for (const note of searchNotes(text, search)) showNote(note);
  return onlyFitting(text, search);
}

function newestModel(): string | undefined {
  const folder = modelsFolder(snugHome());
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.gguf') && !name.includes('mmproj'))
    .map((name) => join(folder, name))
    .flatMap((path) => {
      const found = statsOf(path);
      return found?.isFile() ? { path, changed: found.mtimeMs } : [];
    })
    .sort((a, b) => b.changed - a.changed)[0]?.path;
}

/** One thread for each fast core, unless told otherwise. */
export async function chosenThreads(threads: number | undefined): Promise<number> {
  showNote(fewerThreadsNote(threads, usableThreads(threads ?? 1)));
  if (threads !== undefined) return threads;
  return computeThreads(await cpuNow({ cpuFeatures: [], cpuVariant: '' }));
}
