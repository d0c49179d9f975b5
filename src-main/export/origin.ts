import type { ModelSource } from '../contract/model-source.ts';
import { metadataString, type Gguf } from '../gguf/gguf.ts';

/** Where a model came from, as far as that is known. */
export interface Origin {
  readonly repository: string | undefined;
  /** of the repository, when it was downloaded */
  readonly commit: string | undefined;
  /** files of the repository */
  readonly files: readonly string[];
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

/** What the download noted; else what the file says, which converters write and a fit keeps. */
export function originOf(gguf: Gguf, downloaded: ModelSource | undefined): Origin {
  const named = (...keys: readonly string[]) =>
    keys.map((key) => metadataString(gguf, key)?.trim()).find((value) => value);
  const { hub, repository, commit, files = [], licence } = downloaded ?? {};
  return {
    repository: repository === undefined ? named(...REPOSITORIES) : `${hub}/${repository}`,
    commit,
    files: files.map(({ path }) => path),
    licence: licence?.name ?? named('general.license.name', 'general.license'),
    licenceLink: licence?.url ?? named('general.license.link'),
  };
}
