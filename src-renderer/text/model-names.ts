import type { ModelEntry } from '../../src-main/contract/model.ts';
import { fileName } from './fit-words.ts';
import { formatBytes } from './format.ts';

/** The folder that a file lies in. */
export function folderOf(path: string): string {
  const folder = path.slice(0, path.length - fileName(path).length);
  return folder.length > 1 ? folder.replace(/[\\/]$/, '') : folder;
}

/**
 * What tells a model apart from the others of a list that have its name: the name of its file, or where that is the same too the file
 * with its folders. null where its name is enough.
 */
export function distinction(model: ModelEntry, all: readonly ModelEntry[]): string | null {
  const namesakes = all.filter(({ id, name }) => id !== model.id && name === model.name);
  if (namesakes.length === 0) return null;
  const parts = model.path.split(/[\\/]/);
  for (let count = 1; count < parts.length; count++) {
    const end = parts.slice(-count);
    const isShared = namesakes.some(
      ({ path }) => path.split(/[\\/]/).slice(-count).join('/') === end.join('/'),
    );
    if (!isShared) return end.join('/');
  }
  return model.path;
}

/** `Qwen2.5-VL 3B · fitted, 1.20 GiB`; with the file where others of the list have the same name. */
export function modelWords(model: ModelEntry, all: readonly ModelEntry[]): string {
  const kind = model.kind === 'fitted' ? 'fitted, ' : '';
  const words = `${model.name} · ${kind}${formatBytes(model.bytes + (model.mmproj?.bytes ?? 0))}`;
  const apart = distinction(model, all);
  return apart === null ? words : `${words} · ${apart}`;
}
