import { z } from 'zod';
import type { ExpectedTime } from './fit-job.ts';
import type { ReadOnly } from './read-only.ts';

/** What a model may be fitted from, best first; Q8_0 is half as large and has lost a little. */
export const SOURCE_PRECISIONS = ['F16', 'BF16', 'Q8_0'] as const;
export type SourcePrecision = (typeof SOURCE_PRECISIONS)[number];

const licenceSchema = z.strictObject({
  name: z.string().min(1).max(100),
  url: z.httpUrl().max(2000),
  /** what it allows, in one plain sentence */
  words: z.string().min(1).max(200),
});
type Licence = ReadOnly<z.infer<typeof licenceSchema>>;

const count = z.int().positive();

/** A model that Snug is known to work with. Sizes and hashes are not in it: the hub is asked. */
export const catalogueEntrySchema = z.strictObject({
  /** what `snug get` takes */
  id: z.string().regex(/^[a-z\d]+([.-][a-z\d]+)*$/),
  name: z.string().min(1).max(60),
  /** one sentence: what it is good at, and for which laptop */
  description: z.string().min(1).max(160),
  /** of GGUF files, on the hub: owner/name */
  repository: z.string().regex(/^[\w-][\w.-]*\/[\w.-]+$/),
  /** `general.architecture` of the model, and the projector of its vision file: what tells families apart */
  architecture: z.string().min(1),
  projector: z.string().min(1),
  /** those that the repository has; files are found by these in their names */
  precisions: z.array(z.enum(SOURCE_PRECISIONS)).min(1),
  /** of the text model */
  parameters: count,
  visionParameters: count,
  layers: count,
  /** of the text model, those of its token embeddings and output: they are not fitted by layer */
  vocabularyParameters: count,
  /** numbers that a token of the context keeps in a layer: keys and values */
  cachedNumbers: count,
  /** scratch of the text model and of the vision encoder at its largest picture, as llama.cpp reserves it */
  computeBytes: count,
  contextTokens: count,
  pictureTokens: z.strictObject({ min: count, max: count }),
  licence: licenceSchema,
});
export type CatalogueEntry = ReadOnly<z.infer<typeof catalogueEntrySchema>>;

/** Whether a model runs on this laptop: as it is, once it was fitted, or not at all. */
export type VerdictKind = 'fits' | 'fits-with-fit' | 'too-large';

export interface Verdict {
  readonly kind: VerdictKind;
  /** one sentence */
  readonly reason: string;
}

/** What a model takes, in bytes, against what this laptop has. */
export interface Needs {
  /** from the headers of its files; else estimated from the catalogue's own numbers */
  readonly exact: boolean;
  readonly downloadBytes: number;
  readonly disk: {
    /** where models are kept */
    readonly freeBytes: number;
    /** there, when the fit takes most: the download, the result, and Snug's own work where that is on the same disk */
    readonly peakBytes: number;
    /** where Snug works, when that is another disk */
    readonly work: { readonly freeBytes: number; readonly peakBytes: number } | null;
  };
  readonly memory: {
    /** while chatting with it as it was published */
    readonly unfittedBytes: number;
    /** while chatting with it fitted: all layers at the low and at the high rung; null where it cannot be fitted */
    readonly fittedBytes: { readonly least: number; readonly most: number } | null;
    /** while it is fitted: with less, its weights are read from the disk again and again, which takes longer; null where it cannot be */
    readonly fittingBytes: number | null;
    /** what this laptop can spare beside its other programs, and with them closed */
    readonly comfortableBytes: number;
    readonly mostBytes: number;
  };
  /** seconds; null until a download has shown how fast the network is */
  readonly downloadSeconds: number | null;
  /** null where it cannot be fitted */
  readonly fitTime: ExpectedTime | null;
}

/** A model of the catalogue, as far as is known without the network. */
export interface CatalogueItem extends Pick<
  CatalogueEntry,
  | 'id'
  | 'name'
  | 'description'
  | 'repository'
  | 'precisions'
  | 'parameters'
  | 'layers'
  | 'contextTokens'
  | 'pictureTokens'
  | 'licence'
> {
  readonly needs: Needs;
  readonly verdict: Verdict;
  /** that these hold for, and why Snug would take it */
  readonly precision: SourcePrecision;
  readonly why: string;
}

export interface Catalogue {
  readonly items: readonly CatalogueItem[];
  /** the best of them for this laptop; null where none fits */
  readonly recommended: string | null;
  /** whom exact sizes are asked of, as in huggingface.co */
  readonly hub: string;
}

/** A file that could be taken, and what that is for. */
interface OfferedPrecision {
  /** as its name has it: F16, Q8_0, Q4_K_M; its file's name where that says nothing */
  readonly precision: string;
  /** of the download, the vision file included */
  readonly bytes: number;
  /** else it is for chatting as it is */
  readonly mayBeFitted: boolean;
}

export interface OfferedFile {
  readonly path: string;
  readonly role: 'model' | 'part' | 'vision';
  readonly bytes: number;
}

/** What would be downloaded, and what would come of it. */
export interface Offer {
  /** the catalogue's; null for what only has an address */
  readonly id: string | null;
  readonly name: string;
  readonly repository: string;
  /** the commit that the hub showed */
  readonly revision: string;
  /** null where the publisher names none; without words where only its name is known */
  readonly licence: (Omit<Licence, 'words'> & { readonly words: string | null }) | null;
  /** best first */
  readonly choices: readonly OfferedPrecision[];
  readonly precision: string;
  /** why Snug takes this one; null where a person chose it */
  readonly why: string | null;
  readonly parameters: number;
  readonly layers: number;
  readonly contextTokens: number;
  /** whether it comes with a vision file, and so sees pictures */
  readonly sees: boolean;
  readonly needs: Needs;
  readonly verdict: Verdict;
  /** what a person should know: a missing vision file, a licence to be accepted */
  readonly notes: readonly string[];
  /** the model first, then its other parts in order, then its vision file */
  readonly files: readonly OfferedFile[];
}

/** Models to begin with. Nothing is asked of the network before `offer`. */
export interface CatalogueService {
  /** What Snug is known to work with, and whether it would fit, as far as the catalogue's own numbers say. */
  list(argument: Record<string, never>): Promise<Catalogue>;
  /**
   * Asks the hub what a model's files are, reads their headers and says what downloading it would come to; throws with the reason where
   * Snug cannot use it. `address`: as it is pasted: hf.co/owner/name, owner/name:Q8_0.
   */
  offer(argument: {
    id?: string | undefined;
    address?: string | undefined;
    precision?: string | undefined;
  }): Promise<Offer>;
}

export const catalogueArguments = {
  list: z.strictObject({}),
  offer: z
    .strictObject({
      id: z.string().min(1).max(64).optional(),
      address: z.string().min(1).max(2000).optional(),
      precision: z.string().min(1).max(300).optional(),
    })
    .refine(({ id, address }) => (id === undefined) !== (address === undefined), {
      error: 'name a model of the catalogue or an address',
    }),
};
