import type { ModelDetails, ModelEntry, ModelOrigin } from '../contract/model.ts';
import type { Sidecar } from '../models/sidecar.ts';
import type { ModelFiles } from '../store/model-files.ts';
import { statsOf } from '../files/stats.ts';

/** What the library knows of a model beside what its header says. */
export function detailsOf(
  entry: ModelEntry,
  {
    paths,
    sidecar,
    models,
    known,
  }: {
    /** the model's own files */
    readonly paths: readonly string[];
    readonly sidecar: Sidecar;
    readonly models: readonly ModelEntry[];
    readonly known: ModelFiles;
  },
): Pick<ModelDetails, 'origin' | 'files' | 'fits'> {
  const files = [
    ...paths.map((path) => ({ path, role: 'model' as const })),
    ...(entry.mmproj ? [{ path: entry.mmproj.path, role: 'vision' as const }] : []),
  ];
  return {
    origin: originOf(entry, sidecar, models),
    files: files.map(({ path, role }) => ({
      path,
      role,
      bytes: statsOf(path)?.size ?? 0,
      sha256: known.known(path) ?? null,
    })),
    fits: models
      .filter(({ madeFrom }) => madeFrom === entry.id)
      .map(({ id, name, bytes }) => ({ id, name, bytes })),
  };
}

function originOf(entry: ModelEntry, { source }: Sidecar, models: readonly ModelEntry[]): ModelOrigin {
  if (entry.builtIn) return { kind: 'builtIn' };
  if (source) return { kind: 'hub', source };
  if (entry.kind === 'fitted') {
    const from = models.find(({ id }) => id === entry.madeFrom);
    return { kind: 'fit', from: from ? { id: from.id, name: from.name } : null };
  }
  return entry.keptBy === null ? { kind: 'file' } : { kind: 'app', app: entry.keptBy };
}
