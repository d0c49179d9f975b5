import { z } from 'zod';
import { modelFilesBelow } from './files-below.ts';
import { configFolder, readJson, wholePaths, type Machine } from './machine.ts';
import type { AppStore } from './store.ts';

const settingsSchema = z.object({ downloadsFolder: z.string().min(1) });

/** `<models>/publisher/repository/*.gguf`; that folder is a setting, and its home may be elsewhere (lmstudio-js, lms-common-server). */
export const lmStudio: AppStore = {
  folders(machine) {
    const { path } = machine;
    const homes = wholePaths(machine, [
      machine.variable('LMSTUDIO_HOME'),
      pointedHome(machine),
      ...usual(machine),
    ]);
    const settings = [...homes, path.join(configFolder(machine), 'LM Studio')];
    return wholePaths(machine, [
      ...settings.map((folder) => downloadsFolder(machine, folder)),
      ...homes.map((folder) => path.join(folder, 'models')),
    ]);
  },

  async find(machine, folder, signal) {
    const { paths, isPartial } = await modelFilesBelow(folder, { machine, signal });
    return { models: paths.map((path) => ({ path })), isPartial };
  },
};

function usual({ path, home }: Machine): string[] {
  return [path.join(home, '.lmstudio'), path.join(home, '.cache', 'lm-studio')];
}

function pointedHome({ path, home, readText }: Machine): string | undefined {
  return readText(path.join(home, '.lmstudio-home-pointer'))?.trim();
}

function downloadsFolder(machine: Machine, folder: string): string | undefined {
  const read = settingsSchema.safeParse(readJson(machine, machine.path.join(folder, 'settings.json')));
  return read.success ? read.data.downloadsFolder : undefined;
}
