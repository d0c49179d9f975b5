import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src-main/contract/settings.ts';
import type { WorkerPort } from '../../../src-main/engine/worker-port.ts';
import type { FromWorker, ToWorker } from '../../../src-main/engine/worker-protocol.ts';
import { Comparison } from '../../../src-main/services/compare.ts';

/** A worker that keeps what it was asked, refuses it, and ends when told to. */
function refusingWorker(asked: ToWorker[]): WorkerPort {
  let tell: (message: FromWorker) => void = () => undefined;
  let end: (code: number | null, signal: string | null) => void = () => undefined;
  return {
    post: (message) => {
      asked.push(message);
      if (message.kind === 'close') end(0, null);
      if (message.kind !== 'call') return;
      tell({
        kind: 'error',
        id: message.id,
        error: { name: 'SnugError', code: 'MODEL_LOAD', message: 'no' },
      });
    },
    onMessage: (listener) => (tell = listener),
    onExit: (listener) => (end = listener),
    kill: () => end(null, 'SIGKILL'),
    lastWords: () => '',
  };
}

it.each([
  [null, undefined],
  [12, 12],
])('with %j layers on a graphics processor in the settings asks for %s', async (chosen, wanted) => {
  const asked: ToWorker[] = [];
  const settings = { ...DEFAULT_SETTINGS, gpuLayers: chosen };
  const model = { id: 'demo', name: 'Demo-VL', path: '/demo.gguf', mmprojPath: undefined, builtIn: false };
  const question = {
    text: 'Hello?',
    pictures: [],
    files: [],
    threads: 1,
    settings,
    isLoadedAnyway: () => false,
  };
  await new Comparison([model], question, () => undefined).run('chat', () => refusingWorker(asked));
  const [call] = asked;
  if (call?.kind !== 'call') throw new Error('nothing was asked');
  expect(call.argument).toHaveProperty('modelPath', '/demo.gguf');
  expect((call.argument as { gpuLayers?: number }).gpuLayers).toBe(wanted);
});
