import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { demoModel } from '../api/entries.ts';
import { modelsFolder, snugHome } from '../luq/workspace.ts';
import { findMmproj } from '../models/find-mmproj.ts';
import { readTextModel, type TextModel } from '../models/model-file.ts';
import { computeThreads, profileLaptop } from '../profile/laptop.ts';

/** The model that a command talks to, by default the one fitted last, else the demo; and its vision encoder. */
export function chosenModel(flags: { model?: string | undefined; mmproj?: string | undefined }): {
  text: TextModel;
  mmprojPath: string | undefined;
} {
  const text = readTextModel(resolve(flags.model ?? newestModel() ?? demoModel));
  return { text, mmprojPath: flags.mmproj === undefined ? findMmproj(text) : resolve(flags.mmproj) };
}

function newestModel(): string | undefined {
  const folder = modelsFolder(snugHome());
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.gguf') && !name.includes('mmproj'))
    .map((name) => join(folder, name))
    .flatMap((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isFile() ? { path, changed: found.mtimeMs } : [];
    })
    .sort((a, b) => b.changed - a.changed)[0]?.path;
}

/** One thread for each fast core, unless told otherwise. */
export async function chosenThreads(threads: number | undefined): Promise<number> {
  if (threads !== undefined) return threads;
  const laptop = await profileLaptop({
    modelsFolder: modelsFolder(snugHome()),
    cpuFeatures: [],
    cpuVariant: '',
  });
  return computeThreads(laptop);
}
