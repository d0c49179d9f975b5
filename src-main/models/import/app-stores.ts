import type { ForeignAppId } from '../../contract/elsewhere.ts';
import { huggingFace } from './hugging-face.ts';
import { jan, janModelOf } from './jan.ts';
import { llamaCpp, llamaCppModelOf } from './llama-cpp.ts';
import { lmStudio } from './lm-studio.ts';
import { thisMachine, type Machine } from './machine.ts';
import { ollama, ollamaModelOf } from './ollama.ts';
import type { AppStore, FoundModel } from './store.ts';

/** Every app that is looked for, in the order in which they are told. */
export const APP_STORES: Readonly<Record<ForeignAppId, AppStore>> = {
  lmStudio,
  ollama,
  jan,
  llamaCpp,
  huggingFace,
};

/** What the app in whose folder a file lies says of it, from its notes beside it; undefined where there are none. */
export async function notedBy(
  path: string,
  machine: Machine = thisMachine(),
): Promise<FoundModel | undefined> {
  return (
    (await ollamaModelOf(machine, path)) ??
    janModelOf(machine, path) ??
    (await llamaCppModelOf(machine, path))
  );
}
