import { modelFilesBelow } from './files-below.ts';
import { wholePaths, type Machine } from './machine.ts';
import { MOST_MODELS, type AppStore, type FoundModel } from './store.ts';

const REPOSITORY = /^models--([^/\\]+?)--([^/\\]+)$/;

/**
 * `models--owner--repository/snapshots/<commit>/file`, each file a link to `blobs/…`, or the file itself where links can't be made
 * (huggingface_hub's guide “Understand caching”; llama.cpp, common/hf-cache.cpp, which also looks at its own variable first).
 */
export const huggingFace: AppStore = {
  folders(machine) {
    const { path, variable } = machine;
    const cache = variable('XDG_CACHE_HOME') ?? path.join(machine.home, '.cache');
    const home = variable('HF_HOME') ?? path.join(cache, 'huggingface');
    const hub = variable('HF_HUB_CACHE') ?? variable('HUGGINGFACE_HUB_CACHE') ?? path.join(home, 'hub');
    return wholePaths(machine, [hub, variable('LLAMA_CACHE')]);
  },

  async find(machine, folder, signal) {
    const models: FoundModel[] = [];
    let isPartial = false;
    for (const repository of await repositoriesIn(machine, folder)) {
      if (models.length >= MOST_MODELS || signal?.aborted) {
        isPartial = true;
        break;
      }
      const found = await snapshotFiles(machine, machine.path.join(folder, repository), signal);
      isPartial ||= found.isPartial;
      const owned = repository.replace(REPOSITORY, '$1/$2');
      models.push(...found.paths.map((path) => ({ path, name: `${owned}: ${machine.path.basename(path)}` })));
    }
    return { models, isPartial };
  },
};

async function repositoriesIn(machine: Machine, folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const name of machine.names(folder)) if (REPOSITORY.test(name)) found.push(name);
  return found.sort();
}

/** Files of the commit that `main` is at, else of every commit that is here, each content once. */
async function snapshotFiles(machine: Machine, repository: string, signal: AbortSignal | undefined) {
  const { path } = machine;
  const snapshots = path.join(repository, 'snapshots');
  const main = machine.readText(path.join(repository, 'refs', 'main'))?.trim();
  const commits: string[] = [];
  for await (const name of machine.names(snapshots)) commits.push(name);
  const wanted = main !== undefined && commits.includes(main) ? [main] : commits.sort();
  const contents = new Map<string, string>();
  let isPartial = false;
  for (const commit of wanted) {
    const below = await modelFilesBelow(path.join(snapshots, commit), { machine, signal });
    isPartial ||= below.isPartial;
    for (const file of below.paths) {
      // of a download that was stopped only the link is there
      const real = await machine.realPath(file);
      if (real !== undefined && !contents.has(real)) contents.set(real, file);
    }
  }
  return { paths: [...contents.values()], isPartial };
}
