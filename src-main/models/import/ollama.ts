import { z } from 'zod';
import { readJson, wholePaths, type Machine } from './machine.ts';
import { MOST_MODELS, type AppStore, type Found, type FoundModel } from './store.ts';

const KIND = 'application/vnd.ollama.image.';
const DIGEST = /^sha256[:-]([0-9a-f]{64})$/;
const manifestSchema = z.object({
  layers: z
    .array(
      z.object({
        mediaType: z.string(),
        digest: z.string().regex(DIGEST),
        size: z.number().nonnegative().catch(0),
      }),
    )
    .max(10_000),
});
type Layer = z.infer<typeof manifestSchema>['layers'][number];

/** `manifests/<registry>/<namespace>/<name>/<tag>` says which of `blobs/sha256-…` a model consists of (ollama, server/manifest). */
export const ollama: AppStore = {
  folders(machine) {
    const own = machine.variable('OLLAMA_MODELS') ?? machine.path.join(machine.home, '.ollama', 'models');
    // of the service that its installer sets up
    const service = machine.path.join(machine.root, 'usr', 'share', 'ollama', '.ollama', 'models');
    return wholePaths(machine, [own, machine.platform === 'linux' ? service : undefined]);
  },

  async find(machine, folder, signal) {
    const found = new Map<string, FoundModel>();
    let isPartial = false;
    for await (const { name, layers } of manifests(machine, folder)) {
      isPartial = found.size >= MOST_MODELS || signal?.aborted === true;
      if (isPartial) break;
      const model = await modelOf(machine, folder, layers);
      if (!model) continue;
      const before = found.get(model.path);
      const names = [before?.name, name].filter((one) => one !== undefined);
      found.set(model.path, { ...betterOf(before, model), name: names.join(', ') });
    }
    return { models: [...found.values()], isPartial } satisfies Found;
  },
};

/** Several manifests may name one model, of which one lacks a file that another has. */
function betterOf(one: FoundModel | undefined, other: FoundModel): FoundModel {
  if (!one || (one.problem !== undefined && other.problem === undefined)) return other;
  const hasMore =
    one.visionPath === undefined && other.visionPath !== undefined && other.problem === undefined;
  return hasMore ? other : one;
}

/** What Ollama calls the model in one of its blobs, and which vision file it keeps with it; undefined where no manifest names it. */
export async function ollamaModelOf(machine: Machine, blob: string): Promise<FoundModel | undefined> {
  const { path } = machine;
  if (!DIGEST.test(path.basename(blob)) || path.basename(path.dirname(blob)) !== 'blobs') return undefined;
  const { models } = await ollama.find(machine, path.dirname(path.dirname(blob)));
  return models.find((model) => model.path === blob);
}

interface Manifest {
  /** as `ollama list` shows it */
  readonly name: string;
  readonly layers: readonly Layer[];
}

async function* manifests(machine: Machine, folder: string): AsyncGenerator<Manifest> {
  const { path } = machine;
  let places: string[][] = [[]];
  for (let level = 0; level < 4; level++)
    places = await below(machine, path.join(folder, 'manifests'), places);
  for (const [registry = '', namespace = '', model = '', tag = ''] of places) {
    const file = path.join(folder, 'manifests', registry, namespace, model, tag);
    const read = manifestSchema.safeParse(readJson(machine, file));
    if (read.success) yield { name: nameOf(registry, namespace, model, tag), layers: read.data.layers };
  }
}

/** Each place with every name in it. */
async function below(machine: Machine, root: string, places: readonly string[][]): Promise<string[][]> {
  const found: string[][] = [];
  for (const place of places) {
    for await (const name of machine.names(machine.path.join(root, ...place))) {
      if (found.length >= 4 * MOST_MODELS) return found;
      if (!name.startsWith('.')) found.push([...place, name]);
    }
  }
  return found.sort((a, b) => a.join('\0').localeCompare(b.join('\0'), 'en'));
}

function nameOf(registry: string, namespace: string, model: string, tag: string): string {
  const whose = registry === 'registry.ollama.ai' ? [] : [registry];
  const owner = namespace === 'library' && whose.length === 0 ? [] : [namespace];
  return `${[...whose, ...owner, model].join('/')}:${tag}`;
}

/** undefined for one that runs on a server of Ollama's: there is nothing of it here. */
async function modelOf(
  machine: Machine,
  folder: string,
  layers: readonly Layer[],
): Promise<FoundModel | undefined> {
  const of = (kind: string) => layers.find(({ mediaType }) => mediaType === KIND + kind);
  const model = of('model');
  if (!model) {
    const tensor = layers.find(({ mediaType }) => mediaType.startsWith(`${KIND}tensor`));
    return tensor && { path: blobPath(machine, folder, tensor), problem: OWN_ENGINE };
  }
  const vision = of('projector');
  return {
    path: blobPath(machine, folder, model),
    visionPath: vision && blobPath(machine, folder, vision),
    problem: await missing(machine, folder, vision ? [model, vision] : [model]),
  };
}

const OWN_ENGINE = 'it is in a form that only Ollama reads, with a file for each tensor';

async function missing(
  machine: Machine,
  folder: string,
  layers: readonly Layer[],
): Promise<string | undefined> {
  for (const layer of layers) {
    const found = await machine.look(blobPath(machine, folder, layer));
    if (found?.kind !== 'file') return 'Ollama names it, and its file is not there or may not be read';
    if (layer.size > 0 && found.bytes !== layer.size) return 'its file is not of the size that Ollama noted';
  }
  return undefined;
}

function blobPath({ path }: Machine, folder: string, { digest }: Layer): string {
  return path.join(folder, 'blobs', digest.replace(DIGEST, 'sha256-$1'));
}
