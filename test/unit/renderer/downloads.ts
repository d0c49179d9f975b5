import type { Download } from '../../../src-main/contract/downloads.ts';

export function download(change: Partial<Download> = {}): Download {
  return {
    id: 'download',
    name: 'Seer 7B',
    repository: 'seer/Seer-7B-GGUF',
    revision: 'main',
    commit: 'c'.repeat(40),
    licence: null,
    files: [{ path: 'seer-f16.gguf', role: 'model', bytes: 1000, doneBytes: 250 }],
    state: 'downloading',
    bytes: 1000,
    doneBytes: 250,
    bytesPerSecond: null,
    secondsLeft: null,
    error: null,
    modelId: null,
    startedAt: '2026-11-20T10:00:00.000Z',
    endedAt: null,
    ...change,
  };
}
