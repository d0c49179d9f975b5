import { z } from 'zod';
import { readJson, wholePaths, type Machine } from './machine.ts';
import { MOST_MODELS, type AppStore, type FoundModel } from './store.ts';

const downloadSchema = z.object({ url: z.string() });
const fileSchema = z.object({ rfilename: z.string() }).optional();
const manifestSchema = z.object({ ggufFile: fileSchema, mmprojFile: fileSchema });

/**
 * One flat folder of `owner_repository_file.gguf`, beside a file its `.json` with the address it came from, and for each repository
 * `manifest=owner=repository=tag.json` (llama.cpp, common/arg.cpp and download.cpp). Newer ones share the Hugging Face cache.
 */
export const llamaCpp: AppStore = {
  folders: (machine) =>
    wholePaths(machine, [
      machine.variable('LLAMA_CACHE') ?? machine.path.join(cacheFolder(machine), 'llama.cpp'),
    ]),

  async find(machine, folder, signal) {
    const { names, isPartial } = await namesIn(machine, folder, signal);
    const pairs = pairsOf(machine, folder, names);
    const files = names.filter((name) => /\.gguf$/i.test(name) && !name.startsWith('.'));
    const models: FoundModel[] = [];
    for (const name of files) {
      const path = machine.path.join(folder, name);
      if ((await machine.look(path))?.kind !== 'file') continue;
      const vision = pairs.get(name);
      models.push({
        path,
        name: addressName(machine, path),
        visionPath: vision === undefined ? undefined : machine.path.join(folder, vision),
      });
    }
    return { models, isPartial };
  },
};

/** What llama.cpp noted of a file in its cache; nothing where there is no such note. */
export async function llamaCppModelOf(machine: Machine, file: string): Promise<FoundModel | undefined> {
  const folder = machine.path.dirname(file);
  const { names } = await namesIn(machine, folder);
  const vision = pairsOf(machine, folder, names).get(machine.path.basename(file));
  const name = addressName(machine, file);
  if (vision === undefined && name === undefined) return undefined;
  return {
    path: file,
    name,
    visionPath: vision === undefined ? undefined : machine.path.join(folder, vision),
  };
}

function cacheFolder({ platform, path, home, variable }: Machine): string {
  if (platform === 'win32') return variable('LOCALAPPDATA') ?? path.join(home, 'AppData', 'Local');
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches');
  return variable('XDG_CACHE_HOME') ?? path.join(home, '.cache');
}

async function namesIn(machine: Machine, folder: string, signal?: AbortSignal) {
  const names: string[] = [];
  for await (const name of machine.names(folder)) {
    if (names.length >= 8 * MOST_MODELS || signal?.aborted) return { names, isPartial: true };
    names.push(name);
  }
  return { names: names.sort(), isPartial: false };
}

/** Which vision file a repository's manifest gives to which model, by their names in the cache. */
function pairsOf(machine: Machine, folder: string, names: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const name of names) {
    const named = /^manifest=([^=]+)=([^=]+)=[^=]*\.json$/.exec(name);
    if (!named) continue;
    const read = manifestSchema.safeParse(readJson(machine, machine.path.join(folder, name)));
    if (!read.success || !read.data.ggufFile || !read.data.mmprojFile) continue;
    const cached = ({ rfilename }: { rfilename: string }) =>
      `${named[1]}_${named[2]}_${rfilename.replaceAll(/[\\/]/g, '_')}`;
    pairs.set(cached(read.data.ggufFile), cached(read.data.mmprojFile));
  }
  return pairs;
}

/** "owner/repository: file.gguf" of the address that a file was downloaded from. */
function addressName(machine: Machine, path: string): string | undefined {
  const read = downloadSchema.safeParse(readJson(machine, `${path}.json`));
  const address = read.success ? /\/([^/]+\/[^/]+)\/resolve\/[^/]+\/([^?#]+)/.exec(read.data.url) : null;
  return address?.[1] === undefined || address[2] === undefined ? undefined : `${address[1]}: ${address[2]}`;
}
