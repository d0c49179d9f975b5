import { expect, it, vi } from 'vitest';
import { ChatHost } from '../../../src-main/chat/host.ts';
import type { ChatEvent } from '../../../src-main/contract/chat.ts';
import type { Addon, OpenModelOptions } from '../../../src-main/engine/native-types.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { fakeModel } from '../../helpers/fake-model.ts';
import { writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const opened: OpenModelOptions[] = [];
const fake = {
  AbortFlag: class {
    set(): void {
      throw new Error('nobody cancels here');
    }
  },
  Chat: class {
    close(): void {
      // holds nothing
    }
  },
  openModel: (options: OpenModelOptions) => {
    opened.push(options);
    const memory = () => Promise.resolve({ weightsBytes: 0, kvCacheBytes: 1000, computeBytes: 100 });
    return Promise.resolve({ ...fakeModel(), memory, close: () => undefined });
  },
  canMap: () => true,
} as unknown as Addon;
const backends = { devices: [], ownKernelTypes: [] as number[] };
vi.mock('../../../src-main/engine/addon.ts', async (original) => ({
  ...(await original<object>()),
  loadAddon: () => ({ addon: fake, backends }),
}));

it.each([
  [{}, 0],
  [{ gpuLayers: undefined }, 0],
  [{ gpuLayers: 0 }, 0],
  [{ gpuLayers: 12 }, 12],
])('a request with %j opens the model with %d layers on a graphics processor', async (asked, gpuLayers) => {
  opened.length = 0;
  const host = new ChatHost();
  const modelPath = writeTextModel(temporaryFolder());
  await host.open({ modelPath, contextTokens: 512, threads: 1, ...asked });
  host.close();
  expect(opened.filter(({ metadataOnly }) => !metadataOnly)).toMatchObject([{ path: modelPath, gpuLayers }]);
});

it('what a model takes in memory is told with it', async () => {
  const host = new ChatHost();
  const modelPath = writeTextModel(temporaryFolder());
  const { memoryBytes } = await host.open({ modelPath, contextTokens: 512, threads: 1 });
  host.close();
  // the context and its scratch, and weights that are smaller than that
  expect(memoryBytes).toBeGreaterThan(1100);
  expect(memoryBytes).toBeLessThan(20_000);
});

it('a model that is opened to count is opened without its weights, and answers nothing', async () => {
  opened.length = 0;
  const host = new ChatHost();
  const modelPath = writeTextModel(temporaryFolder());
  await host.openToCount({ modelPath, contextTokens: 512, threads: 1 });
  expect(opened).toMatchObject([{ path: modelPath, metadataOnly: true }]);
  host.close();
});

it.each([
  [['IQ1_M'], []],
  [
    ['IQ1_M', 'F16'],
    [{ kind: 'note', text: expect.stringMatching(/llama\.cpp's kernels multiply with F16, /) as string }],
  ],
])('with kernels of our own for %j a model of F16 that stays in its file says %j', async (types, said) => {
  backends.ownKernelTypes = types.map(tensorTypeId);
  const host = new ChatHost();
  const events: ChatEvent[] = [];
  const modelPath = writeTextModel(temporaryFolder());
  await host.open({ modelPath, contextTokens: 512, threads: 1 }, { onEvent: (event) => events.push(event) });
  host.close();
  backends.ownKernelTypes = [];
  expect(events.filter(({ kind }) => kind === 'note')).toEqual(said);
});
