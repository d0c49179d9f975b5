import { metadataString, type Gguf } from '../gguf/gguf.ts';

/** Where a model came from, as far as its file says: converters write it, and a fit keeps it. */
export interface Origin {
  readonly repository: string | undefined;
  readonly licence: string | undefined;
  readonly licenceLink: string | undefined;
}

// names of the GGUF specification, the nearest origin first
const REPOSITORIES = [
  'general.source.repo_url',
  'general.source.url',
  'general.repo_url',
  'general.source.huggingface.repository',
  'general.base_model.0.repo_url',
];

export function originOf(gguf: Gguf): Origin {
  const named = (...keys: readonly string[]) =>
    keys.map((key) => metadataString(gguf, key)?.trim()).find((value) => value);
  return {
    repository: named(...REPOSITORIES),
    licence: named('general.license.name', 'general.license'),
    licenceLink: named('general.license.link'),
  };
}
