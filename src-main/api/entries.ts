import { join } from 'node:path';

const source = join(import.meta.dirname, '..');

/** Where the worker processes start. */
export const workerEntries = {
  compress: join(source, 'compress-worker.ts'),
  chat: join(source, 'chat-worker.ts'),
};

export const demoModel = join(source, '..', 'resources', 'demo-model', 'demo-vl-f16.gguf');
