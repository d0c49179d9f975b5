import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src-main/contract/settings.ts';
import type { chatContract } from '../../../src-main/contract/workers/chat.ts';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { SideBySideRun } from '../../../src-main/services/side-by-side-run.ts';
import { FakeWorkers, type FakeCall } from '../../helpers/fake-workers.ts';

it.each([
  [null, undefined],
  [12, 12],
])('with %j layers on a graphics processor in the settings asks for %s', async (chosen, wanted) => {
  const asked: FakeCall<typeof chatContract>[] = [];
  const workers = new FakeWorkers<typeof chatContract>((call) => {
    asked.push(call);
    throw new SnugError('MODEL_LOAD', 'no');
  });
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
  await new SideBySideRun([model], question, () => undefined).run(workers.start);
  const [call] = asked;
  if (call?.method !== 'askOnce') throw new Error('nothing was asked');
  expect(call.argument.modelPath).toBe('/demo.gguf');
  expect(call.argument.gpuLayers).toBe(wanted);
  expect(workers.alive).toEqual([]);
});
