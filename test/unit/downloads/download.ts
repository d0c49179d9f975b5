import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { AS_USUAL } from '../../../src-main/files/private-files.ts';
import { hashFile } from '../../../src-main/files/hash.ts';
import {
  downloadFile,
  type DownloadAsked,
  type DownloadNotice,
} from '../../../src-main/downloads/download-file.ts';
import type { DownloadProgress } from '../../../src-main/downloads/progress-meter.ts';
import { LONG_PATIENCE, type RetryPolicy } from '../../../src-main/downloads/retry.ts';
import { sha256Of, type Content } from '../../helpers/hub/content.ts';
import { TestHub } from '../../helpers/hub/test-hub.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { clientOf } from './hub-client.ts';

export const repository = 'maker/model-GGUF';
export const path = 'model-F16.gguf';

/** As patient as Snug is, and much quicker. */
export const QUICKLY: RetryPolicy = { ...LONG_PATIENCE, firstMilliseconds: 2, mostMilliseconds: 20 };

/** A hub with one model, and a place for it. */
export async function downloadOf(content: Content) {
  const hub = await TestHub.untilTestEnds();
  hub.put(repository, { files: { [path]: content } });
  const to = join(temporaryFolder(), 'models', 'model.gguf');
  const notices: DownloadNotice[] = [];
  const progress: DownloadProgress[] = [];
  const client = clientOf(hub);
  const start = (changed: Partial<DownloadAsked> = {}) =>
    downloadFile({
      hub: client,
      file: { repository, revision: 'main', path },
      to,
      modes: AS_USUAL,
      patience: QUICKLY,
      onNotice: (notice) => notices.push(notice),
      onProgress: (told) => progress.push(told),
      ...changed,
    });
  return {
    hub,
    to,
    notices,
    progress,
    start,
    /** what was sent beyond what is needed, the first byte that is asked for by itself at each start among it */
    sentTwice: () => hub.bytesSent(path) - content.bytes,
    leftovers: () =>
      (existsSync(dirname(to)) ? readdirSync(dirname(to)) : []).filter((name) => name !== 'model.gguf'),
    expectWhole: async () => {
      expect(await hashFile(to)).toBe(sha256Of(content));
      expect(readdirSync(dirname(to))).toEqual(['model.gguf']);
    },
  };
}
