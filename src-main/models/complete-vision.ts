import { GgufType, type Gguf, type GgufEntry } from '../gguf/gguf.ts';
import { ggufEntry, layOutGguf } from '../gguf/writer.ts';
import { implausible } from './refusal.ts';

/**
 * Vision files of 2023 (llama.cpp's converter before January 2024) do not say which projector they hold: it was LLaVA's, and llama.cpp took
 * it for that. It asks for clip.projector_type since, and nothing else is missing. Such a file is never changed: the addon adds the key as
 * it reads one (native/vision_completion.cpp), and what Snug makes of one says it.
 */

const PROJECTOR_KEYS = ['clip.projector_type', 'clip.vision.projector_type'] as const;
const PROJECTOR_KEY = PROJECTOR_KEYS[0];

/** A header to be written in the place of a file's own. */
export interface NewHeader {
  readonly bytes: Uint8Array;
  /** length of the file's own, in bytes */
  readonly replaces: number;
  readonly addedKeys: readonly string[];
}

interface Completed {
  readonly gguf: Gguf;
  /** the entries that it has and its file lacks */
  readonly completed: readonly GgufEntry[];
}

/** The entries that llama.cpp asks for and a vision file lacks, where its tensors leave no doubt of them. */
export function impliedEntries({ metadata, tensors }: Pick<Gguf, 'metadata' | 'tensors'>): GgufEntry[] {
  const says = PROJECTOR_KEYS.some((key) => metadata.has(key));
  if (says || metadata.get('clip.has_llava_projector')?.value !== true) return [];
  const has = (name: string) => tensors.some((tensor) => tensor.name === name);
  if (!has('mm.0.weight') || !(has('mm.2.weight') || has('mm.3.weight'))) return [];
  const value = 'mlp';
  return [{ ...ggufEntry(PROJECTOR_KEY, GgufType.string, value), type: GgufType.string, value }];
}

/** The same file as if it said them. */
export function withEntries(gguf: Gguf, added: readonly GgufEntry[]): Gguf {
  if (added.length === 0) return gguf;
  return {
    ...gguf,
    metadata: new Map([...gguf.metadata, ...added.map((entry) => [entry.key, entry] as const)]),
  };
}

/** What a person should know of such a file; undefined for one that is whole. */
export function completionNote({ gguf: { path }, completed }: Completed): string | undefined {
  if (completed.length === 0) return undefined;
  return `${path} does not say which projector it holds, as vision files of 2023 do not. Snug tells it from its tensors (mlp).`;
}

/** The header with which a completed copy of a vision file begins, its weights behind it as they are; undefined for one that is whole. */
export function completedHeader({ gguf, completed }: Completed): NewHeader | undefined {
  if (completed.length === 0) return undefined;
  const { header, offsets } = layOutGguf([...gguf.metadata.values()], gguf.tensors, gguf.alignment);
  const replaces = gguf.tensors[0]?.offset ?? 0;
  // llama.cpp takes tensors in this order without gaps alone
  const isPacked = gguf.tensors.every(
    ({ offset }, i) => offset - replaces === (offsets[i] ?? 0) - header.length,
  );
  if (!isPacked) throw implausible(gguf, 'its tensors do not lie one behind the other');
  return { bytes: header, replaces, addedKeys: completed.map(({ key }) => key) };
}
