import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { AnswerStatistics, ChatOptions } from '../../src-main/contract/conversation.ts';
import type { FitJob, FitStart } from '../../src-main/contract/fit-job.ts';
import type { StoredDownload } from '../../src-main/store/downloads.ts';
import { openStore, type Store } from '../../src-main/store/database.ts';
import type { NewPicture } from '../../src-main/store/pictures.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const options: ChatOptions = {
  systemPrompt: 'Answer in one sentence.',
  temperature: 0.2,
  contextTokens: 4096,
  maxTokens: 512,
  imageMaxTokens: null,
};

export const statistics: AnswerStatistics = {
  promptTokens: 120,
  reusedTokens: 64,
  answerTokens: 31,
  encodeSeconds: 1.25,
  promptSeconds: 0.5,
  answerSeconds: 3.75,
  contextTokens: 4096,
};

export const answering = { modelId: 'demo', modelName: 'Demo-VL' };

/** A store that is closed when the running test ends. */
export function temporaryStore(folder = temporaryFolder()): Store {
  const store = openStore(folder);
  onTestFinished(() => store.close());
  return store;
}

/** Something that is stored as a picture; its content is the name. */
export function pictureNamed(name: string): NewPicture {
  const bytes = new TextEncoder().encode(`the picture ${name}`);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex'), name, width: 640, height: 480 };
}

export const fitStart: FitStart = {
  modelId: 'demo',
  budgetBytes: 3_000_000_000,
  contextTokens: 4096,
  visionType: 'Q8_0',
  compare: true,
};

export function runningJob(id: string, startedAt = '2026-05-01T10:00:00.000Z'): FitJob {
  return {
    id,
    modelId: fitStart.modelId,
    modelName: 'Demo-VL',
    budgetBytes: fitStart.budgetBytes,
    contextTokens: fitStart.contextTokens,
    state: 'running',
    progress: { stage: 'calibrate', done: 12, total: 80, unit: 'sequences', detail: 'picture 12' },
    share: 0.15,
    secondsLeft: 90.5,
    entropies: [
      { layer: 0, both: 2.5, standardError: 0.02, image: 1.75, text: 3.25 },
      { layer: 1, both: 2, standardError: null, image: null, text: 2 },
    ],
    lowLayers: null,
    error: null,
    report: null,
    outputId: null,
    startedAt,
    endedAt: null,
  };
}

export function storedDownload(id: string, change: Partial<StoredDownload> = {}): StoredDownload {
  return {
    id,
    name: 'Demo-VL 7B',
    repository: 'owner/name',
    revision: 'main',
    commit: 'c'.repeat(40),
    folder: 'owner--name',
    licence: { name: 'Apache-2.0', url: 'https://huggingface.co/owner/name' },
    expectedBytes: 12,
    files: [
      { path: 'Q8_0/model.gguf', role: 'model', bytes: 7, doneBytes: 3 },
      { path: 'mmproj.gguf', role: 'vision', bytes: 5, doneBytes: 5 },
    ],
    state: 'paused',
    error: null,
    modelId: null,
    startedAt: '2026-05-01T10:00:00.000Z',
    endedAt: null,
    ...change,
  };
}
