import type { Download } from '../../../src-main/contract/downloads.ts';
import { MiB } from './fake-bridge.ts';

export function download(change: Partial<Download> = {}): Download {
  return {
    id: 'd',
    name: 'Demo-VL',
    repository: 'owner/name',
    revision: 'main',
    commit: null,
    licence: null,
    files: [],
    state: 'downloading',
    bytes: 200 * MiB,
    doneBytes: 50 * MiB,
    bytesPerSecond: null,
    secondsLeft: null,
    error: null,
    modelId: null,
    startedAt: '2026-05-01T10:00:00.000Z',
    endedAt: null,
    ...change,
  };
}
