/** Apps whose models can be found, by what people call them. */
export const FOREIGN_APPS = {
  lmStudio: 'LM Studio',
  ollama: 'Ollama',
  jan: 'Jan',
  llamaCpp: 'llama.cpp',
  huggingFace: 'Hugging Face',
} as const;
export type ForeignAppId = keyof typeof FOREIGN_APPS;

/** A model in another app's folder. Bytes are bytes. */
export interface ForeignModel {
  /** the text model's file; of one that is split its first part */
  readonly path: string;
  /** what its app calls it, else what its file says or is called */
  readonly name: string;
  /** its vision file that fits, as its app or its metadata pair them */
  readonly visionPath: string | null;
  /** of all its files */
  readonly bytes: number;
  /** `quantized`: can be talked to, not fitted; null where `problem` says why nobody knows */
  readonly kind: 'source' | 'fitted' | 'quantized' | null;
  /** the entry that the library already has of it */
  readonly knownAs: string | null;
  /** why it can't be used */
  readonly problem: string | null;
}

/** What one app keeps on this laptop. */
export interface ForeignModels {
  readonly app: ForeignAppId;
  /** the folders that were looked at */
  readonly folders: readonly string[];
  readonly models: readonly ForeignModel[];
  /** it ended before everything was looked at */
  readonly isPartial: boolean;
}

/** `link`: a model stays where it is, and goes when its app deletes it; `copy`: into the folder of the models */
export const ADDING = ['link', 'copy'] as const;
export type Adding = (typeof ADDING)[number];

/** Models being copied into the folder of the models. */
export interface ModelsCopy {
  /** the one that is being copied */
  readonly name: string;
  readonly doneModels: number;
  readonly totalModels: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}
