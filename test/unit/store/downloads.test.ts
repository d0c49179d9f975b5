import { expect, it } from 'vitest';
import { storedDownload, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

it('a download is read back as it was saved last, over a restart', () => {
  const folder = temporaryFolder();
  const store = temporaryStore(folder);
  const begun = storedDownload('one', { commit: null, folder: null, licence: null, expectedBytes: null });
  store.downloads.save(begun);
  expect(store.downloads.get('one')).toEqual(begun);
  const failed = storedDownload('one', {
    state: 'failed',
    licence: null,
    expectedBytes: null,
    error: { name: 'SnugError', code: 'DISK_FULL', message: 'the disk is full', advice: 'Free some space.' },
    modelId: 'm',
    endedAt: '2026-05-01T11:00:00.000Z',
  });
  store.downloads.save(failed);
  store.close();
  expect(temporaryStore(folder).downloads.list()).toEqual([failed]);
});

it('downloads are listed in the order they were started, and gone once removed', () => {
  const { downloads } = temporaryStore();
  for (const id of ['c', 'a', 'b']) downloads.save(storedDownload(id));
  downloads.save(storedDownload('c', { state: 'done' }));
  expect(downloads.list().map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  downloads.remove('a');
  expect(downloads.list().map(({ id }) => id)).toEqual(['c', 'b']);
  expect(thrown(() => downloads.get('a')).code).toBe('NOT_FOUND');
});
