import { parse } from 'yaml';
import { z } from 'zod';
import { modelFilesBelow } from './files-below.ts';
import { configFolder, dataFolder, readJson, wholePaths, type Machine } from './machine.ts';
import type { AppStore, FoundModel } from './store.ts';

const settingsSchema = z.object({ data_folder: z.string().min(1) });
const notesSchema = z.object({
  model_path: z.string().optional(),
  mmproj_path: z.string().optional(),
  name: z.string().optional(),
});
type Notes = z.infer<typeof notesSchema>;

/**
 * A `model.yml` beside the files below `llamacpp/models`, before that a `model.json` below `models` (jan, src-tauri and
 * llamacpp-extension).
 */
export const jan: AppStore = {
  folders(machine) {
    const { path, home } = machine;
    const own = path.join(dataFolder(machine), 'Jan');
    const settings = [
      own,
      path.join(dataFolder(machine), 'jan.ai.app'),
      path.join(configFolder(machine), 'Jan'),
    ];
    return wholePaths(machine, [
      machine.variable('JAN_DATA_FOLDER'),
      ...settings.map((folder) => chosenFolder(machine, folder)),
      path.join(own, 'data'),
      path.join(home, 'jan'),
    ]);
  },

  async find(machine, folder, signal) {
    const found = new Map<string, FoundModel>();
    let isPartial = false;
    for (const place of [['llamacpp', 'models'], ['models']]) {
      const root = machine.path.join(folder, ...place);
      const below = await modelFilesBelow(root, { machine, signal, also: /^model\.(yml|json)$/ });
      isPartial ||= below.isPartial;
      for (const path of below.paths) {
        const isNotes = !/\.gguf$/i.test(path);
        const model = isNotes ? notedModel(machine, folder, path) : { path };
        if (model) found.set(model.path, { ...found.get(model.path), ...model });
      }
    }
    return { models: [...found.values()], isPartial };
  },
};

/** What Jan's notes beside a file say of it. */
export function janModelOf(machine: Machine, file: string): FoundModel | undefined {
  const { path } = machine;
  const notes = path.join(path.dirname(file), 'model.yml');
  // paths in it begin at the data folder, which is the one above `llamacpp` or `models`; other folders may be called so too
  const above = file.matchAll(/[\\/](?:llamacpp[\\/])?models(?=[\\/])/g);
  const found = [...above].map(({ index }) => notedModel(machine, file.slice(0, index), notes));
  return found.find((model) => model?.path === file);
}

function chosenFolder(machine: Machine, folder: string): string | undefined {
  const read = settingsSchema.safeParse(readJson(machine, machine.path.join(folder, 'settings.json')));
  return read.success ? read.data.data_folder : undefined;
}

function notedModel(machine: Machine, folder: string, file: string): FoundModel | undefined {
  const notes = readNotes(machine, file);
  const path = notes && placeOf(machine, folder, notes.model_path);
  if (path === undefined) return undefined;
  return { path, name: notes?.name, visionPath: placeOf(machine, folder, notes?.mmproj_path) };
}

function readNotes(machine: Machine, file: string): Notes | undefined {
  const text = machine.readText(file);
  if (text === undefined) return undefined;
  try {
    // no aliases: a few lines of them unfold to gigabytes
    const read = notesSchema.safeParse(parse(text, { maxAliasCount: 0 }));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

/** A path of Jan's notes: whole for what was imported from elsewhere, else from the data folder on and never out of it. */
function placeOf({ path }: Machine, folder: string, noted: string | undefined): string | undefined {
  if (noted === undefined || path.isAbsolute(noted)) return noted;
  const place = path.join(folder, noted);
  return path.relative(folder, place).startsWith('..') ? undefined : place;
}
