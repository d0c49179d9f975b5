import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layOutGguf, type TensorToWrite } from '../../src-main/gguf/writer.ts';
import { readGguf, type GgufEntry } from '../../src-main/gguf/gguf.ts';
import { demoMmproj, demoModel } from '../fixtures/demo.ts';

export interface Changes {
  /** entries in the place of those of the same key, or beside them */
  readonly entries?: readonly Pick<GgufEntry, 'key' | 'raw'>[];
  readonly without?: readonly string[];
  /** a tensor as it shall be, by what it is */
  readonly tensor?: (tensor: TensorToWrite) => Partial<TensorToWrite>;
}

/** The header of the demo model with one thing changed; the weights are a hole. */
function changed(source: string, name: string, folder: string, changes: Changes): string {
  const { metadata, tensors } = readGguf(source);
  const entries = new Map([...metadata].map(([key, { raw }]) => [key, { key, raw }]));
  for (const entry of changes.entries ?? []) entries.set(entry.key, entry);
  for (const key of changes.without ?? []) entries.delete(key);
  const laidOut = tensors.map((tensor) => ({ ...tensor, ...changes.tensor?.(tensor) }));
  const { header, totalBytes } = layOutGguf([...entries.values()], laidOut);
  const path = join(folder, name);
  writeFileSync(path, header);
  truncateSync(path, totalBytes);
  return path;
}

export const changedModel = (folder: string, changes: Changes) =>
  changed(demoModel, 'model.gguf', folder, changes);

export const changedMmproj = (folder: string, changes: Changes) =>
  changed(demoMmproj, 'mmproj-model.gguf', folder, changes);
