import type { PairFacts } from '../contract/export.ts';
import type { ModelSource } from '../contract/model-source.ts';

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

/** What the download noted; else what the file says, which converters write and a fit keeps. */
export function originOf(facts: PairFacts, downloaded: ModelSource | undefined): Origin {
  const { hub, repository, commit, files = [], licence } = downloaded ?? {};
  return {
    repository: repository === undefined ? (facts.repository ?? undefined) : `${hub}/${repository}`,
    commit,
    files: files.map(({ path }) => path),
    licence: licence?.name ?? facts.licence ?? undefined,
    licenceLink: licence?.url ?? facts.licenceLink ?? undefined,
  };
}
