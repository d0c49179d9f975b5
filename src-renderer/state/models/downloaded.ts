import type { Download } from '../../../src-main/contract/downloads.ts';
import type { AppState } from '../app/app.svelte.ts';

/** What became of a model of the hub here, and what can be done with it. */
export interface Downloaded {
  /** the newest of its repository, while that is on the list */
  readonly download: Download | undefined;
  readonly onfit: (() => void) | null;
  readonly onchat: (() => void) | null;
}

export function downloadedFrom(app: AppState, repository: string): Downloaded {
  const download = app.downloads.list.findLast(
    (one) => one.repository.toLowerCase() === repository.toLowerCase(),
  );
  const model = app.modelById(download?.modelId ?? null);
  if (model === null || model.problem !== null) return { download, onfit: null, onchat: null };
  return {
    download,
    onfit: model.kind === 'source' ? () => app.navigate('fit', model.id) : null,
    onchat: () => void app.newChat(model.id),
  };
}
